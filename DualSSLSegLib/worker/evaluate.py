"""An evaluate run: predictions against reference labels, per structure, on the scans' own grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput, DualSSLSegError, ProtocolError, Stopped
from DualSSLSegLib.evaluation.metrics import StructureMetrics, case_metrics
from DualSSLSegLib.evaluation.summary import case_means, summarise
from DualSSLSegLib.evaluation.uncertainty_check import (
    ErrorCapture,
    error_capture,
    failure_detection,
    summarise_capture,
)
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.read import read_grid, read_voxels
from DualSSLSegLib.worker.label_table import LabelStructure, structures_from, to_class_indices
from DualSSLSegLib.worker.session import Session

VERSION = 1


@dataclass(frozen=True)
class Comparison:
    """A prediction and its reference. `uncertainty` and `facts` are there for predictions made by a run; `replaced`
    says that the scan is another one by now.

    `role` is that of the case in the measured run. `group` says how the model knows the case: "held_out",
    "unlabelled" (its image trained), "labelled", or "unknown" for a model from elsewhere.
    """

    id: str
    image: Path
    prediction: Path
    reference: Path
    uncertainty: Path | None
    facts: Path | None
    role: str = "predict"
    group: str = "unknown"
    replaced: bool = False


@dataclass(frozen=True)
class CaseFindings:
    """The metrics of a case by structure, where its errors lie, and what its score had said."""

    metrics: dict[str, StructureMetrics]
    capture: ErrorCapture | None
    risk: float | None
    role: str = "predict"
    group: str = "unknown"


def work(session: Session) -> dict[str, Any]:
    """Compare every case and write evaluation.json. Returns the fields of `finished`.

    A case that cannot be compared is named and does not stop the others. Raises BadInput when none can be.
    """
    structures = structures_from(session.spec["structures"])
    comparisons = _comparisons(session)
    found: dict[str, CaseFindings] = {}
    failed: dict[str, str] = {}
    session.phase("evaluate", total=len(comparisons))
    for done, comparison in enumerate(comparisons, 1):
        session.check()
        try:
            found[comparison.id] = compare_case(comparison, structures)
        except Stopped:
            raise
        except DualSSLSegError as error:
            failed[comparison.id] = str(error)
            session.warn("bad_case", f"{comparison.id} was not evaluated: {error}", case=comparison.id)
        session.report("progress", step=done, total=len(comparisons))
    if not found:
        raise BadInput(
            "no case could be evaluated.", hint="Look at the warnings of this run for the reason of each."
        )
    write_json(session.run.evaluation_path, report_of(session.spec, found, failed))
    dice = [value for value in case_means(_metrics(found), "dice").values() if value is not None]
    return {
        "evaluated": len(found),
        "failed": failed,
        "mean_dice": float(np.mean(dice)) if dice else None,
    }


def compare_case(comparison: Comparison, structures: Sequence[LabelStructure]) -> CaseFindings:
    """Metrics of one case on its scan's grid. Raises BadInput for files that are missing or do not fit, and for a scan
    that is another one than was predicted."""
    if comparison.replaced:
        raise BadInput(
            "this scan has been replaced since it was predicted.",
            hint="Train or predict again, then evaluate.",
            path=comparison.image,
        )
    grid = read_grid(comparison.image)
    prediction = read_label(comparison.prediction, grid, structures)
    reference = read_label(comparison.reference, grid, structures)
    values = {row.name: row.value for row in structures}
    metrics = case_metrics(prediction, reference, grid.spacing_mm, values)
    capture = None
    if comparison.uncertainty is not None:
        uncertainty, _ = read_voxels(comparison.uncertainty)
        capture = error_capture(
            to_class_indices(prediction, structures),
            to_class_indices(reference, structures),
            np.asarray(uncertainty, dtype=np.float32),
        )
    risk = read_json(comparison.facts)["score"]["risk"] if comparison.facts is not None else None
    return CaseFindings(metrics, capture, risk, comparison.role, comparison.group)


def report_of(
    spec: Mapping[str, Any], found: Mapping[str, CaseFindings], failed: Mapping[str, str]
) -> dict[str, Any]:
    """The content of evaluation.json: every case, and the summaries with distances to empty structures left out
    (`summary`) and counted as the diagonal of the volume (`summary_diagonal`). `groups` summarises the cases that
    the model has never seen apart from those whose images it was trained on."""
    metrics = _metrics(found)
    groups: dict[str, dict[str, CaseFindings]] = {}
    for name, case in found.items():
        groups.setdefault(case.group, {})[name] = case
    captures = [case.capture for case in found.values() if case.capture is not None]
    risks = {name: case.risk for name, case in found.items() if case.risk is not None}
    return {
        "v": VERSION,
        "of_run": spec.get("of_run"),
        "reference": spec.get("reference"),
        "transductive": bool(spec.get("transductive", False)),
        "structures": [dict(row) for row in spec["structures"]],
        "cases": {
            name: {
                "structures": {structure: asdict(one) for structure, one in case.metrics.items()},
                "capture": case.capture.to_dict() if case.capture is not None else None,
                "risk": case.risk,
                "role": case.role,
                "group": case.group,
            }
            for name, case in found.items()
        },
        "summary": summarise(metrics).to_dict(),
        "groups": {group: summarise(_metrics(cases)).to_dict() for group, cases in sorted(groups.items())},
        "summary_diagonal": summarise(metrics, empty_distance="diagonal").to_dict(),
        "capture": summarise_capture(captures).to_dict() if captures else None,
        "failure_detection": failure_detection(risks, case_means(metrics, "dice")).to_dict()
        if risks
        else None,
        "failed": dict(failed),
    }


def _metrics(found: Mapping[str, CaseFindings]) -> dict[str, dict[str, StructureMetrics]]:
    return {name: case.metrics for name, case in found.items()}


def _comparisons(session: Session) -> list[Comparison]:
    try:
        return [
            Comparison(
                id=row["id"],
                image=Path(row["paths"][0]),
                replaced=bool(row.get("replaced", False)),
                prediction=Path(row["prediction"]),
                reference=Path(row["reference"]),
                uncertainty=Path(row["uncertainty"]) if row.get("uncertainty") else None,
                facts=Path(row["facts"]) if row.get("facts") else None,
                role=str(row.get("role", "predict")),
                group=str(row.get("group", "unknown")),
            )
            for row in session.inputs["cases"]
        ]
    except (KeyError, TypeError, IndexError) as error:
        text = f"the list of cases is not complete ({type(error).__name__}: {error})."
        raise ProtocolError(text, hint="Start a new run.", path=session.run.inputs_path) from error
