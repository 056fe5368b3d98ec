"""Connected uncertain regions of a volume: how uncertain is uncertain, and where one region ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from DualSSLSegLib.uncertainty.slabs import bounding_box, slabs

Region = tuple[tuple[slice, ...], np.ndarray]  # a box, and the mask (x, y, z) inside it

CONNECTED = np.ones((3, 3, 3), dtype=bool)  # voxels that share a face, an edge or a corner
_SPREADS = 1.0  # robust standard deviations above the median of all uncertain voxels
_CEILING = 0.8  # of a coin flip between two classes: above, everything is a hot spot
_MAX_SPLITS = 6


def regions(
    smooth: np.ndarray, level: float, smallest: int, largest: int, splits: int = 0
) -> Iterator[Region]:
    """Connected regions above `level` as (box, mask inside the box); too large ones are cut at higher levels."""
    numbered, _ = ndimage.label(smooth >= level, structure=CONNECTED)
    for number, where in enumerate(ndimage.find_objects(numbered), start=1):
        mask = numbered[where] == number
        count = np.count_nonzero(mask)
        if count < smallest:
            continue
        if count > largest and splits < _MAX_SPLITS:
            values = np.where(mask, smooth[where], -1)
            higher = float(np.median(values[mask]))
            pieces = list(regions(values, higher, smallest, largest, splits + 1)) if higher > level else []
            if pieces:
                for inner, piece in pieces:
                    moved = (
                        slice(w.start + s.start, w.start + s.stop) for w, s in zip(where, inner, strict=True)
                    )
                    yield tuple(moved), piece
                continue
        yield where, mask


def grow(found: list[Region], into: np.ndarray) -> list[Region]:
    """Give every region back the voxel that smoothing took from its outline: out of `into`, never another region's."""
    free = into.copy()
    for where, mask in found:
        free[where] &= ~mask
    grown = []
    for where, mask in found:
        wide = tuple(
            slice(max(0, s.start - 1), s.stop + 1) for s in where
        )  # slices end with the array by themselves
        outside = free[wide]
        inner = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(where, wide, strict=True))
        whole = np.zeros(outside.shape, dtype=bool)
        whole[inner] = mask
        whole |= ndimage.binary_dilation(whole, CONNECTED) & outside
        outside &= ~whole
        grown.append((wide, whole))
    return grown


def robust_level(values: np.ndarray, floor: float, coin: float) -> float:
    """Median plus one robust standard deviation (1.4826 x median absolute deviation), from floor to 0.8 coin flips."""
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return min(max(floor, middle + _SPREADS * spread), _CEILING * coin)


def uncertain_box(uncertainty: np.ndarray, above: float) -> tuple[slice, slice, slice] | None:
    """The box around all voxels of `uncertainty` (X, Y, Z) from `above` on, 3 voxels wider; None without any."""
    unsure = np.zeros(uncertainty.shape, dtype=bool)
    for slab in slabs(uncertainty.shape):
        np.greater_equal(uncertainty[slab], above, out=unsure[slab])
    return bounding_box(unsure, margin=3)


def one_voxel(affine: np.ndarray) -> np.ndarray:
    """Smoothing per axis in voxels: one voxel of mean size, the same distance in mm along every axis."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    return np.minimum(1.0, np.prod(spacing) ** (1 / 3) / spacing)
