"""Voxels of one grid onto another one: exactly where the two share a lattice, interpolated where they do
not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, SAME_GRID_TOLERANCE, Grid


@dataclass(frozen=True)
class Lattice:
    """How source voxels coincide with target voxels: target index t[a] = signs[a] * s[order[a]] +
    offset[a].
    """

    order: tuple[int, int, int]
    signs: tuple[int, int, int]
    offset: tuple[int, int, int]

    def starts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Lowest target index of the source's box along each target axis."""
        return tuple(
            o if s > 0 else o - (shape[a] - 1)
            for o, s, a in zip(self.offset, self.signs, self.order, strict=True)
        )

    def outside(self, shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
        """Whether any of the source's box lies outside the target."""
        return any(
            start < 0 or start + shape[a] > n
            for start, a, n in zip(self.starts(shape), self.order, target, strict=True)
        )


def lattice(source: Grid, target: Grid) -> Lattice | None:
    """The way the voxels of `source` fall onto those of `target` (or of its continuation); None when they do
    not.
    """
    matrix = np.linalg.solve(target.affine, source.affine)
    rounded = np.rint(matrix)
    turn = rounded[:3, :3]
    if not (np.abs(turn).sum(axis=0) == 1).all() or not (np.abs(turn).sum(axis=1) == 1).all():
        return None
    snapped = Grid(source.shape, target.affine @ rounded)
    if snapped.corner_displacement(source) > SAME_GRID_TOLERANCE:
        return None
    a, b, c = (int(np.argmax(np.abs(turn[axis]))) for axis in range(3))
    x, y, z = (int(turn[axis, along]) for axis, along in enumerate((a, b, c)))
    i, j, k = (int(v) for v in rounded[:3, 3])
    return Lattice((a, b, c), (x, y, z), (i, j, k))


def paste(source: np.ndarray, target: np.ndarray, step: Lattice, mask: np.ndarray | None = None) -> None:
    """Copy source (X, Y, Z), where `mask` of its shape is true, into `target` in place; what lies outside is
    dropped.
    """
    turned = _turn(source, step)
    cut, place = [], []
    for start, count, wanted in zip(step.starts(source.shape), turned.shape, target.shape, strict=True):
        first, last = max(0, start), min(wanted, start + count)
        if first >= last:
            return
        place.append(slice(first, last))
        cut.append(slice(first - start, last - start))
    where: np.ndarray | bool = True if mask is None else _turn(mask, step)[tuple(cut)]
    np.copyto(target[tuple(place)], turned[tuple(cut)], where=where)


def place_mask(mask: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """A boolean mask on `source` as a boolean mask on `target`: exact on a shared lattice, else linear and at
    least half.
    """
    step = lattice(source, target)
    if step is None:
        return _resample(mask, source, target) >= 0.5
    result = np.zeros(target.shape, bool)
    paste(mask, result, step)
    return result


def _turn(array: np.ndarray, step: Lattice) -> np.ndarray:
    turned = array.transpose(step.order)
    return turned[tuple(slice(None, None, sign) for sign in step.signs)]


def _resample(mask: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """Linear interpolation between grids that may be rotated against each other; 0 outside the source."""
    import SimpleITK as sitk

    # One voxel of zeros all round, so that the mask ends half way to its neighbour at the border, too.
    image = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.float32).transpose(2, 1, 0))
    shift = np.eye(4)
    shift[:3, 3] = -1
    padded = Grid(tuple(n + 2 for n in source.shape), source.affine @ shift)  # type: ignore[arg-type]
    _stamp(image, padded)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize([int(n) for n in target.shape])
    origin, spacing, direction = _lps(target)
    resampler.SetOutputOrigin(origin)
    resampler.SetOutputSpacing(spacing)
    resampler.SetOutputDirection(direction)
    resampler.SetInterpolator(sitk.sitkLinear)
    return sitk.GetArrayFromImage(resampler.Execute(image)).transpose(2, 1, 0)


def _stamp(image, grid: Grid) -> None:
    origin, spacing, direction = _lps(grid)
    image.SetOrigin(origin)
    image.SetSpacing(spacing)
    image.SetDirection(direction)


def _lps(grid: Grid) -> tuple[list[float], list[float], list[float]]:
    lps = LPS_FROM_RAS @ grid.affine
    direction = lps[:3, :3] / np.array(grid.spacing_mm)
    return [float(v) for v in lps[:3, 3]], list(grid.spacing_mm), [float(v) for v in direction.ravel()]


def share_inside(mask: np.ndarray, source: Grid, target: Grid) -> float:
    """The share of a mask's voxels whose centres lie inside the voxels of `target`. Raises ValueError when
    empty.

    Mostly the corners of its box tell; else plane by plane, since positions take many times the memory of a mask.
    """
    corners = _box_corners(mask)
    if corners is None:
        raise ValueError("an empty mask lies nowhere")
    if _inside(corners, source, target).all():
        return 1.0
    inside = total = 0
    for index, plane in enumerate(mask):
        y, z = np.nonzero(plane)
        inside += int(_inside(np.stack([np.full_like(y, index), y, z]), source, target).sum())
        total += len(y)
    return inside / total


def _inside(indices: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """(n,) bool for voxels (3, n) of `source`."""
    matrix = np.linalg.solve(target.affine, source.affine)
    where = matrix[:3, :3] @ indices + matrix[:3, 3:]
    ends = np.array(target.shape)[:, None] - 0.5
    return ((where >= -0.5 - 1e-6) & (where <= ends + 1e-6)).all(axis=0)


def _box_corners(mask: np.ndarray) -> np.ndarray | None:
    """(3, 8) the outermost voxels of the box around a mask, None when it is empty."""
    ends = []
    for axis in range(3):
        found = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        if not found.size:
            return None
        ends.append((found[0], found[-1]))
    return np.stack(np.meshgrid(*ends, indexing="ij")).reshape(3, 8)
