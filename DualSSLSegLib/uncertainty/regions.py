"""Connected uncertain regions of a volume: how uncertain is uncertain, and where one region ends."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from DualSSLSegLib.uncertainty.slabs import bounding_box, slabs

Region = tuple[tuple[slice, ...], np.ndarray]  # a box, and the mask (x, y, z) inside it

CONNECTED = np.ones((3, 3, 3), dtype=bool)  # voxels that share a face, an edge or a corner
_SPREADS = 1.0  # robust standard deviations above the median of all uncertain voxels
_CEILING = 0.8  # of a coin flip between two classes: above, everything is a hot spot
_MAX_CUTS = 6
_ENOUGH = 1_000_000  # voxels for a median


def regions(smooth: np.ndarray, level: float, smallest: int, largest: int) -> list[Region]:
    """Connected regions of `smooth` (X, Y, Z) from `level` on, with at least `smallest` voxels.

    A region of more than `largest` voxels is cut: what is connected above its own median takes its place, and again.
    """
    found: list[Region] = []
    everywhere = tuple(slice(0, size) for size in smooth.shape)
    pending: list[tuple[tuple[slice, ...], np.ndarray | None, float, int]] = [(everywhere, None, level, 0)]
    while pending:
        where, within, level, cuts = pending.pop()
        above = smooth[where] >= level
        if within is not None:
            above &= within
        pieces = _components(above, smallest)
        if not pieces and within is not None:
            found.append((where, within))
        for inner, mask in pieces:
            place = tuple(
                slice(w.start + s.start, w.start + s.stop) for w, s in zip(where, inner, strict=True)
            )
            if np.count_nonzero(mask) > largest and cuts < _MAX_CUTS:
                higher = float(np.median(_some(smooth[place][mask])))
                if higher > level:
                    pending.append((place, mask, higher, cuts + 1))
                    continue
            found.append((place, mask))
    return found


def _components(mask: np.ndarray, smallest: int) -> list[Region]:
    numbered, _ = ndimage.label(mask, structure=CONNECTED)
    found = []
    for number, where in enumerate(ndimage.find_objects(numbered), start=1):
        part = numbered[where] == number
        if np.count_nonzero(part) >= smallest:
            found.append((where, part))
    return found


def smoothed(raw: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Gaussian smoothing of (X, Y, Z) by `sigma` voxels per axis, float16, a few planes at a time."""
    halo = int(3 * float(sigma[0]) + 0.5)
    result = np.empty(raw.shape, dtype=np.float16)
    for slab in slabs(raw.shape):
        wide = slice(max(0, slab.start - halo), min(raw.shape[0], slab.stop + halo))
        part = ndimage.gaussian_filter(np.asarray(raw[wide], dtype=np.float32), sigma, truncate=3)
        result[slab] = part[slab.start - wide.start : slab.stop - wide.start]
    return result


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
    values = _some(values).astype(np.float32)
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return min(max(floor, middle + _SPREADS * spread), _CEILING * coin)


def _some(values: np.ndarray) -> np.ndarray:
    return values[:: -(-values.size // _ENOUGH) or 1]


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
