"""Where something lies, in words a reader of scans uses: borders between structures, ends and sides of a structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_WORDS = (("left", "right"), ("posterior", "anterior"), ("inferior", "superior"))  # RAS: towards -, towards +
_OFF_CENTRE = 0.5  # of the half extent: beyond it a place is at an end, before it in the middle
_SECOND = 0.75  # a second direction is named when it is this far off centre and nearly as far as the first
_MAX_VOXELS = 50_000


@dataclass(frozen=True)
class Extent:
    """Where a structure lies: the middle and half extents along right, anterior and superior, in mm.

    points_mm: some of its voxels (n, 3), enough to measure a distance to it.
    """

    middle_mm: np.ndarray
    half_mm: np.ndarray
    points_mm: np.ndarray


def to_ras(voxels: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Voxel positions (n, 3) -> RAS mm (n, 3)."""
    return voxels @ affine[:3, :3].T + affine[:3, 3]


def extents(label: np.ndarray, classes: int, affine: np.ndarray) -> dict[int, Extent | None]:
    """The extent of every class 1 to `classes` - 1 in a label (X, Y, Z) of class indices; None of one that is not
    there.

    The outermost 2 % of voxels on each side are left out: a stray voxel is not an end.
    """
    boxes = ndimage.find_objects(np.asarray(label), max_label=classes - 1)
    return {
        value: None if box is None else _extent(label[box], value, [s.start for s in box], affine)
        for value, box in enumerate(boxes, 1)
    }


def _extent(part: np.ndarray, value: int, offset: Sequence[int], affine: np.ndarray) -> Extent:
    """From every n-th voxel of the class `value` in a part of a label that starts at voxel `offset`."""
    step = -(-sum(int(np.count_nonzero(plane == value)) for plane in part) // _MAX_VOXELS)
    chosen: list[np.ndarray] = []
    seen = 0
    for x, plane in enumerate(part):  # a plane at a time: indices take eight times the memory of a label
        y, z = np.nonzero(plane == value)
        some = slice(-seen % step, None, step)
        chosen.append(np.stack([np.full_like(y[some], x), y[some], z[some]], 1))
        seen += y.size
    points = to_ras(np.concatenate(chosen) + np.asarray(offset), affine)
    low, high = np.percentile(points, (2, 98), axis=0)
    return Extent((low + high) / 2, np.maximum((high - low) / 2, _half_voxel(affine)), points)


def scan_extent(shape: Sequence[int], affine: np.ndarray) -> Extent:
    """The extent of a whole scan."""
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.asarray(shape) - 1)
    points = to_ras(corners, affine)
    low, high = points.min(axis=0), points.max(axis=0)
    return Extent((low + high) / 2, np.maximum((high - low) / 2, _half_voxel(affine)), points)


def direction(point_mm: np.ndarray, of: Extent) -> tuple[str, bool]:
    """Which way `point_mm` (RAS) lies off the middle: ("superior", True), ("left posterior", False) or ("", False).

    True says that the first direction runs along the longest extent, so that it is an end and not a side.
    """
    off = (point_mm - of.middle_mm) / of.half_mm
    order = np.argsort(-np.abs(off))
    first, second = int(order[0]), int(order[1])
    if abs(off[first]) < _OFF_CENTRE:
        return "", False
    axes = [first]
    if abs(off[second]) >= max(_OFF_CENTRE, _SECOND * abs(off[first])):
        axes.append(second)
    words = [_WORDS[axis][int(off[axis] > 0)] for axis in sorted(axes)]
    return " ".join(words), first == int(np.argmax(of.half_mm))


def place_on_structure(point_mm: np.ndarray, of: Extent) -> str:
    """ "at its superior end", "on its left side" or "in its middle part"."""
    words, end = direction(point_mm, of)
    if not words:
        return "in its middle part"
    return f"at its {words} end" if end else f"on its {words} side"


def place_in_scan(point_mm: np.ndarray, of: Extent) -> str:
    """ "in the left posterior part of the scan" or "in the middle of the scan"."""
    words, _ = direction(point_mm, of)
    return f"in the {words} part of the scan" if words else "in the middle of the scan"


def _half_voxel(affine: np.ndarray) -> np.ndarray:
    """Half of what a voxel measures along right, anterior and superior: no extent is smaller."""
    return np.abs(affine[:3, :3]).sum(axis=1) / 2
