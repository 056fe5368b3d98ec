"""One case from prepared array to files: label, uncertainty, disagreement on the scan's own grid, and the facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.resample import from_working
from DualSSLSegLib.imaging.write import write_label, write_map
from DualSSLSegLib.inference.accumulator import remove_scratch
from DualSSLSegLib.inference.mapped_array import VolumeArray
from DualSSLSegLib.inference.sliding_window import VolumePrediction, predict
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.ranking.labelled import LabelledVolumes, structure_volumes
from DualSSLSegLib.ranking.scores import CaseScore, case_score
from DualSSLSegLib.training.model_file import Model
from DualSSLSegLib.training.plan import precision_for
from DualSSLSegLib.uncertainty import hot_spots
from DualSSLSegLib.uncertainty.maps import disagreement_map, fuse_class, uncertainty_map
from DualSSLSegLib.worker.label_table import structures_from, to_label_values
from DualSSLSegLib.worker.session import Session

FACTS_VERSION = 1
_MEMORY_SHARE = 0.4  # of the free memory that the probabilities of one case may take before they go to disk


@dataclass(frozen=True, eq=False)
class Predictor:
    """A model on a device, asked for one case after the other. `stop` is asked between windows."""

    model: Model
    device: str
    memory_limit_bytes: int
    scratch: Path
    report: Callable[..., None]
    stop: Callable[[], bool]

    @classmethod
    def of(cls, session: Session, model: Model, device: str, free_memory_bytes: int) -> Predictor:
        """A predictor for a run: obeys its control and tells its journal about memory that ran out.

        The worker holds the run's lock, so scratch files in its folder belong to nobody and are removed, here and
        after the last case.
        """

        def report(type: str, **fields: Any) -> None:
            if type == "warning":
                session.warn(**fields)

        limit = memory_limit(free_memory_bytes)
        session.run.predictions.mkdir(parents=True, exist_ok=True)
        remove_scratch(session.run.predictions)
        return cls(model, device, limit, session.run.predictions, report, session.should_stop)

    def predict(self, image: VolumeArray, report: Callable[..., None] | None = None) -> VolumePrediction:
        """Probabilities (N, K, x, y, z) of a prepared image (C, x, y, z). Call `discard` on it after use.

        `report` hears of windows and warnings instead of the predictor's own. Raises Stopped and OutOfMemory.
        """
        return predict(
            image,
            list(self.model.networks.values()),
            patch_size=self.model.plan.patch_size,
            num_classes=self.model.num_classes,
            device=self.device,
            precision=precision_for(self.device),
            memory_limit_bytes=self.memory_limit_bytes,
            scratch_folder=self.scratch,
            report=report or self.report,
            should_stop=self.stop,
        )


def memory_limit(free_memory_bytes: int) -> int:
    """How much of the free memory the probabilities of one case may take, in bytes."""
    return int(free_memory_bytes * _MEMORY_SHARE)


@dataclass(frozen=True, eq=False)
class CaseResult:
    """What was found for one case, on the scan's own grid: `classes` are class indices, the maps 0..1."""

    classes: np.ndarray
    uncertainty: np.ndarray
    disagreement: np.ndarray
    score: CaseScore
    embedding: np.ndarray


def classes_on(probabilities: np.ndarray, working: Grid, target: Grid) -> np.ndarray:
    """Probabilities (N, K, x, y, z) on the working grid, fused, to class indices (X, Y, Z) uint8 on the scan's own.

    One class at a time, so that only two maps of the target's size are held; ties go to the lower index.
    """
    best = from_working(fuse_class(probabilities, 0), working, target, label=False)
    classes = np.zeros(target.shape, dtype=np.uint8)
    for index in range(1, probabilities.shape[1]):
        candidate = from_working(fuse_class(probabilities, index), working, target, label=False)
        better = candidate > best
        classes[better] = index
        np.copyto(best, candidate, where=better)
    return classes


def assess(
    prediction: VolumePrediction,
    model: Model,
    working: Grid,
    source: Grid,
    labelled: LabelledVolumes | None = None,
) -> CaseResult:
    """Label, maps and score of a predicted volume."""
    names = [row.name for row in structures_from(model.structures)]
    classes, uncertainty = segment_maps(prediction, model, working, source, True)
    assert uncertainty is not None
    return CaseResult(
        classes=classes,
        uncertainty=uncertainty,
        disagreement=_onto(disagreement_map(prediction.probabilities), working, source),
        score=case_score(prediction.probabilities, working.spacing_mm, names, labelled),
        embedding=prediction.embedding,
    )


def segment_maps(
    prediction: VolumePrediction, model: Model, working: Grid, source: Grid, with_uncertainty: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Class indices (X, Y, Z) uint8 on the scan's own grid, and the uncertainty map 0..1 when asked for."""
    classes = classes_on(prediction.probabilities, working, source)
    if not with_uncertainty:
        return classes, None
    return classes, _onto(uncertainty_map(prediction.probabilities, model.temperature), working, source)


def _onto(values: np.ndarray, working: Grid, source: Grid) -> np.ndarray:
    """A map of 0..1 from the working grid onto the scan's own."""
    return np.clip(from_working(values, working, source, label=False), 0.0, 1.0)


def write_case(
    run: RunFolder, case: str, result: CaseResult, source: Grid, image_digest: str, model: Model
) -> None:
    """Write the files of a case into the run's predictions; the facts come last and say that it is done.

    `source`, `image_digest`: grid and content of the scan, which tell it from one that takes its place later.
    """
    structures = structures_from(model.structures)
    names = [row.name for row in structures]
    spots = hot_spots.find(result.uncertainty, result.classes, source.affine, names)
    write_label(run.prediction_path(case), to_label_values(result.classes, structures), source)
    write_map(run.uncertainty_path(case), result.uncertainty, source)
    write_map(run.disagreement_path(case), result.disagreement, source)
    facts = {
        "v": FACTS_VERSION,
        "case": case,
        "run": run.id,
        "score": result.score.to_dict(),
        "hot_spots": [spot.to_dict() for spot in spots],
        # of every structure that the model knows: an accepted prediction says nothing of others
        "volumes_mm3": structure_volumes(result.classes, source.spacing_mm, names),
        "image_digest": image_digest,
        "grid": {"shape": list(source.shape), "affine": source.affine.tolist()},
        "temperature": model.temperature,
        "calibrated": model.calibrated,
        "model": model.info,
        "embedding": [round(float(value), 6) for value in result.embedding],
    }
    write_json(run.prediction_facts_path(case), facts)
