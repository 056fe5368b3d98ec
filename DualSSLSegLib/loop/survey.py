"""One look at a study for a panel: cases, queue, runs, computed together and shown together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.case_table import CaseRow, case_rows
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.next_case import NextCase, Queue, newest_queue, newest_scores
from DualSSLSegLib.study.model import Problem, Structure
from DualSSLSegLib.study.status import STATES, StudyStatus

_SETTLED = ("labelled", "reviewed", "failed")
_IN_ORDER = "Nothing is trained yet: this is the first scan of the list without a label."
_UNFINISHED = "It has unfinished work."
_PREDICTED = "It has a prediction that nobody has looked at."


@dataclass(frozen=True)
class Survey:
    """A study at one moment. `run` is the run at work, else the newest one."""

    status: StudyStatus
    rows: list[CaseRow]
    queue: Queue | None
    run: RunFolder | None

    @property
    def structures(self) -> tuple[Structure, ...]:
        return self.status.structures

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.status.problems


def survey(controller: Controller) -> Survey:
    """Look at the whole study. Slow: for the background. Raises BadInput when the folder is out of reach."""
    study = controller.study
    try:
        if not study.path.is_dir():
            raise BadInput(
                "the folder of the study cannot be reached.",
                hint="Plug in the drive, or put the folder back, and look again. What is on screen stays.",
                path=study.path,
            )
        runs = controller.runs.all()
        status = study.status()
        queue = newest_queue(study, runs, status)
        rows = case_rows(status, queue, newest_scores(runs))
        active = controller.runs.active()
    except OSError as error:
        raise BadInput(
            f"the study cannot be read ({error.strerror or error}).",
            hint="Check the drive and your rights, and look again. What is on screen stays.",
            path=study.path,
        ) from error
    return Survey(status, rows, queue, active or (runs[-1] if runs else None))


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
