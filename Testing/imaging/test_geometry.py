"""Grids are compared with a tolerance and their differences said in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from support.grids import ALL_TURNS, grids, turned_grid

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid, Volume, check_grid, nearest_rotation
from DualSSLSegLib.imaging.resample import as_closest_ras


def test_equal_and_nearly_equal_grids_are_the_same():
    grid = turned_grid((30, 40, 20), (0.5, 0.5, 2), angles=(10, 20, 30))
    assert grid.same_as(Grid(grid.shape, grid.affine + 1e-4))
    assert grid.difference(Grid(grid.shape, grid.affine)) == ""
    assert not grid.same_as(Grid((30, 40, 21), grid.affine))


def test_differences_are_said_in_words():
    grid = turned_grid((30, 40, 20), (1, 1, 2))
    assert grid.difference(Grid((3, 4, 5), grid.affine)) == "size 30 x 40 x 20 instead of 3 x 4 x 5"
    moved = grid.affine.copy()
    moved[:3, 3] += (3, 4, 0)
    assert grid.difference(Grid(grid.shape, moved)) == "first voxel 5.00 mm away"
    assert "axes RAS instead of LAS" in grid.difference(
        turned_grid((30, 40, 20), (1, 1, 2), signs=(-1, 1, 1))
    )
    assert "rotated by 7.0 degrees" in grid.difference(turned_grid((30, 40, 20), (1, 1, 2), angles=(7, 0, 0)))
    assert "voxel spacing 1 x 1 x 2 instead of 1 x 1 x 2.5 mm" in grid.difference(
        turned_grid((30, 40, 20), (1, 1, 2.5))
    )
    stretched = Grid(grid.shape, grid.affine @ np.diag([1.0009, 1, 1, 1]))
    assert "corners up to" in grid.difference(Grid((300, 40, 20), stretched.affine)) or grid.same_as(
        stretched
    )


@given(grid=grids())
def test_the_difference_is_empty_exactly_when_grids_are_the_same(grid):
    for other in (grid, Grid(grid.shape, grid.affine * 1.0000001), as_closest_ras(grid)):
        assert (grid.difference(other) == "") == grid.same_as(other)


@pytest.mark.parametrize(("order", "signs"), ALL_TURNS)
def test_axis_letters_and_the_way_to_ras(order, signs):
    grid = turned_grid((3, 4, 5), (1, 2, 3), order=order, signs=signs, angles=(15, -10, 5))
    letters = "".join("RAS"[w] if s > 0 else "LPI"[w] for w, s in zip(order, signs, strict=True))
    assert grid.axis_codes() == letters
    ras = as_closest_ras(grid)
    assert ras.axis_codes() == "RAS"
    assert sorted(ras.shape) == [3, 4, 5]
    np.testing.assert_allclose(ras.centre_mm, grid.centre_mm)


def test_unusable_grids_are_refused_with_words():
    with pytest.raises(BadInput, match="no usable voxel spacing"):
        check_grid(Grid((3, 3, 3), np.diag([1.0, 0, 1, 1])), "scan.nii")
    with pytest.raises(BadInput, match="make no sense"):
        check_grid(Grid((3, 3, 3), np.full((4, 4), np.nan)), "scan.nii")
    sheared = np.eye(4)
    sheared[0, 1] = 0.3
    with pytest.raises(BadInput, match=r"off by 16\.7 degrees"):
        check_grid(Grid((30, 30, 30), sheared), "scan.nii")
    rounded = Grid((200, 200, 30), np.round(turned_grid((9, 9, 9), (1, 1, 1), angles=(11, 7, 3)).affine, 4))
    assert check_grid(rounded, "scan.nii") is rounded
    with pytest.raises(ValueError, match="3 axes"):
        Grid((3, 3), np.eye(4))


def test_a_volume_knows_its_grid_and_a_grid_cannot_be_changed():
    volume = Volume(np.zeros((2, 3, 4, 5), np.float32), np.diag([1.0, 2, 3, 1]), "case")
    assert volume.grid.shape == (3, 4, 5)
    assert volume.spacing_mm == (1, 2, 3)
    with pytest.raises(ValueError, match="read-only"):
        volume.grid.affine[0, 0] = 5
    np.testing.assert_allclose(nearest_rotation(volume.affine), np.eye(3), atol=1e-12)
