"""To the working grid and back: exact where nothing needs interpolating, centred and covering elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grids import ALL_TURNS, blob, centroid_mm, grids, turned_grid

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.resample import as_closest_ras, from_working, to_working, working_grid

SPACINGS = st.tuples(*[st.floats(0.4, 8.0)] * 3)


@pytest.mark.parametrize(("order", "signs"), ALL_TURNS)
def test_every_axis_order_and_flip_comes_back_bit_for_bit(order, signs):
    grid = turned_grid((5, 7, 9), (0.7, 0.8, 3.0), order=order, signs=signs, angles=(9, -7, 4))
    rng = np.random.default_rng(0)
    label = rng.integers(0, 256, grid.shape).astype(np.uint8)
    image = rng.normal(size=(2, *grid.shape)).astype(np.float32)
    spacing = as_closest_ras(grid).spacing_mm

    there, working = to_working(label, grid, spacing, label=True)
    assert np.array_equal(from_working(there, working, grid, label=True), label)
    assert working.axis_codes() == "RAS"
    there, again = to_working(image, grid, spacing, label=False)
    assert again.same_as(working, 0)
    assert np.array_equal(from_working(there, working, grid, label=False), image)
    index = np.array([1, 2, 3, 1])
    there_index = np.rint(np.linalg.solve(working.affine, grid.affine @ index)).astype(int)[:3]
    assert np.array_equal(there[:, *there_index], image[:, 1, 2, 3])


@settings(max_examples=60, deadline=None)
@given(grid=grids(low=3), spacing=SPACINGS)
def test_the_working_grid_covers_the_scan_about_the_same_centre(grid, spacing):
    working = working_grid(grid, spacing)
    np.testing.assert_allclose(working.centre_mm, grid.centre_mm, atol=1e-6 * 300)
    own = as_closest_ras(grid)
    np.testing.assert_allclose(working.directions, own.directions, atol=1e-9)
    extent = np.array(own.shape) * own.spacing_mm
    covered = np.array(working.shape) * working.spacing_mm
    step = np.array(working.spacing_mm)
    assert (covered > extent - 0.06 * step).all()
    assert (covered < extent + 1.06 * step).all()


@settings(max_examples=60, deadline=None)
@given(grid=grids(low=10, high=24), spacing=st.tuples(*[st.floats(0.4, 2.0)] * 3))
def test_a_linear_ramp_is_read_at_the_right_place_inside_the_scan(grid, spacing):
    slope = np.array([1.0, -2.0, 0.5])
    at = np.indices(grid.shape).reshape(3, -1)
    ramp = (slope @ (grid.affine[:3, :3] @ at)).reshape(grid.shape).astype(np.float32)
    there, working = to_working(ramp, grid, spacing, label=False)
    where = np.indices(working.shape).reshape(3, -1)
    world = working.affine[:3, :3] @ where + working.affine[:3, 3:] - grid.affine[:3, 3:]
    expected = (slope @ world).reshape(working.shape)
    index = np.linalg.solve(grid.affine[:3, :3], world)
    own = np.linalg.norm(grid.affine[:3, :3], axis=0)
    reach = (1 + np.array(working.spacing_mm).max() / own)[:, None]
    inside = ((index >= reach) & (index <= np.array(grid.shape)[:, None] - 1 - reach)).all(axis=0)
    np.testing.assert_allclose(
        there.ravel()[inside], expected.ravel()[inside], atol=1e-5 * max(1.0, np.abs(ramp).max())
    )


@settings(max_examples=60, deadline=None)
@given(grid=grids(), change=st.tuples(*[st.floats(0.45, 1.5)] * 3))
def test_a_label_moves_by_no_more_than_rounding(grid, change):
    label = blob(grid)
    spacing = np.array(as_closest_ras(grid).spacing_mm) * change
    there, working = to_working(label, grid, spacing, label=True)
    back = from_working(there, working, grid, label=True)
    assert set(np.unique(there)) <= {0, 1, 2}
    before = centroid_mm(label > 0, grid.affine)
    # On a coarser grid an edge can be no nearer than half a coarse voxel to where it was, and is rounded once
    # more back.
    for mask, affine, again in ((there > 0, working.affine, 0.0), (back > 0, grid.affine, 0.5)):
        shift = np.linalg.solve(grid.affine[:3, :3], centroid_mm(mask, affine) - before)
        coarser = np.maximum(
            1.0, np.linalg.norm(working.affine[:3, :3].T @ grid.directions, axis=0) / grid.spacing_mm
        )
        assert (np.abs(shift) <= 0.5 * coarser + again + 1e-6).all()


def test_probabilities_still_sum_to_one_and_stay_between_zero_and_one():
    grid = turned_grid((14, 11, 9), (0.9, 1.3, 2.2), order=(2, 0, 1), signs=(-1, 1, -1), angles=(5, 5, 5))
    working = working_grid(grid, (1.0, 1.0, 1.5))
    p = np.random.default_rng(1).dirichlet(np.ones(3), working.shape).transpose(3, 0, 1, 2).astype(np.float32)
    back = from_working(p, working, grid, label=False)
    assert back.shape == (3, *grid.shape) and back.dtype == np.float32
    np.testing.assert_allclose(back.sum(axis=0), 1, atol=1e-5)
    assert back.min() >= 0 and back.max() <= 1 + 1e-6


def test_fine_stripes_are_averaged_and_not_aliased_when_shrinking():
    grid = Grid((40, 8, 8), np.eye(4))
    stripes = np.broadcast_to((np.arange(40) % 2)[:, None, None], grid.shape).astype(np.float32)
    there, _ = to_working(stripes, grid, (4.0, 1.0, 1.0), label=False)
    np.testing.assert_allclose(there[1:-1], 0.5, atol=0.05)


def test_a_header_rounding_error_of_the_spacing_does_not_blur():
    grid = Grid((100, 100, 30), np.diag([0.6875, 0.6875, 6.5, 1]))
    image = np.random.default_rng(2).normal(size=(1, *grid.shape)).astype(np.float32)
    there, working = to_working(image, grid, (0.68749994, 0.6875001, 6.500001), label=False)
    assert working.same_as(grid, 0)
    assert np.array_equal(there, image)
    assert not np.shares_memory(there, image)


def test_grids_turned_against_each_other_are_refused():
    grid = turned_grid((8, 8, 8), (1, 1, 1))
    turned = turned_grid((8, 8, 8), (1, 1, 1), angles=(10, 0, 0))
    with pytest.raises(ValueError, match="turned against each other"):
        from_working(np.zeros(grid.shape, np.float32), turned, grid, label=False)
    with pytest.raises(ValueError, match="positive"):
        to_working(np.zeros(grid.shape, np.float32), grid, (1, 0, 1), label=False)
    with pytest.raises(ValueError, match="does not lie on"):
        to_working(np.zeros((3, 3, 3), np.float32), grid, (1, 1, 1), label=False)
