"""The heat map over the scan: its range, its colours, what it leaves behind."""

from __future__ import annotations

import numpy as np
import pytest
from support.slicer_scene import translation

from DualSSLSegLib.errors import BadInput
from scene.examples import MAP, PLAIN, opened

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")
import slicer  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

from DualSSLSegLib.scene import color_maps  # noqa: E402
from DualSSLSegLib.scene.nodes import ROLE  # noqa: E402
from DualSSLSegLib.scene.views import composite_nodes  # noqa: E402


def _foregrounds() -> set[str | None]:
    return {composite.GetForegroundVolumeID() for composite in composite_nodes()}


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
    before = slicer.mrmlScene.GetNumberOfNodes()
    for title in ("Uncertainty", "Disagreement"):
        heat_map.show(MAP, case.volume_node, title)
    assert heat_map.node.GetName() == "Disagreement"
    heat_map.hide()
    assert not heat_map.visible
    heat_map.remove()
    assert slicer.mrmlScene.GetNumberOfNodes() == before
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
    transform = translation(1, 2, 3)
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
