"""Where voxels lie: the grid of a volume, in millimetres RAS, compared with a tolerance and described in
words.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from os import PathLike

import numpy as np

from DualSSLSegLib.errors import BadInput

SAME_GRID_TOLERANCE = 0.05
"""Largest corner displacement, in voxels, at which two grids still count as the same."""

CONFLICT_TOLERANCE = 0.1
"""Largest corner displacement, in voxels, that shear or two statements of one position may cause."""

LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Turns RAS millimetres into LPS ones and back: multiply an affine by it from the left."""

_FARTHEST_MM = 1e9


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid: `shape` (X, Y, Z) and `affine`, 4x4 float64, from (i, j, k, 1) to RAS millimetres."""

    shape: tuple[int, int, int]
    affine: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or len(self.shape) != 3:
            raise ValueError(f"a grid has 3 axes and a 4x4 affine, not {self.shape} and {affine.shape}")
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxel centres along each array axis."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def directions(self) -> np.ndarray:
        """3x3, unit column vectors: where each array axis points in RAS."""
        return self.affine[:3, :3] / np.array(self.spacing_mm)

    @property
    def centre_mm(self) -> np.ndarray:
        """(3,) the middle of the volume in RAS millimetres."""
        return self.affine[:3, :3] @ ((np.array(self.shape) - 1) / 2) + self.affine[:3, 3]

    def axis_codes(self) -> str:
        """For each array axis the letter of the direction it increases to, such as "RAS" or "LPI"."""
        _, world, signs = closest_axes(self.affine)
        return "".join("RAS"[w] if s > 0 else "LPI"[w] for w, s in zip(world, signs, strict=True))

    def corner_displacement(self, other: Grid) -> float:
        """Largest distance between equal corners, as a share of the smallest voxel edge of both."""
        corners = _corners(self.shape)
        distance = np.linalg.norm(((self.affine - other.affine) @ corners)[:3], axis=0).max()
        return float(distance / min(*self.spacing_mm, *other.spacing_mm))

    def same_as(self, other: Grid, tolerance: float = SAME_GRID_TOLERANCE) -> bool:
        """Equal shape, and no corner further apart than `tolerance` voxels."""
        return self.shape == other.shape and self.corner_displacement(other) <= tolerance

    def difference(self, other: Grid) -> str:
        """How this grid differs from `other`, in words ("size 3 x 4 x 5 instead of ..."); "" when it does
        not.
        """
        words = []
        if self.shape != other.shape:
            words.append(f"size {_times(self.shape)} instead of {_times(other.shape)}")
        ours, theirs = self.spacing_mm, other.spacing_mm
        if any(abs(a - b) > 1e-3 * max(a, b) for a, b in zip(ours, theirs, strict=True)):
            words.append(f"voxel spacing {_millimetres(ours)} instead of {_millimetres(theirs)} mm")
        if self.axis_codes() != other.axis_codes():
            words.append(f"axes {self.axis_codes()} instead of {other.axis_codes()}")
        else:
            cosine = np.clip((self.directions * other.directions).sum(axis=0), -1.0, 1.0)
            angle = float(np.degrees(np.arccos(cosine)).max())
            if angle > 0.05:
                words.append(f"axes rotated by {angle:.1f} degrees")
        shift = float(np.linalg.norm(self.affine[:3, 3] - other.affine[:3, 3]))
        if shift > SAME_GRID_TOLERANCE * min(*ours, *theirs):
            words.append(f"first voxel {shift:.2f} mm away")
        if not words and not self.same_as(other):
            words.append(f"corners up to {self.corner_displacement(other):.2f} voxels apart")
        return ", ".join(words)


@dataclass(frozen=True, eq=False)
class Volume:
    """A scan, `array` (C, X, Y, Z) float32, or a label map, (X, Y, Z) uint8; `affine` as in Grid; `id` of the
    case.
    """

    array: np.ndarray = field(repr=False)
    affine: np.ndarray = field(repr=False)
    id: str

    @property
    def grid(self) -> Grid:
        x, y, z = self.array.shape[-3:]
        return Grid((x, y, z), self.affine)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        return self.grid.spacing_mm


def closest_axes(affine: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Match array axes with the world axes they run along most closely.

    Returns (order, world, signs): `order[w]` is the array axis nearest to world axis w (R, A, S), `world[a]`
    the world axis of array axis a, `signs[a]` +1 where it increases to R, A, S and -1 where it decreases. The
    assignment with the largest sum of cosines wins, so every world axis is taken exactly once.
    """
    matrix = affine[:3, :3]
    cosines = matrix / np.linalg.norm(matrix, axis=0)
    permutations = list(itertools.permutations(range(3)))
    # Rounding keeps the choice stable when an axis lies at exactly 45 degrees.
    sums = [round(sum(abs(cosines[w, order[w]]) for w in range(3)), 6) for order in permutations]
    order = permutations[int(np.argmax(sums))]
    world = tuple(order.index(a) for a in range(3))
    signs = tuple(1 if cosines[world[a], a] >= 0 else -1 for a in range(3))
    return order, world, signs


