"""Masks on another grid than their scan: how much of them lies inside it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.placing import share_inside

SHAPE = (50, 60, 70)
SOURCE = Grid(SHAPE, np.diag([1.0, 1.0, 2.0, 1.0]))
TURN = np.array([[0.8, -0.6, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def moved(x: float) -> Grid:
    affine = SOURCE.affine.copy()
    affine[0, 3] = x
    return Grid(SHAPE, affine)


@pytest.mark.parametrize(("x", "share"), [(0.0, 1.0), (0.5, 1.0), (10.0, 0.8), (-10.0, 0.8), (50.0, 0.0)])
def test_the_share_of_a_mask_that_lies_inside(x, share):
    assert share_inside(np.ones(SHAPE, bool), SOURCE, moved(x)) == pytest.approx(share)


def test_a_box_that_sticks_out_of_a_turned_scan_says_nothing_of_the_mask_in_it():
    mask = np.zeros(SHAPE, bool)
    mask[10, 5, 10:40] = mask[5, 20, 40] = mask[45, 5, 3] = True
    target = Grid((30, 30, 60), TURN @ SOURCE.affine)
    indices = np.argwhere(mask)
    where = indices @ np.linalg.solve(target.affine, SOURCE.affine)[:3, :3].T
    expected = ((where >= -0.5) & (where <= np.array(target.shape) - 0.5)).all(axis=1).mean()
    assert 0 < expected < 1
    assert share_inside(mask, SOURCE, target) == pytest.approx(expected)


def test_an_empty_mask_lies_nowhere():
    with pytest.raises(ValueError, match="empty"):
        share_inside(np.zeros(SHAPE, bool), SOURCE, SOURCE)


@pytest.mark.parametrize("x", [0.0, 10.0])
def test_a_large_mask_takes_little_memory(x):
    mask = np.ones((100, *SHAPE[1:]), bool)
    tracemalloc.start()
    share_inside(mask, SOURCE, moved(x))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * mask.nbytes
