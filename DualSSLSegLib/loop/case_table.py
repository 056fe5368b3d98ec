"""The cases of a study as rows of a table, sorted and filtered without a window. All of it is for the background:
10,000 rows take longer than a click may."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from DualSSLSegLib.give_way import give_way
from DualSSLSegLib.loop.next_case import Queue
from DualSSLSegLib.study.scan import natural_order
from DualSSLSegLib.study.status import STATES, StudyStatus

COLUMNS = ("case", "state", "structures", "score", "author")


@dataclass(frozen=True)
class CaseRow:
    """One case. `structures`: what its newest label contains. `score`: 0..1 within the study,
    1 is to be reviewed first; `rank` (1 is first) and `reason` when it waits in the queue; `problem` when it failed.

    `author` and `time` (UTC seconds) are those of the newest label, `seconds` the time spent by everybody together.
    """

    id: str
    state: str
    structures: tuple[str, ...]
    score: float | None
    author: str
    time: float | None
    split: str
    rank: int | None
    reason: str
    problem: str | None
    seconds: float


def case_rows(
    status: StudyStatus,
    queue: Queue | None,
    scores: Mapping[str, float],
    before: Iterable[CaseRow] = (),
) -> list[CaseRow]:
    """A row for every case, in natural order of the ids. `scores` are those of the newest ranking by a model.

    A row that is as it was among those `before` is that very object (see study/surveyor.py for why).
    """
    known = {row.id: row for row in before}
    waiting = {entry.case: entry for entry in queue.cases} if queue is not None else {}
    names = {structure.value: structure.name for structure in status.structures}
    rows = []
    for case in status.cases:
        give_way()
        entry = waiting.get(case.id)
        row = CaseRow(
            id=case.id,
            state=case.state,
            structures=tuple(names[value] for value in case.present_values if value in names),
            score=scores.get(case.id),
            author=case.author or "",
            time=case.time,
            split=case.split,
            rank=entry.rank if entry else None,
            reason=entry.reason if entry else "",
            problem=case.problem,
            seconds=case.seconds,
        )
        old = known.get(case.id)
        rows.append(old if old == row and old is not None else row)
    return rows


def chosen(rows: Sequence[CaseRow], *, text: str = "", states: Collection[str] = ()) -> list[CaseRow]:
    """The rows in one of `states` (all when empty) in which every word of `text` is found: in id, author or a
    structure, whatever the capitals and the spelling of accents."""
    words = _folded(text).split()
    wanted = frozenset(states)
    found = []
    for row in rows:
        if wanted and row.state not in wanted:
            continue
        if words:
            hay = _folded(" ".join((row.id, row.author, *row.structures)))
            if not all(word in hay for word in words):
                continue
        found.append(row)
    return found


def ordered(rows: Sequence[CaseRow], column: str, descending: bool) -> list[CaseRow]:
    """The rows sorted by a column of COLUMNS; rows that are equal there stay in their order, rows that have nothing
    there come last either way. Raises KeyError for another column."""
    key, has = _KEYS[column]
    filled = sorted((row for row in rows if has(row)), key=key, reverse=descending)
    return [*filled, *(row for row in rows if not has(row))]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


_Has = Callable[[CaseRow], bool]
_KEYS: dict[str, tuple[Callable[[CaseRow], Any], _Has]] = {
    "case": (lambda row: natural_order(row.id), lambda row: True),
    "state": (lambda row: STATES.index(row.state), lambda row: True),
    "structures": (lambda row: _folded(", ".join(row.structures)), lambda row: bool(row.structures)),
    "score": (lambda row: row.score, lambda row: row.score is not None),
    "author": (lambda row: _folded(row.author), lambda row: bool(row.author)),
}
