"""Freezing what a run works on: which scans, which label revisions with which digests, and what each is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.give_way import give_way
from DualSSLSegLib.imaging.formats import SCAN_SUFFIXES, SEGMENTATION_SUFFIX, stem_of, suffix_of
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.predictions import scan_replaced
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.model import Case, Revision
from DualSSLSegLib.study.scan import stamps_of

Rows = list[dict[str, Any]]


def study_rows(
    study: StudyFolder, *, train_on: Iterable[str] | None = None, use_accepted: bool = False
) -> Rows:
    """Every usable case of the study as a row of inputs.json.

    Roles: labelled (manual, corrected, imported labels; with `use_accepted` accepted ones, too), validation (of that
    frozen split, with a label), predict (of a frozen split otherwise: neither trains nor is suggested), accepted,
    unlabelled. `newest_revision` is the number of the newest label then, used or not, 0 without one. `train_on` names
    the labelled cases that may train; other labelled ones count as unlabelled.
    Raises BadInput when `train_on` names a case of a frozen split or one without a label, and, naming all of
    them, for labels that must not be used.
    """
    chosen = None if train_on is None else set(train_on)
    if chosen is not None:
        _check_chosen(study, chosen, use_accepted)
    rows: Rows = []
    unusable: list[str] = []
    for case in study.cases().values():
        give_way()
        label = None
        try:
            revision = study.latest(case)
            role = _role(study, case, revision, chosen, use_accepted)
            if role in ("labelled", "validation"):
                label = study.usable_label(case)
        except BadInput as error:
            unusable.append(f"  {case.id}: {error}")
            continue
        newest = 0 if revision is None else revision.number
        rows.append({**_row(case, role, label), "newest_revision": newest})
    if unusable:
        raise BadInput(
            f"{len(unusable)} label(s) must not be used, so nothing was started:\n" + "\n".join(unusable),
            path=study.path,
        )
    return rows


def _check_chosen(study: StudyFolder, chosen: set[str], use_accepted: bool) -> None:
    for case_id in sorted(chosen):
        split = study.split(case_id)
        if split != "train":
            raise BadInput(
                f"case {case_id!r} is frozen as {split} and must not train.",
                hint="Leave it out; a score on a case that trained would mean nothing.",
                path=study.path,
            )
        revision = study.latest(case_id)
        if revision is None or not (revision.trains or (use_accepted and revision.origin == "accepted")):
            what = "has no label" if revision is None else f"has only a label that was {revision.origin}"
            raise BadInput(f"case {case_id!r} {what}.", hint="Label it first.", path=study.path)


def _role(
    study: StudyFolder,
    case: Case,
    revision: Revision | None,
    chosen: set[str] | None,
    use_accepted: bool,
) -> str:
    accepted = revision is not None and revision.origin == "accepted"
    has_label = revision is not None and (revision.trains or (accepted and use_accepted))
    split = study.split(case)
    if split == "validation":
        return "validation" if revision is not None and revision.trains else "predict"
    if split != "train":
        return "predict"
    if has_label and (chosen is None or case.id in chosen):
        return "labelled"
    return "accepted" if accepted else "unlabelled"


def _row(case: Case, role: str, label: Revision | None) -> dict[str, Any]:
    frozen = None
    if label is not None:
        frozen = {
            "path": str(label.path),
            "revision": label.number,
            "digest": label.label_digest,
            "origin": label.origin,
            "known_values": list(label.known_values),
        }
    return {
        "id": case.id,
        "paths": [str(path) for path in case.paths],
        "role": role,
        "image_digest": label.image_digest if label is not None else None,
        "image_stamps": _stamps(case),
        "label": frozen,
    }


def _stamps(case: Case) -> list[list[int]] | None:
    """Size and time of the scan's files: as long as they stay, what the run predicts belongs to the scan."""
    try:
        return [[size, mtime] for size, mtime in stamps_of(case.paths)]
    except OSError:
        return None  # gone since it was listed; the worker says so


def evaluation_rows(study: StudyFolder, run: RunFolder, reference: Path) -> Rows:
    """The predicted cases of a run that have a reference label of the same name in the folder `reference`.

    Raises BadInput when the folder is not there or fits no prediction.
    """
    if not reference.is_dir():
        raise BadInput(
            "this folder does not exist.", hint="Name the folder of reference labels.", path=reference
        )
    labels: dict[str, list[Path]] = {}
    for path in sorted(reference.iterdir()):
        if suffix_of(path) in (*SCAN_SUFFIXES, SEGMENTATION_SUFFIX) and not path.name.startswith("."):
            labels.setdefault(stem_of(path), []).append(path)
    roles = {row["id"]: row["role"] for row in run.inputs()["cases"]}
    rows: Rows = []
    for case in study.cases().values():
        if case.id not in labels or not run.prediction_facts_path(case.id).exists():
            continue
        if len(labels[case.id]) > 1:
            names = " and ".join(path.name for path in labels[case.id])
            raise BadInput(
                f"{names} are both references of case {case.id!r}.", hint="Leave one.", path=reference
            )
        rows.append(
            {
                "id": case.id,
                "paths": [str(path) for path in case.paths],
                "role": roles.get(case.id, "predict"),
                "label": None,
                "reference": str(labels[case.id][0]),
                "prediction": str(run.prediction_path(case.id)),
                "uncertainty": str(run.uncertainty_path(case.id)),
                "facts": str(run.prediction_facts_path(case.id)),
                "replaced": scan_replaced(study, run, case.id),
            }
        )
    if not rows:
        predicted = sorted(path.stem for path in run.predictions.glob("*.json"))[:3]
        raise BadInput(
            f"none of its {len(labels)} labels belongs to a predicted case.",
            hint=f"Labels are named after their scans, here for example {', '.join(predicted)}."
            if predicted
            else "Train first: this run has predicted nothing.",
            path=reference,
        )
    return rows


def require_labels(rows: Sequence[dict[str, Any]], study: StudyFolder) -> None:
    """Raise BadInput when no row may train with its label."""
    if not any(row["role"] == "labelled" for row in rows):
        raise BadInput(
            "no case has a label that may train.",
            hint="Label one first: dualsslseg label STUDY CASE FILE. `dualsslseg next STUDY` says which.",
            path=study.path,
        )