def nearest_rotation(affine: np.ndarray) -> np.ndarray:
    """3x3 orthogonal matrix (determinant +1 or -1) nearest to the axis directions of `affine`."""
    matrix = affine[:3, :3]
    left, _, right = np.linalg.svd(matrix / np.linalg.norm(matrix, axis=0))
    return left @ right


def is_sane(affine: np.ndarray) -> bool:
    """Whether all numbers are finite and below a thousand kilometres, as in no damaged header."""
    return bool(np.isfinite(affine).all()) and float(np.abs(affine).max()) < _FARTHEST_MM


def check_grid(grid: Grid, path: str | PathLike[str]) -> Grid:
    """Return `grid` when it can be worked on. Raises BadInput for a sheared, flat, degenerate or single-slice
    one.
    """
    matrix = grid.affine[:3, :3]
    again = "Convert it again from the original scan (for example with 3D Slicer or dcm2niix)."
    if not is_sane(grid.affine):
        raise BadInput("the header gives positions that make no sense.", hint=again, path=path)
    lengths = np.linalg.norm(matrix, axis=0)
    if lengths.min() <= 1e-6 or abs(np.linalg.det(matrix / lengths)) < 1e-3:
        raise BadInput("the header gives no usable voxel spacing and orientation.", hint=again, path=path)
    if min(grid.shape) < 2:
        raise BadInput(
            f"this is a single slice ({_times(grid.shape)} voxels), not a volume.",
            hint="Give a 3-D scan with all its slices in one file or one DICOM folder.",
            path=path,
        )
    straight = grid.affine.copy()
    straight[:3, :3] = nearest_rotation(grid.affine) * lengths
    if grid.corner_displacement(Grid(grid.shape, straight)) > CONFLICT_TOLERANCE:
        cosines = np.abs(np.triu((matrix / lengths).T @ (matrix / lengths), 1)).max()
        angle = 90 - np.degrees(np.arccos(min(float(cosines), 1.0)))
        raise BadInput(
            f"the axes of this volume are not at right angles (off by {angle:.1f} degrees; a sheared affine, "
            "as from a tilted gantry or an affine registration).",
            hint="Resample it onto a rectangular grid first (3D Slicer: Resample Scalar/Vector/DWI Volume).",
            path=path,
        )
    return grid


def _corners(shape: tuple[int, int, int]) -> np.ndarray:
    """(4, 8) homogeneous indices of the corner voxels."""
    ends = list(itertools.product(*((0, n - 1) for n in shape)))
    return np.vstack([np.array(ends, dtype=np.float64).T, np.ones(8)])


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)


def _millimetres(spacing: tuple[float, ...]) -> str:
    return " x ".join(f"{s:.3g}" for s in spacing)
