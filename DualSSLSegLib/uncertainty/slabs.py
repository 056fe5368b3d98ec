"""Working on a volume a few planes at a time, so that memory maps never have to fit into memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence

import numpy as np

_SLAB_BYTES = 64 * 2**20  # of float32 per slab: large enough for speed, small enough to be nothing


def slabs(shape: Sequence[int]) -> Iterator[slice]:
    """Slices along x for an array (..., X, Y, Z) with at least three axes."""
    *front, planes, rows, columns = shape
    plane_bytes = int(np.prod(front, dtype=np.int64)) * rows * columns * 4
    depth = max(1, _SLAB_BYTES // max(1, plane_bytes))
    for start in range(0, planes, depth):
        yield slice(start, min(start + depth, planes))


def planes(array: np.ndarray) -> Iterator[slice]:
    """Slices along x of `array`; the pages of a memory map are let go after each, or they would all stay in memory."""
    for slab in slabs(array.shape):
        yield slab
        if isinstance(array, np.memmap) and array.mode == "r":
            pages = getattr(array, "_mmap", None)  # on platforms without madvise the system decides by itself
            if isinstance(pages, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                pages.madvise(mmap.MADV_DONTNEED)


def bounding_box(mask: np.ndarray, margin: int = 0) -> tuple[slice, slice, slice] | None:
    """The smallest box around all voxels of `mask` (X, Y, Z) that are not zero, grown by `margin`; None without any.

    `mask` is an array or a memory map.
    """
    found = [np.zeros(size, dtype=bool) for size in mask.shape]
    for slab in planes(mask):
        part = np.asarray(mask[slab]) != 0
        found[0][slab] = part.any(axis=(1, 2))
        found[1] |= part.any(axis=(0, 2))
        found[2] |= part.any(axis=(0, 1))
    if not found[0].any():
        return None
    box = []
    for line, size in zip(found, mask.shape, strict=True):
        inside = np.flatnonzero(line)
        box.append(slice(max(0, int(inside[0]) - margin), min(size, int(inside[-1]) + 1 + margin)))
    return box[0], box[1], box[2]
