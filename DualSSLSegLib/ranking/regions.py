"""Voxel-level measures under the case score: regions, pieces, overlap tables, entropy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

Box = tuple[slice, slice, slice]

RIM_VOXELS = 3
_SPECK_SHARE = 0.01  # a component below this share of its structure is a speck, not a piece
_PLANES = 64
_CORNERS = ndimage.generate_binary_structure(3, 3)


class Pieces(NamedTuple):
    """Connected components of one structure."""

    number: int  # components of at least 1 % of the structure's volume
    outside_largest: float  # share of the structure's voxels that lie outside its largest component, 0..1


def bounding_box(mask: np.ndarray, margin: int = 0) -> Box | None:
    """The box of `mask` (X, Y, Z) bool that holds every True voxel, grown by `margin`, or None when empty."""
    sides = []
    for axis in range(3):
        present = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        if present.size == 0:
            return None
        low, high = int(present[0]) - margin, int(present[-1]) + 1 + margin
        sides.append(slice(max(low, 0), min(high, mask.shape[axis])))
    return (sides[0], sides[1], sides[2])


def dilated(mask: np.ndarray, voxels: int = RIM_VOXELS) -> np.ndarray:
    """`mask` (X, Y, Z) bool and every voxel at most `voxels` voxels away from it; spacing plays no part.

    Some planes at a time: the distance transform of a whole CT would need 20 bytes a voxel.
    """
    result = np.zeros(mask.shape, dtype=bool)
    for start in range(0, mask.shape[0], _PLANES):
        stop = min(start + _PLANES, mask.shape[0])
        low, high = max(start - voxels, 0), min(stop + voxels, mask.shape[0])
        part = mask[low:high]
        if part.any():
            near = ndimage.distance_transform_edt(~part) <= voxels
            result[start:stop] = near[start - low : stop - low]
    return result


def pieces(mask: np.ndarray) -> Pieces:
    """Components of `mask` (X, Y, Z) bool; voxels that touch at a corner belong together."""
    box = bounding_box(mask)
    if box is None:
        return Pieces(0, 0.0)
    components, _ = ndimage.label(mask[box], _CORNERS)
    sizes = np.bincount(components.ravel())[1:]
    total = int(sizes.sum())
    return Pieces(int(np.count_nonzero(sizes >= _SPECK_SHARE * total)), float(1 - sizes.max() / total))


def overlap_table(one: np.ndarray, other: np.ndarray, classes: int) -> np.ndarray:
    """(K, K) int64: how many voxels carry class i in `one` and class j in `other` (uint8, one shape)."""
    both = one.ravel().astype(np.int32) * classes + other.ravel()
    return np.bincount(both, minlength=classes * classes).reshape(classes, classes)


def dice_from_table(table: np.ndarray) -> np.ndarray:
    """(K,) float64 Dice per class of an overlap table; NaN where both sides lack the class."""
    sizes = table.sum(axis=0) + table.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(sizes > 0, 2 * np.diag(table) / sizes, np.nan)


def normalised_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy over axis 0 of (K, ...) divided by ln K, float32 in 0..1."""
    mean = np.asarray(probabilities, dtype=np.float32)
    logarithm = np.log(np.maximum(mean, np.finfo(np.float32).tiny))
    entropy = -(mean * logarithm).sum(axis=0) / np.float32(np.log(mean.shape[0]))
    return np.clip(entropy, 0.0, 1.0)
