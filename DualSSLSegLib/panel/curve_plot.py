"""The learning curves: the loss above, the overlap of every structure below, painted in the colours of the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.loop.run_words import Curve
from DualSSLSegLib.panel.plot_legend import Entry, Legend
from DualSSLSegLib.panel.plot_scale import Scale, readable_on, thinned, tick_text, tick_values, upper_end

_CHART_HEIGHT = 92
_TOP, _GAP, _RIGHT = 6, 14, 12
_UNDER_NAME = 10  # pixels between the name of a chart and its highest tick
_MOST_POINTS = 240
_FEW_POINTS = 12  # below, every measurement gets a dot of its own


class CurvePlot(qt.QWidget):
    """Pointing at the plot, or the arrow keys, move a reading line; the legend shows the values there, else the
    newest ones. Structures have their colours of the study, and each line a style of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.curves: list[Curve] = []
        self._colors: dict[str, str] = {}
        self._step: float | None = None  # of the reading line
        self._x = Scale(0.0, 1.0, 0.0, 1.0)
        self._legend = Legend([])
        self.setMouseTracking(True)
        self.setFocusPolicy(qt.Qt.StrongFocus)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self.setAccessibleName(_("Learning curves"))
        self.setToolTip(_("Point at the plot, or press the left and right arrow keys, to read values."))
        self._fit()

    def show_curves(self, curves: Sequence[Curve], colors: Mapping[str, str]) -> None:
        """Paint these curves; `colors` are "#rrggbb" by name of structure."""
        if list(curves) == self.curves and dict(colors) == self._colors:
            return
        self.curves, self._colors = list(curves), dict(colors)
        self._fit()
        self.setAccessibleDescription("; ".join(self._legend_texts()))
        self.update()

    @property
    def reading(self) -> float | None:
        """The step of the reading line, None when there is none."""
        return self._step

    def read_at(self, step: float | None) -> None:
        """Put the reading line on the measured step nearest to `step`; None takes it away."""
        steps = self._steps()
        self._step = None if step is None or not steps else min(steps, key=lambda other: abs(other - step))
        self.setAccessibleDescription("; ".join(self._legend_texts()))
        self.update()

    # --- what Qt calls ------------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:
        painter = qt.QPainter(self)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        try:
            if self.curves:
                self._paint(painter)
            else:
                self._paint_nothing(painter)
        finally:
            painter.end()

    def resizeEvent(self, event: Any) -> None:
        self._fit()

    def mouseMoveEvent(self, event: Any) -> None:
        place = event.position() if hasattr(event, "position") else event.pos()  # Qt 6, Qt 5
        width = self._x.last - self._x.first
        share = (place.x() - self._x.first) / width if width > 0 else 0.0
        self.read_at(self._x.low + share * (self._x.high - self._x.low))

    def leaveEvent(self, event: Any) -> None:
        self.read_at(None)

    def keyPressEvent(self, event: Any) -> None:
        moves = {qt.Qt.Key_Left: -1, qt.Qt.Key_Right: 1}
        steps = self._steps()
        key = event.key()
        if key == qt.Qt.Key_Escape and self._step is not None:
            self.read_at(None)
        elif key in moves and steps:
            at = steps.index(self._step) if self._step in steps else len(steps) - 1 - moves[key]
            self.read_at(steps[min(len(steps) - 1, max(0, at + moves[key]))])
        else:
            event.ignore()

    # --- drawing ------------------------------------------------------------------------------------------

    def _charts(self) -> list[tuple[str, list[Curve]]]:
        """The charts from top to bottom with what their vertical axis says."""
        losses = [curve for curve in self.curves if curve.kind == "loss"]
        overlaps = [curve for curve in self.curves if curve.kind != "loss"]
        found = [(_("Loss (lower is better)"), losses)] if losses else []
        if overlaps:
            validated = any(curve.kind == "dice" for curve in overlaps)
            words = (
                _("Dice on validation scans (higher is better)")
                if validated
                else _("Agreement of the two networks (no validation scans yet)")
            )
            found.append((words, overlaps))
        return found

    def _steps(self) -> list[float]:
        return sorted({step for curve in self.curves for step, _value in curve.points})

    def _fit(self) -> None:
        """Take the height that charts and legend need at this width."""
        metrics = self.fontMetrics()
        self._legend = Legend([entry for entry, _curve in self._entries()])
        legend = self._legend.height(metrics, self.rect.width() - _RIGHT)
        line = metrics.height()
        charts = len(self._charts())
        below = 2 * line + 10 + legend  # texts of the ticks, name of the axis, legend
        needed = _TOP + charts * (_CHART_HEIGHT + line + _UNDER_NAME) + max(0, charts - 1) * _GAP + below
        self.setFixedHeight(int(needed) if charts else 3 * line)

    def _paint_nothing(self, painter: Any) -> None:
        painter.setPen(self.palette.color(qt.QPalette.Disabled, qt.QPalette.WindowText))
        text = _("The learning curves appear here after the first steps.")
        metrics = self.fontMetrics()
        left = max(0, (self.rect.width() - metrics.horizontalAdvance(text)) // 2)
        painter.drawText(int(left), int(2 * metrics.height()), text)

    def _paint(self, painter: Any) -> None:
        metrics = self.fontMetrics()
        line = metrics.height()
        left = metrics.horizontalAdvance("0.00") + 10
        right = self.rect.width() - _RIGHT
        steps = self._steps()
        self._x = Scale(0.0, max(steps[-1], 1.0), left, right)
        top = _TOP
        bottom = top
        for words, curves in self._charts():
            painter.setPen(self.palette.color(qt.QPalette.WindowText))
            shown = metrics.elidedText(words, qt.Qt.ElideRight, int(right))
            painter.drawText(0, int(top + metrics.ascent()), shown)
            upper = top + line + _UNDER_NAME
            bottom = upper + _CHART_HEIGHT
            values = [value for curve in curves for _step, value in curve.points]
            high = upper_end(values) if curves[0].kind == "loss" else 1.0
            y = Scale(min(0.0, *values), high, bottom, upper)
            self._paint_grid(painter, y, right)
            for entry, curve in self._entries():
                if curve in curves:
                    self._paint_curve(painter, curve, entry, y)
            top = bottom + _GAP
        self._paint_steps(painter, bottom, right)
        self._legend.paint(painter, metrics, int(bottom + 2 * line + 10), int(right), self._legend_texts())

    def _paint_grid(self, painter: Any, y: Scale, right: float) -> None:
        metrics = self.fontMetrics()
        text, grid = (
            self.palette.color(qt.QPalette.WindowText),
            qt.QColor(self.palette.color(qt.QPalette.WindowText)),
        )
        grid.setAlpha(45)
        for value in tick_values(y.low, y.high, 4):
            at = y.place(value)
            painter.setPen(qt.QPen(grid))
            painter.drawLine(int(self._x.first), int(at), int(right), int(at))
            words = tick_text(value)
            painter.setPen(text)
            painter.drawText(
                int(self._x.first - 6 - metrics.horizontalAdvance(words)),
                int(at + metrics.ascent() / 2 - 1),
                words,
            )
        if self._step is not None:
            at = self._x.place(self._step)
            painter.setPen(qt.QPen(text))
            painter.drawLine(int(at), int(y.last), int(at), int(y.first))

    def _paint_steps(self, painter: Any, bottom: float, right: float) -> None:
        metrics = self.fontMetrics()
        painter.setPen(self.palette.color(qt.QPalette.WindowText))
        painter.drawLine(int(self._x.first), int(bottom), int(right), int(bottom))
        for value in tick_values(self._x.low, self._x.high, 5):
            at, words = self._x.place(value), tick_text(value)
            painter.drawLine(int(at), int(bottom), int(at), int(bottom) + 4)
            width = metrics.horizontalAdvance(words)
            left = min(at - width / 2, self.rect.width() - width)
            painter.drawText(int(left), int(bottom + 6 + metrics.ascent()), words)
        name = _("Training step")
        if self._step is not None:
            name = _("Training step {step}").format(step=int(self._step))
        left = (self._x.first + right - metrics.horizontalAdvance(name)) / 2
        painter.drawText(int(left), int(bottom + 6 + metrics.height() + metrics.ascent()), name)

    def _paint_curve(self, painter: Any, curve: Curve, entry: Entry, y: Scale) -> None:
        painter.setPen(entry.pen())
        points = [
            (self._x.place(step), y.place(value)) for step, value in thinned(curve.points, _MOST_POINTS)
        ]
        path = qt.QPainterPath()
        path.moveTo(*points[0])
        for place in points[1:]:
            path.lineTo(*place)
        painter.drawPath(path)
        marked = points if len(points) <= _FEW_POINTS else []
        if self._step is not None:
            value = _value_at(curve, self._step)
            marked = [(self._x.place(self._step), y.place(value))] if value is not None else []
        painter.setPen(qt.QPen(entry.color))
        painter.setBrush(qt.QBrush(entry.color))
        for x_place, y_place in marked:
            painter.drawEllipse(int(x_place) - 2, int(y_place) - 2, 5, 5)
        painter.setBrush(qt.QBrush())

    def _entries(self) -> list[tuple[Entry, Curve]]:
        """Every curve with its colour and line style, the loss in the colour of the text."""
        ground = self.palette.color(qt.QPalette.Window)
        text = self.palette.color(qt.QPalette.WindowText)
        found: list[tuple[Entry, Curve]] = []
        for curve in self.curves:
            color = text
            if curve.kind != "loss" and curve.name in self._colors:
                own = qt.QColor(self._colors[curve.name])
                parts = (own.red(), own.green(), own.blue())
                color = qt.QColor(*readable_on(parts, (ground.red(), ground.green(), ground.blue())))
            style = sum(1 for _entry, other in found if other.kind != "loss")
            name = _("loss") if curve.kind == "loss" else curve.name
            found.append((Entry(name, color, style), curve))
        return found

    def _legend_texts(self) -> list[str]:
        """Name and value of every curve, at the reading line or the newest."""
        texts = []
        for entry, curve in self._entries():
            value = curve.points[-1][1] if self._step is None else _value_at(curve, self._step)
            texts.append(entry.name if value is None else f"{entry.name} {value:.2f}")
        return texts


def _value_at(curve: Curve, step: float) -> float | None:
    """The newest value that was known at a step; None before the first."""
    known = [value for at, value in curve.points if at <= step]
    return known[-1] if known else None
