"""The legend of a plot: samples of the lines with their names, in as many rows as the width needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import qt

_SAMPLE, _SPACE = 30, 16
_WIDEST_VALUE = " 0.00"


@dataclass(frozen=True)
class Entry:
    """One line: its name, its colour and the number of its style, by which it is known without colours."""

    name: str
    color: Any  # QColor
    style: int

    def pen(self) -> Any:
        """The QPen that draws the line."""
        styles = (qt.Qt.SolidLine, qt.Qt.DashLine, qt.Qt.DotLine, qt.Qt.DashDotLine, qt.Qt.DashDotDotLine)
        pen = qt.QPen(self.color)
        pen.setWidthF(2.0)
        pen.setStyle(styles[self.style % len(styles)])
        return pen


class Legend:
    """Lays the entries out; long names are shortened at the end of a row."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = list(entries)

    def height(self, metrics: Any, width: float) -> int:
        """Pixels that all rows need."""
        return len(self._rows(metrics, width)) * (metrics.height() + 3)

    def paint(self, painter: Any, metrics: Any, top: int, width: int, texts: Sequence[str]) -> None:
        """Paint the entries with these texts (name and value) below `top`."""
        ground = painter.pen().color()
        for row in self._rows(metrics, width):
            left = 0
            for number in row:
                entry = self.entries[number]
                painter.setPen(entry.pen())
                middle = top + metrics.height() // 2
                painter.drawLine(left, middle, left + _SAMPLE, middle)
                painter.setPen(qt.QPen(ground))
                room = max(20, width - left - _SAMPLE - 6)
                text = metrics.elidedText(texts[number], qt.Qt.ElideMiddle, room)
                painter.drawText(left + _SAMPLE + 6, top + metrics.ascent(), text)
                left += self._width(metrics, entry)
            top += metrics.height() + 3

    def _rows(self, metrics: Any, width: float) -> list[list[int]]:
        rows: list[list[int]] = []
        left = 0
        for number, entry in enumerate(self.entries):
            needed = self._width(metrics, entry)
            if not rows or left + needed - _SPACE > width:
                rows.append([])
                left = 0
            rows[-1].append(number)
            left += needed
        return rows

    @staticmethod
    def _width(metrics: Any, entry: Entry) -> int:
        return _SAMPLE + 6 + metrics.horizontalAdvance(entry.name + _WIDEST_VALUE) + _SPACE
