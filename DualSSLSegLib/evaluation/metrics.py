"""How well a prediction matches the reference, per structure, on the original grid.

Conventions (the same everywhere in the project):

- prediction empty, reference not: Dice = Jaccard = 0, distances undefined (None), counted as `missed`.
- reference empty, prediction not: Dice = Jaccard = 0, distances undefined (None), counted as `false_alarm`.
- both empty: everything undefined (None), counted as `absent`. A score of 1 would let a rare structure
  lift the mean.

An undefined distance is never 0, which would be a perfect score. `diagonal_mm` is kept so that a summary can
also put the volume's diagonal in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from DualSSLSegLib.evaluation.surface import bounding_box, distances_between, surface_voxels

STATES = ("present", "missed", "false_alarm", "absent")


@dataclass(frozen=True)
class StructureMetrics:
    """One structure of one case. None is "undefined"; `state` says why (one of STATES)."""

    state: str
    dice: float | None
    jaccard: float | None
    hd95_mm: float | None  # larger of the two directed 95th percentiles of the surface distances
    asd_mm: float | None  # average symmetric surface distance
    hd95_voxels: float | None
    asd_voxels: float | None
    medpy_hd95_voxels: float | None  # as the tables of most papers: both directions pooled, in voxels
    medpy_asd_voxels: float | None  # as the tables of most papers: prediction to reference only, in voxels
    volume_mm3: float
    reference_volume_mm3: float
    diagonal_mm: float
    diagonal_voxels: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: undefined is null."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> StructureMetrics:
        """The inverse of to_dict. Raises TypeError when a field is missing or unknown."""
        return cls(**content)


def dice(prediction: np.ndarray, reference: np.ndarray) -> float | None:
    """2 |A and B| / (|A| + |B|) of two bool masks of one shape; None when both are empty."""
    _same_shape(prediction, reference)
    total = np.count_nonzero(prediction) + np.count_nonzero(reference)
    return 2.0 * np.count_nonzero(prediction & reference) / total if total else None


def jaccard(prediction: np.ndarray, reference: np.ndarray) -> float | None:
    """|A and B| / |A or B| of two bool masks of one shape; None when both are empty."""
    _same_shape(prediction, reference)
    union = np.count_nonzero(prediction | reference)
    return np.count_nonzero(prediction & reference) / union if union else None


def structure_metrics(
    prediction: np.ndarray, reference: np.ndarray, spacing_mm: Sequence[float]
) -> StructureMetrics:
    """Metrics of two bool masks (X, Y, Z) on one grid with voxel size `spacing_mm` (3,) per array axis.

    Raises ValueError when shapes differ, an array is not 3D or the spacing is not three positive numbers.
    """
    _same_shape(prediction, reference)
    spacing = _checked_spacing(spacing_mm)
    prediction, reference = np.asarray(prediction, dtype=bool), np.asarray(reference, dtype=bool)
    shape = np.array(prediction.shape, dtype=np.float64)
    voxel_mm3 = float(np.prod(spacing))
    diagonal_mm, diagonal_voxels = float(np.linalg.norm(shape * spacing)), float(np.linalg.norm(shape))
    box = bounding_box(prediction | reference)
    if box is not None:
        prediction, reference = prediction[box], reference[box]
    ours, theirs = int(np.count_nonzero(prediction)), int(np.count_nonzero(reference))
    distances: dict[str, float | None] = dict.fromkeys(
        ("hd95_mm", "asd_mm", "hd95_voxels", "asd_voxels", "medpy_hd95_voxels", "medpy_asd_voxels")
    )
    if ours and theirs:
        state = "present"
        distances = _distances(prediction, reference, spacing)
    else:
        state = "missed" if theirs else "false_alarm" if ours else "absent"
    return StructureMetrics(
        state=state,
        dice=dice(prediction, reference) if box is not None else None,
        jaccard=jaccard(prediction, reference) if box is not None else None,
        volume_mm3=ours * voxel_mm3,
        reference_volume_mm3=theirs * voxel_mm3,
        diagonal_mm=diagonal_mm,
        diagonal_voxels=diagonal_voxels,
        **distances,
    )


def case_metrics(
    prediction: np.ndarray,
    reference: np.ndarray,
    spacing_mm: Sequence[float],
    structures: Mapping[str, int] | Sequence[str],
) -> dict[str, StructureMetrics]:
    """Metrics of every structure of two label maps (X, Y, Z), by structure name.

    `structures` maps names to label values; a plain sequence of names means the values 1, 2, ...
    Raises ValueError as structure_metrics does.
    """
    _same_shape(prediction, reference)
    if not isinstance(structures, Mapping):
        structures = {name: value for value, name in enumerate(structures, start=1)}
    return {
        name: structure_metrics(prediction == value, reference == value, spacing_mm)
        for name, value in structures.items()
    }


def _distances(prediction: np.ndarray, reference: np.ndarray, spacing: np.ndarray) -> dict[str, float | None]:
    ours, theirs = surface_voxels(prediction), surface_voxels(reference)
    in_voxels = distances_between(ours, theirs, (1.0, 1.0, 1.0))
    in_mm = distances_between(ours, theirs, (float(spacing[0]), float(spacing[1]), float(spacing[2])))
    return {
        "hd95_mm": in_mm.hausdorff_95(),
        "asd_mm": in_mm.average(),
        "hd95_voxels": in_voxels.hausdorff_95(),
        "asd_voxels": in_voxels.average(),
        "medpy_hd95_voxels": in_voxels.pooled_hausdorff_95(),
        "medpy_asd_voxels": in_voxels.average_from_prediction(),
    }


def _same_shape(prediction: np.ndarray, reference: np.ndarray) -> None:
    if prediction.ndim != 3 or prediction.shape != reference.shape:
        raise ValueError(
            "prediction and reference must be 3D arrays of one shape, "
            f"not {prediction.shape} and {reference.shape}"
        )


def _checked_spacing(spacing_mm: Sequence[float]) -> np.ndarray:
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if spacing.shape != (3,) or not np.all(np.isfinite(spacing)) or not np.all(spacing > 0):
        raise ValueError(f"spacing must be three positive numbers in mm, not {spacing_mm}")
    return spacing
