"""Where every case of a study stands, computed from the files each time."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from DualSSLSegLib.study.model import Problem, Structure

STATES = ("new", "predicted", "in_progress", "labelled", "reviewed", "failed")


@dataclass(frozen=True)
class CaseStatus:
    """One case: new (also when its newest prediction was rejected or is of an image that was replaced), predicted (and
    waiting), in_progress (a draft), labelled, reviewed (prediction accepted), failed (with the `problem` in words).

    `origin`, `author`, `time` are those of the newest revision, `present_values` the structures in its label;
    `seconds`: what everybody together has spent on the case. `pending`: a label of another program lies in
    the study and becomes a revision with the next `reconcile`. One that cannot be read is among the problems of
    the study and does not count.
    """

    id: str
    state: str
    revisions: int = 0
    origin: str | None = None
    author: str | None = None
    time: float | None = None
    split: str = "train"
    predicted: bool = False
    draft: bool = False
    pending: bool = False
    problem: str | None = None
    present_values: tuple[int, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class StudyStatus:
    """A study at one moment; cases in natural order, runs (their ids) newest first."""

    path: Path
    structures: tuple[Structure, ...]
    channels: int
    cases: tuple[CaseStatus, ...]
    problems: tuple[Problem, ...]
    runs: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many cases are in each state."""
        counted = Counter(case.state for case in self.cases)
        return {state: counted[state] for state in STATES}

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON-able values."""
        return {
            "path": str(self.path),
            "structures": [structure.to_dict() for structure in self.structures],
            "channels": self.channels,
            "counts": self.counts,
            "cases": [asdict(case) for case in self.cases],
            "problems": [
                {"path": str(p.path), "reason": p.reason, "cases": list(p.cases)} for p in self.problems
            ],
            "runs": list(self.runs),
        }
