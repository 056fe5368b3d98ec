"""The table of cases: filter, sort, open. It keeps the chosen case over refreshes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.loop.case_table import COLUMNS, CaseRow, chosen, ordered
from DualSSLSegLib.panel.case_table_model import CaseTableModel
from DualSSLSegLib.panel.state_marks import StateMarks, state_word
from DualSSLSegLib.study.status import STATES

_TYPING_PAUSE_MS = 150
_AS_GIVEN = COLUMNS[
    0
]  # the study hands its cases over in natural order; finding it again for 10,000 takes too long
_WIDTHS = (118, 98, 80, 50)  # of all columns but the last, which takes what is left


class CaseTable:
    """Behaviour of a QTableView, a filter line, a combo box of states and a line of counts.

    `opened` is called with the id of the case that is double-clicked or chosen with Enter.
    """

    def __init__(
        self, view: Any, filter_edit: Any, state_combo: Any, counts_label: Any, opened: Callable[[str], None]
    ) -> None:
        self.view, self.filter_edit, self.state_combo = view, filter_edit, state_combo
        self._counts_label, self._opened = counts_label, opened
        self._rows: list[CaseRow] = []
        self._column, self._descending = COLUMNS[0], False
        self._wanted: str | None = None
        self._filling = False
        self.model = CaseTableModel(view)
        self._marks = StateMarks()
        view.setModel(self.model)
        self._selection = view.selectionModel()
        self._header = view.horizontalHeader()
        self._set_up_header()
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(_TYPING_PAUSE_MS)
        self._shortcuts = [qt.QShortcut(qt.QKeySequence(key), view) for key in ("Return", "Enter")]
        for shortcut in self._shortcuts:
            shortcut.setContext(qt.Qt.WidgetShortcut)
            shortcut.activated.connect(self.open_current)
        self._fill_states({})
        self._pause.timeout.connect(self._arrange)
        filter_edit.textChanged.connect(lambda *_arguments: self._pause.start())
        state_combo.connect("currentIndexChanged(int)", self._state_chosen)
        view.doubleClicked.connect(lambda index: self._open_row(index.row()))
        self._selection.currentRowChanged.connect(self._row_chosen)
        self._header.sectionClicked.connect(self.sort_by)

    @property
    def current(self) -> str | None:
        """The chosen case, or None."""
        row = self.view.currentIndex().row()
        return self.model.rows[row].id if 0 <= row < len(self.model.rows) else None

    def set_rows(self, rows: Sequence[CaseRow], counts: Mapping[str, int]) -> None:
        """Show the cases as they stand now."""
        self._rows = list(rows)
        self._fill_states(counts)
        self._counts_label.text = counts_words(counts)
        self._arrange()

    def choose(self, case_id: str | None) -> None:
        """Choose the row of a case, where it is shown."""
        self._wanted = case_id
        self._show_wanted()

    def open_current(self) -> None:
        """Open the chosen case."""
        self._open_row(self.view.currentIndex().row())

    def sort_by(self, section: int) -> None:
        """Sort by a column; a second time turns the order round."""
        column = COLUMNS[section]
        self._descending = column == self._column and not self._descending
        self._column = column
        order = qt.Qt.DescendingOrder if self._descending else qt.Qt.AscendingOrder
        self._header.setSortIndicator(section, order)
        self._arrange()

    def close(self) -> None:
        """Stop the timer."""
        self._pause.stop()

    def _set_up_header(self) -> None:
        header = self._header
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(0, qt.Qt.AscendingOrder)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(30)
        for section, width in enumerate(_WIDTHS):
            self.view.setColumnWidth(section, width)
        header.setSectionResizeMode(len(_WIDTHS), qt.QHeaderView.Stretch)
        vertical = self.view.verticalHeader()
        vertical.hide()
        vertical.setDefaultSectionSize(self.view.fontMetrics().height() + 6)

    def _fill_states(self, counts: Mapping[str, int]) -> None:
        """The states one can filter for; the choice stays."""
        words = [_("all states")]
        words += [f"{state_word(state)} ({counts.get(state, 0)})" for state in STATES]
        self._filling = True
        if self.state_combo.count == 0:
            for word, state in zip(words, ("", *STATES), strict=True):
                self.state_combo.addItem(word, state)
        for row, word in enumerate(words):
            self.state_combo.setItemText(row, word)
        for row, state in enumerate(STATES, 1):
            self.state_combo.setItemIcon(row, self._marks.icon(state, self.view.palette))
        self._filling = False

    def _state_chosen(self, *_arguments: Any) -> None:
        if not self._filling:
            self._arrange()

    def _arrange(self) -> None:
        self._pause.stop()
        state = self.state_combo.itemData(self.state_combo.currentIndex)
        shown = chosen(self._rows, text=str(self.filter_edit.text).strip(), states=(state,) if state else ())
        self._filling = True
        if self._column != _AS_GIVEN:
            shown = ordered(shown, self._column, self._descending)
        elif self._descending:
            shown.reverse()
        self.model.set_rows(shown)
        self._filling = False
        self._show_wanted()

    def _show_wanted(self) -> None:
        row = self.model.row_of(self._wanted)
        if row < 0 or row == self.view.currentIndex().row():
            return
        self._filling = True
        self.view.selectRow(row)
        self._filling = False
        self.view.scrollTo(self.model.index(row, 0))

    def _row_chosen(self, *_arguments: Any) -> None:
        # a model that is filled anew has no current row for a moment: that is no choice of the user's
        if not self._filling and self.current is not None:
            self._wanted = self.current

    def _open_row(self, row: int) -> None:
        if 0 <= row < len(self.model.rows):
            self._opened(self.model.rows[row].id)


def counts_words(counts: Mapping[str, int]) -> str:
    """Such as "3 labelled, 120 new, 5 failed"; "" for no case."""
    order = ("labelled", "reviewed", "in_progress", "predicted", "new", "failed")
    return ", ".join(f"{counts[state]} {state_word(state)}" for state in order if counts.get(state))
