"""Between a scan's own grid and the working grid the networks see.

The working grid has its axes in the order R, A, S nearest to the scan's own (a permutation and flips, never a
rotation) and the planned spacing; it has the scan's centre and covers its whole extent. Where the spacing is
the scan's own, nothing is interpolated and the way there and back returns identical bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from DualSSLSegLib.imaging.geometry import SAME_GRID_TOLERANCE, Grid, closest_axes

_SAME_SPACING_DRIFT = 0.05
"""Difference of extents, in voxels over a whole axis, below which a spacing counts as the scan's own."""


def as_closest_ras(grid: Grid) -> Grid:
    """The same voxels with axes permuted and flipped to increase towards R, A, S as nearly as possible.

    Its shape and spacing are what planning should look at: they are in the axis order of the working grid.
    """
    order, _, signs = closest_axes(grid.affine)
    affine = grid.affine.copy()
    for axis, sign in enumerate(signs):
        if sign < 0:
            affine[:3, 3] += affine[:3, axis] * (grid.shape[axis] - 1)
            affine[:3, axis] *= -1
    affine[:3, :3] = affine[:3, list(order)]
    x, y, z = (grid.shape[axis] for axis in order)
    return Grid((x, y, z), affine)


def working_grid(grid: Grid, spacing_mm: Sequence[float]) -> Grid:
    """The grid `to_working` puts a scan on: `spacing_mm` in R, A, S order, centred on the scan, covering all
    of it.

    An axis whose spacing agrees with the scan's to a twentieth of a voxel over the axis keeps the scan's
    spacing. Raises ValueError for a spacing that is not positive.
    """
    wanted = np.asarray(spacing_mm, dtype=np.float64)
    if wanted.shape != (3,) or not (np.isfinite(wanted) & (wanted > 0)).all():
        raise ValueError(f"a working spacing is three positive lengths in mm, not {tuple(spacing_mm)}")
    own = as_closest_ras(grid)
    affine = own.affine.copy()
    shape = []
    for axis, (count, old, new) in enumerate(zip(own.shape, own.spacing_mm, wanted, strict=True)):
        if count * abs(new / old - 1) < _SAME_SPACING_DRIFT:
            shape.append(count)
            continue
        # Rounded up, so that no part of the scan is left out; the surplus is shared by both ends.
        shape.append(max(1, int(np.ceil(count * old / new - _SAME_SPACING_DRIFT))))
        affine[:3, axis] *= new / old
        affine[:3, 3] += own.affine[:3, axis] * ((count - 1) / 2 - (shape[-1] - 1) / 2 * new / old)
    x, y, z = shape
    return Grid((x, y, z), affine)


def to_working(
    array: np.ndarray, grid: Grid, spacing_mm: Sequence[float], *, label: bool
) -> tuple[np.ndarray, Grid]:
    """Bring a scan (C, X, Y, Z) or (X, Y, Z) on `grid`, or with `label` a label map (X, Y, Z), to its working
    grid.

    `spacing_mm` is in R, A, S order. Returns a C-ordered array (float32, or the label's own type) and the
    working grid. Numbers are interpolated linearly between voxel centres, and averaged where the new voxel is
    larger than the old one; labels take the value with the largest share.
    """
    target = working_grid(grid, spacing_mm)
    return _onto(array, grid, target, label), target


def from_working(array: np.ndarray, working: Grid, target: Grid, *, label: bool) -> np.ndarray:
    """The way back: (X, Y, Z) or (K, X, Y, Z) on `working`, a working grid of `target`, onto `target.shape`.

    Float32 by linear interpolation, or with `label` (X, Y, Z) in its own type. Raises ValueError when
    `working` does not run along the axes of `target`.
    """
    return _onto(array, working, target, label)


def _onto(array: np.ndarray, source: Grid, target: Grid, label: bool) -> np.ndarray:
    if array.shape[-3:] != source.shape or array.ndim > (3 if label else 4):
        raise ValueError(f"an array of shape {array.shape} does not lie on a grid of {source.shape}")
    order, flips, weights = _mapping(source, target)
    if label:
        return _label(_turn(array, order, flips), weights)
    if array.ndim == 3:
        return _onto(array[None], source, target, label)[0]
    result = np.empty((array.shape[0], *target.shape), np.float32)
    for channel in range(array.shape[0]):
        result[channel] = _interpolate(_turn(array[channel], order, flips), weights)
    return result


def _mapping(source: Grid, target: Grid) -> tuple[tuple[int, ...], list[bool], list[np.ndarray | None]]:
    """For each target axis: the source axis along it, whether it is flipped, and its weights (None: copied as
    it is).
    """
    matrix = np.linalg.solve(source.affine, target.affine)
    steps = matrix[:3, :3]
    order = tuple(int(np.argmax(np.abs(steps[:, axis]))) for axis in range(3))
    rest = steps.copy()
    rest[list(order), range(3)] = 0
    if sorted(order) != [0, 1, 2] or np.abs(rest @ np.diag(target.shape)).max() > SAME_GRID_TOLERANCE:
        raise ValueError(f"these grids are turned against each other: {source.difference(target)}")
    flips, weights = [], []
    for axis, along in enumerate(order):
        step, start = float(steps[along, axis]), float(matrix[along, 3])
        flips.append(step < 0)
        if step < 0:
            step, start = -step, source.shape[along] - 1 - start
        weights.append(_weights(source.shape[along], target.shape[axis], step, start))
    return order, flips, weights


