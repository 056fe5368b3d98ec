"""The state of a case as a word and as a small mark, told apart by shape and not by colour."""

from __future__ import annotations

from typing import Any

import qt
from slicer.i18n import tr as _

_SIZE = 16
_SHARP = 2  # pixels per point, for screens of high density


def state_word(state: str) -> str:
    """The word a person reads for a state of study/status.py."""
    return {
        "new": _("new"),
        "predicted": _("predicted"),
        "in_progress": _("in progress"),
        "labelled": _("labelled"),
        "reviewed": _("reviewed"),
        "failed": _("failed"),
    }.get(state, state)


class StateMarks:
    """Icons of the states in the text colours of a palette; each is drawn once."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, str], Any] = {}

    def icon(self, state: str, palette: Any) -> Any:
        """The QIcon of a state for widgets of this palette (light or dark)."""
        color, selected = palette.color(qt.QPalette.Text), palette.color(qt.QPalette.HighlightedText)
        key = (state, color.name() + selected.name())
        if key not in self._drawn:
            icon = qt.QIcon(_drawn(state, color))
            icon.addPixmap(_drawn(state, selected), qt.QIcon.Selected)
            self._drawn[key] = icon
        return self._drawn[key]


def _drawn(state: str, color: Any) -> Any:
    pixmap = qt.QPixmap(_SIZE * _SHARP, _SIZE * _SHARP)
    pixmap.setDevicePixelRatio(_SHARP)
    pixmap.fill(qt.QColor(0, 0, 0, 0))
    painter = qt.QPainter(pixmap)
    painter.setRenderHint(qt.QPainter.Antialiasing, True)
    pen = qt.QPen(color)
    pen.setWidthF(1.6)
    pen.setCapStyle(qt.Qt.RoundCap)
    painter.setPen(pen)
    _DRAW.get(state, _circle)(painter, color)
    painter.end()
    return pixmap


def _circle(painter: Any, color: Any) -> None:
    painter.drawEllipse(3, 3, 10, 10)


def _half_circle(painter: Any, color: Any) -> None:
    painter.drawEllipse(3, 3, 10, 10)
    painter.setBrush(qt.QBrush(color))
    painter.drawChord(3, 3, 10, 10, 90 * 16, 180 * 16)


def _disc(painter: Any, color: Any) -> None:
    painter.setBrush(qt.QBrush(color))
    painter.drawEllipse(3, 3, 10, 10)


def _pencil(painter: Any, color: Any) -> None:
    painter.drawLine(4, 12, 12, 4)
    painter.drawLine(3, 13, 6, 13)
    painter.drawLine(10, 3, 13, 6)


def _tick(painter: Any, color: Any) -> None:
    painter.drawLine(3, 8, 6, 12)
    painter.drawLine(6, 12, 13, 4)


def _cross(painter: Any, color: Any) -> None:
    painter.drawLine(4, 4, 12, 12)
    painter.drawLine(12, 4, 4, 12)


_DRAW = {
    "new": _circle,
    "predicted": _half_circle,
    "in_progress": _pencil,
    "labelled": _disc,
    "reviewed": _tick,
    "failed": _cross,
}
