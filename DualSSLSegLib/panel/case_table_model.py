"""The cases of a study as Qt's table view asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.loop.case_table import COLUMNS, CaseRow
from DualSSLSegLib.panel.state_marks import StateMarks, state_word


class CaseTableModel(qt.QAbstractTableModel):
    """`rows` in the order shown. Only the cells on screen are asked for, so many thousand rows cost nothing."""

    def __init__(self, view: Any) -> None:
        super().__init__()
        self.rows: list[CaseRow] = []
        self._marks = StateMarks()
        self._view = view  # whose palette may turn from light to dark at any time

    def set_rows(self, rows: Sequence[CaseRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def row_of(self, case_id: str | None) -> int:
        """Where a case stands, -1 when it is not shown."""
        return next((number for number, row in enumerate(self.rows) if row.id == case_id), -1)

    def rowCount(self, parent: Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Any, role: Any = qt.Qt.DisplayRole) -> Any:
        if orientation != qt.Qt.Horizontal:
            return None
        if role == qt.Qt.DisplayRole:
            return _heading(COLUMNS[section])
        if role == qt.Qt.ToolTipRole:
            return _heading_help(COLUMNS[section])
        return None

    def data(self, index: Any, role: Any = qt.Qt.DisplayRole) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        if role == qt.Qt.DisplayRole:
            return cell_text(row, column)
        if role == qt.Qt.DecorationRole and column == "state":
            return self._marks.icon(row.state, self._view.palette)
        if role == qt.Qt.ToolTipRole:
            return case_help(row)
        if role == qt.Qt.TextAlignmentRole and column == "score":
            return _right()
        return None


def cell_text(row: CaseRow, column: str) -> str:
    """What a cell says."""
    if column == "case":
        return row.id
    if column == "state":
        return state_word(row.state)
    if column == "structures":
        return ", ".join(row.structures)
    if column == "score":
        return "" if row.score is None else f"{row.score:.2f}"
    return row.author


def case_help(row: CaseRow) -> str:
    """The tooltip of a case: what is wrong with it, or why and when it should be reviewed."""
    lines = [f"{row.id}: {state_word(row.state)}"]
    if row.problem:
        lines.append(row.problem)
    if row.structures:
        names = ", ".join(row.structures)
        lines.append(
            _("The label holds {structures} (by {author}).").format(structures=names, author=row.author)
        )
    if row.rank is not None:
        lines.append(_("Number {rank} to review: {reason}").format(rank=row.rank, reason=row.reason))
    if row.split == "validation":
        lines.append(_("Kept for validation: it is not trained on."))
    elif row.split == "test":
        lines.append(_("Kept for testing: it is not trained on."))
    return "\n".join(lines)


def _right() -> Any:
    return qt.Qt.AlignRight | qt.Qt.AlignVCenter


def _heading(column: str) -> str:
    return {
        "case": _("Case"),
        "state": _("State"),
        "structures": _("Structures"),
        "score": _("Score"),
        "author": _("Author"),
    }[column]


def _heading_help(column: str) -> str:
    return {
        "case": _("Name of the scan"),
        "state": _(
            "new: nothing known yet; predicted: waits for review; in progress: unfinished work is kept; "
            "labelled: drawn or corrected; reviewed: prediction accepted; failed: cannot be used"
        ),
        "structures": _("Structures that its label may hold"),
        "score": _("How much a review is worth: the higher, the sooner"),
        "author": _("Who made the newest label"),
    }[column]
