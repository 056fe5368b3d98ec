"""Distances between the surfaces of two structures, on an anisotropic grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

_FACES = ndimage.generate_binary_structure(3, 1)


class SurfaceDistances(NamedTuple):
    """Nearest distances, one per surface voxel of each side, in the unit of the spacing asked for."""

    # (P,) float64: each surface voxel of the prediction to the reference's surface
    from_prediction: np.ndarray
    # (R,) float64: the other way round
    from_reference: np.ndarray

    def hausdorff_95(self) -> float:
        """The larger of both directed 95th percentiles (Maier-Hein et al., Metrics Reloaded, 2024)."""
        return float(max(np.percentile(self.from_prediction, 95), np.percentile(self.from_reference, 95)))

    def average(self) -> float:
        """Average symmetric surface distance: the mean over the surface voxels of both sides together."""
        total = self.from_prediction.sum() + self.from_reference.sum()
        return float(total / (len(self.from_prediction) + len(self.from_reference)))

    def pooled_hausdorff_95(self) -> float:
        """The 95th percentile of both directions together, as `medpy.metric.hd95` has it."""
        return float(np.percentile(np.concatenate(self), 95))

    def average_from_prediction(self) -> float:
        """The mean from prediction to reference only, as `medpy.metric.asd(prediction, reference)`."""
        return float(self.from_prediction.mean())


def bounding_box(mask: np.ndarray) -> tuple[slice, slice, slice] | None:
    """The smallest box of `mask` (X, Y, Z) bool that holds every True voxel, or None when there is none."""
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        present = np.flatnonzero(mask.any(axis=others))
        if present.size == 0:
            return None
        box.append(slice(int(present[0]), int(present[-1]) + 1))
    return (box[0], box[1], box[2])


def surface_voxels(mask: np.ndarray) -> np.ndarray:
    """Indices (P, 3) int64 of the voxels of `mask` (X, Y, Z) bool with a face to the outside.

    Beyond the edge of the volume is outside, so a structure cut off by the edge has a surface there.
    """
    box = bounding_box(mask)
    if box is None:
        return np.zeros((0, 3), dtype=np.int64)
    inside = mask[box]
    surface = inside & ~ndimage.binary_erosion(inside, _FACES)
    return np.argwhere(surface) + np.array([side.start for side in box])


def surface_distances(
    prediction: np.ndarray, reference: np.ndarray, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> SurfaceDistances:
    """Distances between the surfaces of two non-empty bool masks (X, Y, Z).

    `spacing` is the voxel size per array axis; ones give distances in voxels.
    Raises ValueError when a mask is empty.
    """
    ours, theirs = surface_voxels(prediction), surface_voxels(reference)
    return distances_between(ours, theirs, spacing)


def distances_between(
    prediction_surface: np.ndarray, reference_surface: np.ndarray, spacing: tuple[float, float, float]
) -> SurfaceDistances:
    """As surface_distances, from the surface voxels (P, 3) and (R, 3), so that several spacings share them.

    A search tree needs memory by the surface, a distance transform by the box around both structures, which
    for two small ones far apart in a large CT is the whole volume. The tree is also several times faster.
    """
    if len(prediction_surface) == 0 or len(reference_surface) == 0:
        raise ValueError("the distance to an empty structure is undefined")
    scale = np.asarray(spacing, dtype=np.float64)
    ours, theirs = prediction_surface * scale, reference_surface * scale
    return SurfaceDistances(
        np.asarray(cKDTree(theirs).query(ours)[0], dtype=np.float64),
        np.asarray(cKDTree(ours).query(theirs)[0], dtype=np.float64),
    )
