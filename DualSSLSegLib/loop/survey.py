"""One look at a study for a panel: cases, queue, runs, computed together and shown together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.case_table import CaseRow, case_rows
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.next_case import NextCase, Queue, newest_queue, newest_scores
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.model import Problem, Structure
from DualSSLSegLib.study.status import STATES, StudyStatus

_SETTLED = ("labelled", "reviewed", "failed")
_IN_ORDER = "Nothing is trained yet: this is the first scan of the list without a label."
_UNFINISHED = "It has unfinished work."
_PREDICTED = "It has a prediction that nobody has looked at."


@dataclass(frozen=True)
class Survey:
    """A study at one moment. `run` is the run at work, else the newest one; `at_work` is of before the cases were
    looked at, so that what a run that has ended since brought may be missing."""

    status: StudyStatus
    rows: list[CaseRow]
    queue: Queue | None
    run: RunFolder | None
    at_work: bool

    @property
    def structures(self) -> tuple[Structure, ...]:
        return self.status.structures

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.status.problems


def survey(controller: Controller, before: Survey | None = None) -> Survey:
    """Look at the whole study. Slow: for the background. What is as it was `before` is taken from there.

    Raises BadInput when the folder is out of reach.
    """
    study = controller.study
    try:
        if not study.path.is_dir():
            raise BadInput(
                "the folder of the study cannot be reached.",
                hint="Plug in the drive, or put the folder back, and look again. What is on screen stays.",
                path=study.path,
            )
        runs, active = controller.runs.all(), controller.runs.active()
        status = study.status()
        queue, scores, damage = _ranking(study, runs, status, None if before is None else before.queue)
        status = replace(status, problems=(*status.problems, *damage))
        rows = case_rows(status, queue, scores, () if before is None else before.rows)
    except OSError as error:
        raise BadInput(
            f"the study cannot be read ({error.strerror or error}).",
            hint="Check the drive and your rights, and look again. What is on screen stays.",
            path=study.path,
        ) from error
    return Survey(status, rows, queue, active or (runs[-1] if runs else None), active is not None)


def _ranking(
    study: StudyFolder, runs: Sequence[RunFolder], status: StudyStatus, before: Queue | None
) -> tuple[Queue | None, dict[str, float], list[Problem]]:
    """Queue and scores; a damaged ranking is a problem of the study and no reason not to show the rest."""
    try:
        return newest_queue(study, runs, status, before), newest_scores(runs), []
    except DualSSLSegError as error:
        path = Path(error.path) if error.path else study.runs_dir
        return None, {}, [Problem(path, f"{error.message} {error.hint}".strip())]


def counts_of(rows: list[CaseRow]) -> dict[str, int]:
    """How many cases are in each state; every state is a key."""
    counted = Counter(row.state for row in rows)
    return {state: counted[state] for state in STATES}


def next_up(rows: list[CaseRow], queue: Queue | None, leave_out: str | None = None) -> NextCase | None:
    """The case to open next: the top of the queue, else unfinished work, else the first that has no label.

    `leave_out` is the case that is open. None when every case is done.
    """
    states = {row.id: row.state for row in rows}
    for entry in queue.cases if queue is not None else ():
        if entry.case != leave_out and states.get(entry.case) not in (None, *_SETTLED):
            return entry
    for state, reason in (("in_progress", _UNFINISHED), ("predicted", _PREDICTED), ("new", _IN_ORDER)):
        for row in rows:
            if row.state == state and row.id != leave_out and row.split == "train":
                return NextCase(1, row.id, 0.0, reason, {})
    return None
