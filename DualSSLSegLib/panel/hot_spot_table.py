"""The uncertain places of a prediction: one row each, largest first; choosing a row leads there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.loop.hot_spot_list import ListedHotSpot

_SEEN, _WHERE, _SIZE, _PEAK = range(4)
_MOST_ROWS_SHOWN = 5
_TICK = "✓"


class HotSpotTable:
    """Behaviour of a QTableWidget. `chosen` is called with the number of the place whose row is clicked, or reached
    with the arrow keys."""

    def __init__(self, table: Any, chosen: Callable[[int], None]) -> None:
        self.table = table
        self._chosen = chosen
        self._spots: list[ListedHotSpot] = []
        self._filling = False
        table.setColumnCount(4)
        table.setHorizontalHeaderLabels([_("Seen"), _("Where"), _("Size"), _("Peak")])
        header = table.horizontalHeader()
        for column in (_SEEN, _SIZE, _PEAK):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(_WHERE, qt.QHeaderView.Stretch)
        header.setHighlightSections(False)
        table.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.verticalHeader().hide()
        helps = (
            _("Ticked when you have been there"),
            _("What is uncertain"),
            _("Volume of the uncertain place"),
            _("Highest uncertainty there, from 0 to 1"),
        )
        for column, words in enumerate(helps):
            table.horizontalHeaderItem(column).setToolTip(words)
        # the arrow keys lead there, too, and a click on the current row leads back to its place
        table.connect("cellClicked(int,int)", lambda row, *_arguments: self._go(row))
        table.connect("currentCellChanged(int,int,int,int)", self._moved)

    def show(self, spots: Sequence[ListedHotSpot], current: int | None) -> None:
        """Show the places; `current` is the number of the one that is on screen."""
        spots = list(spots)
        self._filling = True
        if [(spot.number, spot.sentence) for spot in spots] != [(s.number, s.sentence) for s in self._spots]:
            self._fill(spots)
        for row, spot in enumerate(spots):
            self.table.item(row, _SEEN).setText(_TICK if spot.seen else "")
            self.table.item(row, _SEEN).setToolTip(_("seen") if spot.seen else _("not seen yet"))
        self._spots = spots
        row = next((row for row, spot in enumerate(spots) if spot.number == current), -1)
        if row >= 0 and row != self.table.currentRow():
            self.table.selectRow(row)
            self.table.scrollToItem(self.table.item(row, _WHERE))
        elif row < 0:
            self.table.clearSelection()
        self._filling = False

    def _fill(self, spots: list[ListedHotSpot]) -> None:
        self.table.setRowCount(len(spots))
        for row, spot in enumerate(spots):
            texts = {
                _SEEN: "",
                _WHERE: spot.where[:1].upper() + spot.where[1:],
                _SIZE: volume_words(spot.volume_mm3),
                _PEAK: f"{spot.peak:.2f}",
            }
            for column, text in texts.items():
                item = qt.QTableWidgetItem(text)
                item.setToolTip(spot.sentence)
                if column in (_SIZE, _PEAK):
                    item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                elif column == _SEEN:
                    item.setTextAlignment(qt.Qt.AlignCenter)
                self.table.setItem(row, column, item)
        line = self.table.fontMetrics().height()
        rows = min(len(spots), _MOST_ROWS_SHOWN) * (2 * line + 8)  # sentences mostly take two lines
        self.table.setFixedHeight(int(line + 12 + rows))

    def _moved(self, row: int, _column: int, before: int, *_arguments: Any) -> None:
        if not self._filling and row != before:
            self._go(row)

    def _go(self, row: int) -> None:
        if 0 <= row < len(self._spots):
            self._chosen(self._spots[row].number)


def volume_words(volume_mm3: float) -> str:
    """Such as "340 mm³" or "2.1 ml"."""
    if volume_mm3 < 1000:
        return _("{volume} mm³").format(volume=round(volume_mm3))
    return _("{volume} ml").format(volume=f"{volume_mm3 / 1000:.1f}")
