"""Saving and closing Slicer's scene: it is not asked whether to save nodes of ours, for the study keeps all of it."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk

from DualSSLSegLib.scene.case_scene import CaseScene
from DualSSLSegLib.scene.heat_map import HeatMap
from DualSSLSegLib.scene.hot_spots import HotSpotMarks
from DualSSLSegLib.scene.nodes import ROLE
from scene.examples import PLAIN, STRUCTURES, Opened, blob, scan

pytestmark = pytest.mark.panel


@pytest.fixture
def everything(scene):
    """A case under review: scan of two channels, drawn-on label, prediction, heat map."""
    case, heat_map, marks = CaseScene(lambda: None), HeatMap(), HotSpotMarks()
    case.show(Opened("a", scan(PLAIN, channels=2), blob(PLAIN)))
    case.show_prediction(blob(PLAIN), STRUCTURES)
    heat_map.show(np.zeros(PLAIN.shape, np.float32), case.volume_node, "Uncertainty")
    segment = case.segmentation_node.GetSegmentation().GetSegment("structure_1")
    segment.GetRepresentation("Binary labelmap").Modified()  # a stroke
    assert case.changed
    yield case
    marks.remove()
    heat_map.remove()
    case.remove()


def asked_about(scene) -> list[str]:
    """The names of the nodes for which Slicer asks whether to save them before a scene is closed."""
    found = vtk.vtkCollection()
    scene.GetStorableNodesModifiedSinceRead(found)
    return [found.GetItemAsObject(number).GetName() for number in range(found.GetNumberOfItems())]


def test_closing_the_scene_asks_about_the_users_own_nodes_only(scene, everything):
    assert asked_about(scene) == []
    slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.float32), name="mine")
    assert asked_about(scene) == ["mine"]


def test_a_saved_scene_holds_nothing_of_ours(scene, everything):
    text = scene_as_text(scene)
    assert ROLE not in text
    ours = [node for node in nodes_of(scene) if node.GetAttribute(ROLE)]
    assert len(ours) >= 6 and not any(f'id="{node.GetID()}"' in text for node in ours)


def nodes_of(scene):
    return [scene.GetNthNode(number) for number in range(scene.GetNumberOfNodes())]


def scene_as_text(scene) -> str:
    scene.SetSaveToXMLString(1)
    try:
        scene.Commit()
        return str(scene.GetSceneXMLString())
    finally:
        scene.SetSaveToXMLString(0)
