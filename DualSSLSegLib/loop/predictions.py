"""Finding predictions in the runs of a study, and publishing the newest ones to labels/original."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.give_way import give_way
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.layout import names_in
from DualSSLSegLib.study.writing import CannotWrite, writing

PUBLISHED_NAME = "published.json"


@dataclass(frozen=True)
class Prediction:
    """The files of one predicted case; all are there and whole."""

    case: str
    run: RunFolder
    label: Path
    uncertainty: Path
    disagreement: Path
    facts_path: Path

    def facts(self) -> dict[str, Any]:
        """Score, hot spots, volumes, grid. Raises BadInput when damaged."""
        return read_json(self.facts_path)


def predicted_cases(run: RunFolder) -> set[str]:
    """The cases whose prediction in this run is complete."""
    return {name.removesuffix(".json") for name in names_in(run.predictions) if name.endswith(".json")}


def prediction_in(run: RunFolder, case: str) -> Prediction | None:
    """The prediction of a case in one run; None when it is not (completely) there."""
    if not run.prediction_facts_path(case).is_file():
        return None
    return Prediction(
        case,
        run,
        run.prediction_path(case),
        run.uncertainty_path(case),
        run.disagreement_path(case),
        run.prediction_facts_path(case),
    )


def known_values(run: RunFolder, case: str) -> tuple[int, ...] | None:
    """Label values of the structures that a run's prediction of a case can show; None when the run does not tell.

    A model may know fewer structures than its run: the facts hold a volume for each that it knows, 0 where it found
    none. Raises BadInput when they are damaged.
    """
    prediction = prediction_in(run, case)
    table = run.spec().get("structures") if prediction is not None else None
    if prediction is None or table is None:
        return None
    volumes = prediction.facts().get("volumes_mm3")
    return tuple(int(row["value"]) for row in table if volumes is None or row["name"] in volumes)


def newest_prediction(runs: Sequence[RunFolder], case: str) -> Prediction | None:
    """The newest prediction of a case; `runs` are oldest first."""
    found = (prediction_in(run, case) for run in reversed(runs))
    return next((prediction for prediction in found if prediction is not None), None)


def present_prediction(study: StudyFolder, runs: Sequence[RunFolder], case: str) -> Prediction:
    """The newest prediction of a case; `runs` are oldest first. Raises BadInput when there is none, and when the scan
    is another one than was predicted."""
    found = newest_prediction(runs, study.case(case).id)
    if found is None:
        raise BadInput(f"case {case!r} has no prediction.", hint="Train first.", path=study.path)
    refuse_replaced(study, found.run, found.case)
    return found


def scan_replaced(study: StudyFolder, run: RunFolder, case: str) -> bool:
    """Whether the scan of a case is another one than the run predicted. One that is gone is not replaced: whoever
    opens it is told."""
    try:
        return not study.prediction_fits(case, run.id)
    except BadInput:
        return False


def refuse_replaced(study: StudyFolder, run: RunFolder, case: str) -> None:
    """Raise BadInput when the scan of a case is another one than the run predicted."""
    if not study.prediction_fits(case, run.id):
        raise BadInput(
            f"the scan of {case!r} has been replaced since it was predicted.",
            hint="Train or predict again; until then it has no prediction.",
            path=study.case(case).paths[0],
        )


def why_not_accepted(study: StudyFolder, run: RunFolder, case: str) -> str:
    """Why the run's prediction of a case must not become its label as it is, as a sentence: a label for training is
    newer, and would go out of force and out of training. "" when it may. Raises BadInput for damaged files."""
    newest = study.latest(case)
    if newest is None or not newest.trains:
        return ""
    row: dict[str, Any] = next((row for row in run.inputs()["cases"] if row["id"] == case), {})
    known = (row.get("label") or {}).get("revision") or row.get("newest_revision", 0)
    if newest.number <= known:
        return ""
    return (
        f"The label of {case} by {newest.author} (revision {newest.number}) is newer than this prediction, which would "
        "take its place and is not trained on."
    )


def refuse_older(study: StudyFolder, run: RunFolder, case: str) -> None:
    """Raise BadInput when the run's prediction of a case must not become its label, see `why_not_accepted`."""
    if refusal := why_not_accepted(study, run, case):
        raise BadInput(
            refusal,
            hint="Keep that label; or correct the prediction and submit that, on the command line with "
            f"`dualsslseg label STUDY {case} FILE --corrected`.",
        )


def publish(
    study: StudyFolder, run: RunFolder, newer: Sequence[RunFolder], refused: dict[str, str]
) -> Generator[str, None, None]:
    """Publish the run's predictions to labels/original, each under the study's lock; yields every case tried.

    What was published before is not done again; a case that a `newer` run has predicted, or that is no longer in
    the study, or is among the `refused`, is passed over. A prediction that is no label of its case, or of a scan that
    was replaced, goes to `refused` with the reason and stops no other. Raises StudyBusy when another program keeps the
    lock and CannotWrite; what was done stays done.
    """
    marker = run.path / PUBLISHED_NAME
    before = set(_published(marker))
    done = set(before)
    newer_cases = set().union(*(predicted_cases(other) for other in newer))
    waiting = sorted((predicted_cases(run) - done - newer_cases - refused.keys()) & study.cases().keys())
    try:
        for case in waiting:
            give_way()
            try:
                refuse_replaced(study, run, case)
                study.publish_prediction(case, run.prediction_path(case))
            except CannotWrite:
                raise
            except BadInput as error:
                refused[case] = str(error)
            else:
                done.add(case)
            yield case
    finally:
        if done != before:
            with writing(marker):
                write_json(marker, {"v": 1, "cases": sorted(done)})


def _published(marker: Path) -> list[str]:
    if not marker.exists():
        return []
    try:
        return list(read_json(marker)["cases"])
    except (BadInput, KeyError, TypeError):
        return []  # then all are published again, which does no harm
