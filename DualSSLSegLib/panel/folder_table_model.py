"""The scans of a folder that is segmented, as Qt's table view asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.loop.folder_results import DONE, FAILED, SKIPPED, WAITING, FolderRow
from DualSSLSegLib.panel.state_marks import StateMarks

_SCAN, _STATE, _REMARK = range(3)
_FAILURES_TOLD = 3
# the marks of the same meaning
_MARKS = {WAITING: "new", DONE: "reviewed", SKIPPED: "reviewed", FAILED: "failed"}


class FolderTableModel(qt.QAbstractTableModel):
    """`rows` as shown: what failed comes first. Only the cells on screen are asked for."""

    def __init__(self, palette: Any) -> None:
        super().__init__()
        self.rows: list[FolderRow] = []
        self._palette = palette
        self._marks = StateMarks()

    def set_rows(self, rows: Sequence[FolderRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = sorted(rows, key=lambda row: row.state != FAILED)
        self.endResetModel()

    def row_of(self, name: str | None) -> int:
        """Where a scan stands, -1 when it is not shown."""
        return next((number for number, row in enumerate(self.rows) if row.name == name), -1)

    def rowCount(self, parent: Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else 3

    def headerData(self, section: int, orientation: Any, role: Any = qt.Qt.DisplayRole) -> Any:
        if orientation == qt.Qt.Horizontal and role == qt.Qt.DisplayRole:
            return (_("Scan"), _("State"), _("Remark"))[section]
        return None

    def data(self, index: Any, role: Any = qt.Qt.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == qt.Qt.DisplayRole:
            return (row.name, state_word(row.state), row.detail)[column]
        if role == qt.Qt.ToolTipRole:
            return f"{row.name}: {row.detail or state_word(row.state)}"
        if role == qt.Qt.DecorationRole and column == _STATE:
            return self._marks.icon(_MARKS.get(row.state, "new"), self._palette)
        return None


def state_word(state: str) -> str:
    """The word a person reads for the state of a scan."""
    return {
        WAITING: _("to come"),
        DONE: _("done"),
        SKIPPED: _("done before"),
        FAILED: _("failed"),
    }.get(state, state)


def summary_words(rows: Sequence[FolderRow]) -> str:
    """Such as "12 done, 3 done before, 1 failed, 4 to come of 20 scans", and which failed, and why."""
    if not rows:
        return ""
    counts = Counter(row.state for row in rows)
    parts = [
        f"{counts[state]} {state_word(state)}" for state in (DONE, SKIPPED, FAILED, WAITING) if counts[state]
    ]
    lines = [_("{parts} of {count} scans").format(parts=", ".join(parts), count=len(rows))]
    failed = [row for row in rows if row.state == FAILED]
    reasons = [row.detail if row.name in row.detail else f"{row.name}: {row.detail}" for row in failed]
    lines += [f"✗ {reason}" for reason in reasons[:_FAILURES_TOLD]]
    if len(failed) > _FAILURES_TOLD:
        lines.append(_("and {count} more, see the table").format(count=len(failed) - _FAILURES_TOLD))
    return "\n".join(lines)
