"""Slice views: a jump to a place, and how the slices lie in the scan."""

from __future__ import annotations

import numpy as np
import pytest
from support.slicer_scene import distance_from_slice

from scene.examples import OBLIQUE, PLAIN, opened

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")

from DualSSLSegLib.scene.arrays import affine_of  # noqa: E402
from DualSSLSegLib.scene.views import fit, jump_to, slice_nodes  # noqa: E402


def _centre_in_plane(node) -> np.ndarray:
    """Where the middle of a view is along its own width and height, in mm."""
    matrix = affine_of(node.GetSliceToRAS())
    return matrix[:3, :2].T @ matrix[:3, 3]


def _place_in_view(node, ras) -> np.ndarray:
    """Where a point is in a view, as a share of its width and height."""
    x, y = (np.linalg.inv(affine_of(node.GetXYToRAS())) @ np.array([*ras, 1.0]))[:2]
    return np.array([x, y]) / node.GetDimensions()[:2]


def test_a_jump_scrolls_and_does_not_move_what_is_in_view(case) -> None:
    fit()
    centre = [_centre_in_plane(node) for node in slice_nodes()]
    target = (3.0, -4.0, 6.0)
    jump_to(target)
    for node, before in zip(slice_nodes(), centre, strict=True):
        assert distance_from_slice(node, target) < 1e-6
        assert _centre_in_plane(node) == pytest.approx(before)


def test_a_jump_to_what_is_out_of_view_brings_it_in_and_keeps_the_zoom(case) -> None:
    for node in slice_nodes():
        node.SetFieldOfView(6.0, 6.0, 1.0)
    fields = [node.GetFieldOfView() for node in slice_nodes()]
    for target in ((11.0, -9.0, 14.0), (-11.0, 9.0, -14.0)):
        jump_to(target)
        for node in slice_nodes():
            place = _place_in_view(node, target)
            assert (place > 0.05).all() and (place < 0.95).all()
            assert distance_from_slice(node, target) < 1e-6
    assert [node.GetFieldOfView() for node in slice_nodes()] == fields


def test_slices_of_an_oblique_scan_are_its_own_layers_and_later_ones_upright(case) -> None:
    upright = {node.GetName(): node.GetOrientation() for node in slice_nodes()}
    case.show(opened(OBLIQUE))
    for node in slice_nodes():
        normal = affine_of(node.GetSliceToRAS())[:3, 2]
        assert np.abs(OBLIQUE.directions.T @ normal).max() == pytest.approx(1, abs=1e-4)
    case.show(opened(PLAIN))
    assert {node.GetName(): node.GetOrientation() for node in slice_nodes()} == upright