def _weights(count: int, wanted: int, step: float, start: float) -> np.ndarray | None:
    """(wanted, count) float32 rows that sum to 1: output voxel j lies at source index start + j * step."""
    drift = max(abs(start), abs(start + (wanted - 1) * step - (count - 1)))
    if count == wanted and drift < _SAME_SPACING_DRIFT:
        return None
    positions = start + np.arange(wanted) * step
    # Averaging the linear interpolant over a box keeps straight lines straight; this width smooths as much as
    # a triangle filter as wide as the new voxel, and fades to plain interpolation as the step nears one
    # voxel.
    width = float(np.sqrt(2 * (step * step - 1))) if step > 1 else 0.0
    reach = int(np.ceil(1 + width / 2)) + 1
    taps = np.floor(positions).astype(int)[:, None] + np.arange(1 - reach, reach + 1)
    offsets = positions[:, None] - taps
    if width < 1e-3:
        shares = np.maximum(0.0, 1.0 - np.abs(offsets))
    else:
        shares = _hat_below(offsets + width / 2) - _hat_below(offsets - width / 2)
    result = np.zeros((wanted, count))
    # Beyond the first and last voxel centre the border voxel counts, so the half voxel outside it stays what
    # it was.
    np.add.at(result, (np.arange(wanted)[:, None], np.clip(taps, 0, count - 1)), shares)
    return (result / result.sum(axis=1, keepdims=True)).astype(np.float32)


def _hat_below(offset: np.ndarray) -> np.ndarray:
    """Integral of the hat function max(0, 1 - |u|) from minus infinity to `offset`."""
    u = np.clip(offset, -1.0, 1.0)
    return np.where(u < 0, (1 + u) ** 2 / 2, 1 - (1 - u) ** 2 / 2)


def _turn(array: np.ndarray, order: tuple[int, ...], flips: list[bool]) -> np.ndarray:
    turned = array.transpose(order)
    return turned[tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)]


def _interpolate(array: np.ndarray, weights: list[np.ndarray | None]) -> np.ndarray:
    """Apply each axis' weights to (X, Y, Z); shrinking axes first, because that leaves less to do."""
    result = np.ascontiguousarray(array, dtype=np.float32)
    ranked = sorted(range(3), key=lambda axis: _growth(weights[axis]))
    for axis in ranked:
        matrix = weights[axis]
        if matrix is None:
            continue
        x, y, z = result.shape
        if axis == 0:
            result = (matrix @ result.reshape(x, y * z)).reshape(len(matrix), y, z)
        elif axis == 1:
            result = np.matmul(matrix, result)
        else:
            result = (result.reshape(x * y, z) @ matrix.T).reshape(x, y, len(matrix))
    return result


def _growth(matrix: np.ndarray | None) -> float:
    return 1.0 if matrix is None else matrix.shape[0] / matrix.shape[1]


def _label(array: np.ndarray, weights: list[np.ndarray | None]) -> np.ndarray:
    """The value with the largest share at each voxel; on a tie the smallest value."""
    if all(matrix is None for matrix in weights):
        return array.copy(order="C")
    array = np.ascontiguousarray(array)
    shape = tuple(n if m is None else len(m) for n, m in zip(array.shape, weights, strict=True))
    values = np.unique(array)
    best = np.zeros(shape, np.float32)
    result = np.full(shape, values[0], array.dtype)
    for value in values:
        box, part_weights = _reached(array == value, weights)
        if box is None:
            continue
        inside, outside = box
        share = _interpolate(array[inside] == value, part_weights)
        # A hair's breadth, so that rounding noise does not decide between equal shares.
        larger = share > best[outside] + 1e-6
        result[outside][larger] = value
        np.copyto(best[outside], share, where=larger)
    return result


def _reached(mask: np.ndarray, weights: list[np.ndarray | None]):
    """The box around a mask, the box of output voxels it reaches, and the weights between the two."""
    inside, outside = [], []
    parts: list[np.ndarray | None] = []
    for axis, matrix in enumerate(weights):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if len(used) == 0:
            return None, weights
        rows = slice(int(used[0]), int(used[-1]) + 1)
        inside.append(rows)
        if matrix is None:
            outside.append(rows)
            parts.append(None)
            continue
        touched = np.flatnonzero(matrix[:, rows].any(axis=1))
        if len(touched) == 0:
            return None, weights
        columns = slice(int(touched[0]), int(touched[-1]) + 1)
        outside.append(columns)
        parts.append(np.ascontiguousarray(matrix[columns, rows]))
    return (tuple(inside), tuple(outside)), parts
