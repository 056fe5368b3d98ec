"""What to review next: the newest ranking, without the cases that were labelled since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.status import StudyStatus

_RANKING_KINDS = ("train", "predict", "rank")
_SETTLED = ("labelled", "reviewed", "failed")


@dataclass(frozen=True)
class NextCase:
    """One suggestion: 1 is the first to review; `reason` is a sentence with the measured value."""

    rank: int
    case: str
    score: float
    reason: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Queue:
    """The open suggestions of a ranking, first to review first.

    `by_model` is False for a cold start, when nothing is trained yet. `shadow` is what a foreground-aware random
    choice would have taken. `labelled_since`: suggestions already labelled since the ranking was made.
    """

    run: str
    by_model: bool
    cases: tuple[NextCase, ...]
    shadow: tuple[str, ...]
    labelled_since: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The queue as JSON-able values."""
        return asdict(self)


def newest_queue(
    study: StudyFolder,
    runs: Sequence[RunFolder],
    status: StudyStatus | None = None,
    before: Queue | None = None,
) -> Queue | None:
    """The queue of the newest run with a ranking (`runs` oldest first), of cases that may train.

    A ranking by a model wins over any cold start. None when there is none, or when every suggestion of a cold
    start is used up: a new cold start is then due. `status` spares looking at the study once more. Entries that
    are as they were in the queue `before` are taken from it.
    """
    run, by_model = _newest_ranking(runs)
    if run is None:
        return None
    content = _scores(run)
    status = study.status() if status is None else status
    states = {case.id: case.state for case in status.cases}
    may_train = {case.id for case in status.cases if case.split == "train"}
    # A case kept for validation or test since the ranking must not be corrected for training.
    suggestions = [row for row in content["suggestions"] if row["case"] in may_train]
    open_rows = [row for row in suggestions if states[row["case"]] not in _SETTLED]
    if by_model:
        without = {case.id for case in status.cases if not case.predicted}
        open_rows = [
            row for row in open_rows if not (row["case"] in without and _predicted(run, row["case"]))
        ]
    if not open_rows and not by_model:
        return None
    known = {entry.case: entry for entry in before.cases} if before and before.run == run.id else {}
    cases = tuple(_entry(rank, row, known.get(row["case"])) for rank, row in enumerate(open_rows, 1))
    done = tuple(row["case"] for row in suggestions if states.get(row["case"]) in ("labelled", "reviewed"))
    shadow = tuple(case for case in content.get("shadow", ()) if case in may_train)
    return Queue(run.id, by_model, cases, shadow, done)


def _predicted(run: RunFolder, case: str) -> bool:
    """Whether the run has a prediction of a case: if it does not count, the scan has been replaced, and what was found
    on the old one is no reason to review the new one."""
    return run.prediction_facts_path(case).is_file()


def _entry(rank: int, row: dict[str, Any], before: NextCase | None) -> NextCase:
    if before is not None and before.rank == rank and before.values is row["values"]:
        return before
    return NextCase(rank, row["case"], row["score"], row["reason"], row["values"])


def newest_scores(runs: Sequence[RunFolder]) -> dict[str, float]:
    """The score (0..1, 1 is reviewed first) of every case in the newest ranking by a model; empty without one."""
    run, by_model = _newest_ranking(runs)
    if run is None or not by_model:
        return {}
    return {row["case"]: float(row["score"]) for row in _scores(run)["suggestions"]}


def _newest_ranking(runs: Sequence[RunFolder]) -> tuple[RunFolder | None, bool]:
    """The newest run with a ranking, by a model if there is one, and whether it is by a model."""
    cold: RunFolder | None = None
    for run in reversed(runs):
        if run.scores_path.is_file() and (kind := run.spec().get("kind")) in _RANKING_KINDS:
            if kind != "rank":
                return run, True
            cold = cold or run
    return cold, False


def _scores(run: RunFolder) -> dict[str, Any]:
    try:
        status = run.scores_path.stat()
    except OSError:  # gone since it was found: reading it says so
        return _read_scores(run, 0, 0)
    return _read_scores(run, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=2)
def _read_scores(run: RunFolder, _size: int, _mtime_ns: int) -> dict[str, Any]:
    """Read once for every change of the file: with many thousand cases it takes long. Nobody changes the result."""
    content = read_json(run.scores_path)
    if not isinstance(content, dict) or not isinstance(content.get("suggestions"), list):
        raise BadInput("this ranking is damaged.", hint="Train or predict again.", path=run.scores_path)
    version = content.get("v", 0)
    if isinstance(version, int) and version > 1:
        raise ProtocolError(
            "this ranking was written by a newer version.", hint="Update the extension.", path=run.scores_path
        )
    shadow = content.get("shadow", [])
    if not all(_is_suggestion(row) for row in content["suggestions"]) or not isinstance(shadow, list):
        raise BadInput("this ranking is damaged.", hint="Train or predict again.", path=run.scores_path)
    return content


def _is_suggestion(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("case"), str)
        and isinstance(row.get("score"), int | float)
        and isinstance(row.get("reason"), str)
        and isinstance(row.get("values"), dict)
    )
