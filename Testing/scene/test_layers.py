"""Heat map, hot spots and views: what lies over the scan, and where the views look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from DualSSLSegLib.errors import BadInput
from scene.examples import OBLIQUE, PLAIN, opened, scan

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")
import slicer  # noqa: E402
import vtk  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

from DualSSLSegLib.scene import color_maps  # noqa: E402
from DualSSLSegLib.scene.arrays import affine_of, matrix_of  # noqa: E402
from DualSSLSegLib.scene.case_scene import CaseScene  # noqa: E402
from DualSSLSegLib.scene.heat_map import HeatMap  # noqa: E402
from DualSSLSegLib.scene.hot_spots import HotSpotMarks  # noqa: E402
from DualSSLSegLib.scene.nodes import ROLE  # noqa: E402
from DualSSLSegLib.scene.views import composite_nodes, fit, jump_to, slice_nodes  # noqa: E402
from DualSSLSegLib.scene.volume_node import add_volume  # noqa: E402
from DualSSLSegLib.scene.window_level import SOFT_TISSUE_HU, window  # noqa: E402


@dataclass(frozen=True)
class Spot:
    number: int
    centre_ras_mm: tuple[float, float, float]
    sentence: str = "25 mm³ on the border of 海馬"


@pytest.fixture
def case(scene):
    shown = CaseScene(lambda: None)
    shown.show(opened())
    yield shown
    shown.remove()


@pytest.fixture
def heat_map(case):
    shown = HeatMap()
    yield shown
    shown.remove()


@pytest.fixture
def marks(case):
    shown = HotSpotMarks()
    yield shown
    shown.remove()


MAP = np.random.default_rng(0).random(PLAIN.shape).astype(np.float32)
SPOTS = [Spot(1, (2.0, 3.0, 4.0)), Spot(2, (-5.0, 1.0, -8.0))]


def _count() -> int:
    return slicer.mrmlScene.GetNumberOfNodes()


def _foregrounds() -> set[str | None]:
    return {composite.GetForegroundVolumeID() for composite in composite_nodes()}


def _shift(*mm: float):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, 3] = mm
    node.SetMatrixTransformToParent(matrix_of(matrix))
    return node


# --- heat map -----------------------------------------------------------------------------------------------


def test_a_map_lies_over_the_scan_with_a_fixed_range(case, heat_map) -> None:
    heat_map.show(MAP * 0.4, case.volume_node, "Uncertainty")
    node = heat_map.node
    assert _foregrounds() == {node.GetID()}
    assert (slicer.util.arrayFromVolume(node) == (MAP * 0.4).transpose(2, 1, 0)).all()
    display = node.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == pytest.approx((0, 1))
    assert display.GetColorNode().GetAttribute(ROLE) == "heat map colors"
    assert node.GetAttribute(ROLE) == "heat map"
    assert node.GetName() == "Uncertainty"


def test_below_the_threshold_the_map_is_transparent(case, heat_map) -> None:
    heat_map.show(MAP, case.volume_node, "Uncertainty")
    heat_map.threshold = 0.6
    picture = heat_map.node.GetDisplayNode()
    assert picture.GetApplyThreshold()
    picture.GetOutputImageDataConnection().GetProducer().Update()
    colored = vtk_to_numpy(picture.GetOutputImageData().GetPointData().GetScalars())
    alpha = colored[:, 3].reshape(PLAIN.shape[::-1])
    assert ((alpha > 0) == (MAP.transpose(2, 1, 0) >= 0.6)).all()


def test_settings_stay_and_are_kept_in_their_range(case, heat_map) -> None:
    heat_map.opacity, heat_map.threshold, heat_map.legend = 7, -3, False
    assert (heat_map.opacity, heat_map.threshold, heat_map.legend) == (1.0, 0.0, False)
    heat_map.show(MAP, case.volume_node, "Uncertainty")
    assert {c.GetForegroundOpacity() for c in composite_nodes()} == {1.0}
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(heat_map.node)
    assert not legend.GetVisibility()
    heat_map.legend = True
    assert legend.GetVisibility()
    assert legend.GetTitleText() == "Uncertainty"
    heat_map.visible = False
    assert not legend.GetVisibility()


def test_switched_off_the_views_show_what_they_showed_before(case, heat_map) -> None:
    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.float32), name="theirs")
    slicer.util.setSliceViewerLayers(foreground=other, foregroundOpacity=0.25)
    heat_map.show(MAP, case.volume_node, "Uncertainty")
    heat_map.visible = False
    assert _foregrounds() == {other.GetID()}
    assert {c.GetForegroundOpacity() for c in composite_nodes()} == {0.25}
    heat_map.visible = True
    assert _foregrounds() == {heat_map.node.GetID()}
    heat_map.remove()
    assert _foregrounds() == {other.GetID()}


def test_what_the_user_put_in_front_since_stays(case, heat_map) -> None:
    heat_map.show(MAP, case.volume_node, "Uncertainty")
    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.float32), name="theirs")
    slicer.util.setSliceViewerLayers(foreground=other)
    heat_map.remove()
    assert _foregrounds() == {other.GetID()}


def test_map_after_map_leaves_nothing_behind(case, heat_map) -> None:
    before = _count()
    for title in ("Uncertainty", "Disagreement"):
        heat_map.show(MAP, case.volume_node, title)
    assert heat_map.node.GetName() == "Disagreement"
    heat_map.hide()
    assert not heat_map.visible
    heat_map.remove()
    assert _count() == before
    assert _foregrounds() == {None}


@pytest.mark.parametrize("victim", ["node", "_color_node", "_legend_node", "display", "scene"])
def test_the_user_may_delete_any_part_of_a_map(case, heat_map, scene, clean_host, victim: str) -> None:
    heat_map.show(MAP, case.volume_node, "Uncertainty")
    if victim == "scene":
        scene.Clear(0)
    else:
        scene.RemoveNode(heat_map.node.GetDisplayNode() if victim == "display" else getattr(heat_map, victim))
    heat_map.opacity, heat_map.threshold, heat_map.visible, heat_map.legend = 0.5, 0.2, False, True
    heat_map.visible = True
    heat_map.colors = color_maps.PLUM
    case.show(opened())
    heat_map.show(MAP, case.volume_node, "Disagreement")
    # Slicer's own legend complains when its colours or its volume's display are deleted by hand.
    clean_host.errors[:] = [line for line in clean_host.errors if "ColorLegendDisplayableManager" not in line]
    assert heat_map.visible
    assert heat_map.node.GetDisplayNode().GetColorNode().GetAttribute(ROLE) == "heat map colors"
    assert slicer.modules.colors.logic().GetColorLegendDisplayNode(heat_map.node).GetVisibility()


def test_a_map_that_does_not_fit_is_refused(case, heat_map, scene) -> None:
    with pytest.raises(BadInput, match="voxels"):
        heat_map.show(MAP[:3], case.volume_node, "Uncertainty")
    with pytest.raises(BadInput, match="scan"):
        heat_map.show(MAP, None, "Uncertainty")
    with pytest.raises(BadInput, match="Ember"):
        heat_map.colors = "Jet"
    assert not heat_map.visible


def test_a_map_moves_with_its_scan(case, heat_map) -> None:
    transform = _shift(1, 2, 3)
    case.volume_node.SetAndObserveTransformNodeID(transform.GetID())
    heat_map.show(MAP, case.volume_node, "Uncertainty")
    assert heat_map.node.GetTransformNodeID() == transform.GetID()


@pytest.mark.parametrize("name", color_maps.NAMES)
def test_equal_steps_of_a_colour_map_look_equal(name: str) -> None:
    """In CIELAB, from 8-bit colours: no step is 25 % off the mean one, and it gets lighter all the way."""
    rgb = np.round(color_maps.colors(name, 33) * 255) / 255
    lab = color_maps.rgb_to_lab(rgb)
    steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert np.abs(steps / steps.mean() - 1).max() < 0.25
    assert (np.diff(lab[:, 0]) > 0).all()
    assert lab[-1, 0] - lab[0, 0] > 70


def test_lab_and_rgb_agree_with_known_colours() -> None:
    assert color_maps.rgb_to_lab(np.array([1.0, 1.0, 1.0])) == pytest.approx((100, 0, 0), abs=0.02)
    assert color_maps.rgb_to_lab(np.array([1.0, 0.0, 0.0])) == pytest.approx((53.24, 80.09, 67.20), abs=0.05)
    assert color_maps.lab_to_rgb(np.array([53.24, 80.09, 67.20])) == pytest.approx((1, 0, 0), abs=0.01)


# --- hot spots ----------------------------------------------------------------------------------------------


def test_hot_spots_are_locked_and_numbered(case, marks) -> None:
    marks.show(SPOTS)
    node = marks.node
    assert node.GetLocked()
    assert [node.GetNthControlPointLabel(n) for n in range(2)] == ["1", "2"]
    assert node.GetNthControlPointPositionWorld(1) == pytest.approx(SPOTS[1].centre_ras_mm)
    assert node.GetNthControlPointDescription(0) == SPOTS[0].sentence
    marks.select(2)
    assert [node.GetNthControlPointSelected(n) for n in range(2)] == [False, True]
    marks.show(SPOTS[:1])
    assert marks.node.GetNumberOfControlPoints() == 1


def test_hot_spots_leave_nothing_behind(case, marks) -> None:
    before = _count()
    marks.show(SPOTS)
    marks.show([])
    assert marks.node is None
    assert _count() == before
    marks.show(SPOTS)
    marks.remove()
    assert _count() == before


def test_a_hot_spot_is_found_through_the_transforms_of_the_scan(case, marks) -> None:
    marks.show(SPOTS, case.volume_node)
    case.volume_node.SetAndObserveTransformNodeID(_shift(10, 20, 30).GetID())  # afterwards
    assert marks.world_position(1) == pytest.approx((12, 23, 34))
    marks.select(1)
    assert marks.node.GetNthControlPointPositionWorld(0) == pytest.approx((12, 23, 34))
    for node in slice_nodes():
        assert _distance_from_slice(node, (12, 23, 34)) < 1e-6


def test_hot_spots_survive_deletions(case, marks, scene) -> None:
    marks.show(SPOTS, case.volume_node)
    scene.RemoveNode(marks.node)
    marks.select(1)
    marks.show(SPOTS, case.volume_node)
    scene.RemoveNode(case.volume_node)
    marks.select(2)
    scene.Clear(0)
    marks.select(1)
    with pytest.raises(BadInput, match="7"):
        marks.select(7)
    marks.remove()


# --- views --------------------------------------------------------------------------------------------------


def _distance_from_slice(node, ras) -> float:
    local = np.linalg.inv(affine_of(node.GetSliceToRAS())) @ np.array([*ras, 1.0])
    return abs(float(local[2]))


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
    centre = [
        affine_of(node.GetSliceToRAS())[:3, :2].T @ affine_of(node.GetSliceToRAS())[:3, 3]
        for node in slice_nodes()
    ]
    target = (3.0, -4.0, 6.0)
    jump_to(target)
    for node, before in zip(slice_nodes(), centre, strict=True):
        assert _distance_from_slice(node, target) < 1e-6
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
            assert _distance_from_slice(node, target) < 1e-6
    assert [node.GetFieldOfView() for node in slice_nodes()] == fields


def test_slices_of_an_oblique_scan_are_its_own_layers_and_later_ones_upright(case) -> None:
    upright = {node.GetName(): node.GetOrientation() for node in slice_nodes()}
    case.show(opened(OBLIQUE))
    for node in slice_nodes():
        normal = affine_of(node.GetSliceToRAS())[:3, 2]
        assert np.abs(OBLIQUE.directions.T @ normal).max() == pytest.approx(1, abs=1e-4)
    case.show(opened(PLAIN))
    assert {node.GetName(): node.GetOrientation() for node in slice_nodes()} == upright


# --- grey values --------------------------------------------------------------------------------------------


def test_a_ct_is_shown_as_soft_tissue() -> None:
    rng = np.random.default_rng(0)
    ct = np.where(rng.random((30, 30, 30)) < 0.5, -1000.0, rng.normal(40, 30, (30, 30, 30)))
    ct[3, 3, 3] = 3071
    assert window(ct.astype(np.float32)) == SOFT_TISSUE_HU


def test_an_mr_is_shown_between_its_dark_surround_and_its_bright_tissue() -> None:
    rng = np.random.default_rng(0)
    mr = np.where(rng.random((40, 40, 40)) < 0.8, 0.0, rng.normal(400, 60, (40, 40, 40)))
    mr[5, 5, :5] = 60_000  # a few spikes
    low, high = window(mr.astype(np.float32))
    assert low == pytest.approx(0, abs=5)
    assert 450 < high < 800


def test_any_array_has_a_window() -> None:
    for value in (np.zeros((3, 4, 5)), np.full((3, 4, 5), np.nan), np.full((2, 2, 2), -7.0)):
        low, high = window(value)
        assert np.isfinite([low, high]).all() and high > low


def test_slicer_computes_no_window_of_its_own(scene) -> None:
    node = add_volume(scan(PLAIN), "scan")
    assert not node.GetDisplayNode().GetAutoWindowLevel()
    assert node.GetDisplayNode().GetWindowLevelMax() == pytest.approx(
        window(scan(PLAIN).array[0])[1], rel=1e-3
    )


# --- pixels -------------------------------------------------------------------------------------------------


def _picture(view, folder: Path) -> np.ndarray:
    """What a slice view shows, (height, width, 3), the first row on top."""
    path = folder / "view.png"
    assert view.grab().save(str(path))
    reader = vtk.vtkPNGReader()
    reader.SetFileName(str(path))
    reader.Update()
    image = reader.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return pixels[::-1, :, :3].astype(int)


@pytest.fixture
def red_view(case, clean_host):
    """The axial view, with the scan alone: the segmentation is switched off."""
    case.segmentation_node.GetDisplayNode().SetVisibility(False)
    views = slicer.app.layoutManager().viewport()
    views.resize(808, 800)
    views.show()
    clean_host.settle(200)
    yield slicer.app.layoutManager().sliceWidget("Red").sliceView()
    views.hide()


def test_map_and_legend_are_seen_and_the_legend_leaves_the_middle_free(
    case, heat_map, clean_host, red_view, tmp_path
) -> None:
    fit()
    clean_host.settle(200)
    scan_alone = _picture(red_view, tmp_path)
    heat_map.legend = False
    heat_map.show(MAP * 0 + 0.8, case.volume_node, "Disagreement of the two networks")
    clean_host.settle(200)
    without = _picture(red_view, tmp_path)
    heat_map.legend = True
    clean_host.settle(200)
    with_legend = _picture(red_view, tmp_path)
    height, width = without.shape[:2]
    middle = (slice(height // 5, 3 * height // 5), slice(width // 5, 3 * width // 5))
    colorful = np.ptp(without[middle], axis=2) > 40
    assert colorful.mean() > 0.9, "the map covers the scan"
    assert np.ptp(scan_alone[middle], axis=2).max() < 40, "the scan is grey"
    changed = np.argwhere((without != with_legend).any(axis=2))
    assert len(changed) > 300, "the legend is drawn"
    assert changed[:, 1].min() > 0.6 * width
    assert changed[:, 0].min() > 0.5 * height


def test_below_the_threshold_the_scan_shines_through(case, heat_map, clean_host, red_view, tmp_path) -> None:
    fit()
    heat_map.legend = False
    heat_map.threshold = 0.9
    heat_map.show(MAP * 0 + 0.8, case.volume_node, "Uncertainty")
    clean_host.settle(200)
    picture = _picture(red_view, tmp_path)
    height, width = picture.shape[:2]
    middle = picture[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    assert np.ptp(middle, axis=2).max() < 40
    assert middle.max() > 60
