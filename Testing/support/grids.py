"""Grids of every kind for property tests, and a blob whose place in the patient is known."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from DualSSLSegLib.imaging.geometry import Grid

ALL_TURNS = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]
"""The 48 ways to permute and flip three axes."""


def rotation(x_deg: float, y_deg: float, z_deg: float) -> np.ndarray:
    """3x3 rotation about x, then y, then z."""
    result = np.eye(3)
    for axis, degrees in enumerate((x_deg, y_deg, z_deg)):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        one = np.eye(3)
        a, b = [n for n in range(3) if n != axis]
        one[a, a], one[a, b], one[b, a], one[b, b] = c, -s, s, c
        result = one @ result
    return result


def turned_grid(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    *,
    order: tuple[int, ...] = (0, 1, 2),
    signs: tuple[int, ...] = (1, 1, 1),
    angles: tuple[float, float, float] = (0, 0, 0),
    centre: tuple[float, float, float] = (12.5, -33.25, 107.0),
) -> Grid:
    """A grid of `shape` around `centre` whose array axis a runs along world axis order[a], signs[a],
    rotated.
    """
    affine = np.eye(4)
    matrix = np.zeros((3, 3))
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        matrix[world, axis] = sign
    affine[:3, :3] = rotation(*angles) @ matrix * spacing_mm
    affine[:3, 3] = np.array(centre) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


@st.composite
def grids(draw, low: int = 8, high: int = 22, oblique: bool = True) -> Grid:
    """Any shape, spacing, axis order and flip; with `oblique` rotated by up to 40 degrees about each axis."""
    order, signs = draw(st.sampled_from(ALL_TURNS))
    lengths = st.floats(0.4, 6.0).map(lambda v: round(v, 3))
    angle = st.floats(-40, 40).map(lambda v: round(v, 2)) if oblique else st.just(0.0)
    place = st.floats(-300, 300).map(lambda v: round(v, 2))
    return turned_grid(
        draw(st.tuples(*[st.integers(low, high)] * 3)),
        draw(st.tuples(lengths, lengths, lengths)),
        order=order,
        signs=signs,
        angles=draw(st.tuples(angle, angle, angle)),
        centre=draw(st.tuples(place, place, place)),
    )


def blob(grid: Grid) -> np.ndarray:
    """Label (X, Y, Z) uint8: an off-centre box of ones, of at least 3 voxels a side, with one corner of value
    2.
    """
    label = np.zeros(grid.shape, np.uint8)
    low = [n // 4 for n in grid.shape]
    high = [max(a + 3, (5 * n) // 8) for a, n in zip(low, grid.shape, strict=True)]
    label[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = 1
    label[tuple(slice(a, a + (b - a + 1) // 2) for a, b in zip(low, high, strict=True))] = 2
    return label


def centroid_mm(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """(3,) mean position of a mask's voxel centres in RAS millimetres."""
    return affine[:3, :3] @ np.argwhere(mask).mean(axis=0) + affine[:3, 3]
