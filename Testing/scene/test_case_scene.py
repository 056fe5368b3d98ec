"""A case on screen: shown, changed, read, left; whatever the user does to its nodes."""

from __future__ import annotations

import numpy as np
import pytest
from support.grids import blob

from DualSSLSegLib.errors import BadInput
from scene.examples import OBLIQUE, PLAIN, STRUCTURES, Opened, opened, scan

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")
import slicer  # noqa: E402

from DualSSLSegLib.scene.case_folder import hierarchy  # noqa: E402
from DualSSLSegLib.scene.case_scene import CaseScene  # noqa: E402
from DualSSLSegLib.scene.nodes import ROLE  # noqa: E402
from DualSSLSegLib.scene.segmentation import adopt_structures  # noqa: E402
from DualSSLSegLib.scene.views import composite_nodes  # noqa: E402
from DualSSLSegLib.study.model import Structure  # noqa: E402


@pytest.fixture
def changes() -> list[int]:
    return []


@pytest.fixture
def case(scene, changes):
    shown = CaseScene(lambda: changes.append(1))
    yield shown
    shown.remove()


def _everything() -> dict[str, int]:
    """All nodes by class, and the items of the subject hierarchy: what must be as before when a case is left."""
    count: dict[str, int] = {}
    for number in range(slicer.mrmlScene.GetNumberOfNodes()):
        kind = slicer.mrmlScene.GetNthNode(number).GetClassName()
        count[kind] = count.get(kind, 0) + 1
    tree = hierarchy()
    count["items"] = tree.GetNumberOfItems()
    return count


def _draw(case: CaseScene, value: int, mask: np.ndarray) -> None:
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask.transpose(2, 1, 0).astype(np.uint8),
        case.segmentation_node,
        f"structure_{value}",
        case.volume_node,
    )


def test_a_case_is_shown_with_the_studys_structures(case) -> None:
    case.show(opened(OBLIQUE))
    segmentation = case.segmentation_node.GetSegmentation()
    segments = [segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())]
    assert [segment.GetName() for segment in segments] == [s.name for s in STRUCTURES]
    assert segments[0].GetColor() == pytest.approx((0xE6 / 255, 0x19 / 255, 0x4B / 255))
    assert {node.GetBackgroundVolumeID() for node in composite_nodes()} == {case.volume_node.GetID()}
    selection = slicer.app.applicationLogic().GetSelectionNode()
    assert selection.GetActiveVolumeID() == case.volume_node.GetID()
    assert case.alive
    assert not case.changed
    assert (case.label() == blob(OBLIQUE)).all()
    case.remove()
    assert not selection.GetActiveVolumeID()
    assert {node.GetBackgroundVolumeID() for node in composite_nodes()} == {None}


def test_leaving_a_case_leaves_nothing_behind(case) -> None:
    before = _everything()
    for grid in (OBLIQUE, PLAIN):
        case.show(Opened("a", scan(grid, channels=2), blob(grid)))
        case.show_prediction(blob(grid), STRUCTURES)
    assert _everything() != before
    case.remove()
    assert _everything() == before
    assert not case.alive


def test_all_nodes_of_a_case_are_marked_and_lie_in_its_folder(case) -> None:
    case.show(Opened("Fall Müller 東京", scan(PLAIN, channels=2), None))
    tree = hierarchy()
    folder = tree.GetItemByName("Fall Müller 東京")
    for node in (*case.volume_nodes, case.segmentation_node):
        assert node.GetAttribute(ROLE)
        assert tree.GetItemLevel(tree.GetItemParent(tree.GetItemByDataNode(node))) == "Folder"
    assert folder


def test_nodes_of_others_are_left_alone(case, scene) -> None:
    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.float32), name="case")
    case.show(opened())
    folder = hierarchy().GetItemParent(hierarchy().GetItemByDataNode(case.volume_node))
    hierarchy().SetItemParent(hierarchy().GetItemByDataNode(other), folder)  # the user tidies up
    case.remove()
    assert scene.IsNodePresent(other)
    assert hierarchy().GetItemByDataNode(other)
    assert other.GetDisplayNode() is not None


def test_drawing_counts_as_a_change_until_it_is_saved(case, changes) -> None:
    case.show(opened())
    mask = np.zeros(PLAIN.shape, bool)
    mask[1:4, 1:4, 1:4] = True
    _draw(case, 5, mask)
    assert case.changed
    assert changes
    expected = blob(PLAIN)
    expected[mask] = 5
    assert (case.label() == expected).all()
    case.mark_saved()
    assert not case.changed
    case.label()
    assert not case.changed, "reading is no change"


def test_drawing_in_place_counts_as_a_change(case) -> None:
    """As scripts do: an array of the segment's own label map."""
    case.show(opened())
    slicer.util.arrayFromSegmentInternalBinaryLabelmap(case.segmentation_node, "structure_1")[0, 0, 0] = 0
    segment = case.segmentation_node.GetSegmentation().GetSegment("structure_1")
    segment.GetRepresentation("Binary labelmap").Modified()
    assert case.changed


def test_undo_and_redo_are_changes(case) -> None:
    """What was saved between a stroke and its undo is not what is on screen."""
    case.show(opened())
    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(case.segmentation_node.GetSegmentation())
    history.SaveState()
    mask = np.zeros(PLAIN.shape, bool)
    mask[1:4, 1:4, 1:4] = True
    _draw(case, 5, mask)
    drawn = case.label()
    case.mark_saved()
    history.RestorePreviousState()
    assert case.changed
    assert (case.label() == blob(PLAIN)).all()
    case.mark_saved()
    history.RestoreNextState()
    assert case.changed
    assert (case.label() == drawn).all()


def test_looks_are_no_change(case) -> None:
    case.show(opened())
    segmentation = case.segmentation_node.GetSegmentation()
    segmentation.GetNthSegment(0).SetName("my name for it")
    segmentation.GetNthSegment(0).SetColor(0, 0, 0)
    case.segmentation_node.GetDisplayNode().SetVisibility(False)
    case.segmentation_node.CreateClosedSurfaceRepresentation()
    adopt_structures(case.segmentation_node, STRUCTURES)
    assert not case.changed
    assert segmentation.GetNthSegment(0).GetName() == STRUCTURES[0].name


@pytest.mark.parametrize("change", ["remove", "add", "order"])
def test_segments_that_come_go_or_move_are_a_change(case, change: str) -> None:
    case.show(opened())
    segmentation = case.segmentation_node.GetSegmentation()
    if change == "remove":
        segmentation.RemoveSegment("structure_2")
    elif change == "add":
        segmentation.AddEmptySegment("mine", "mine")
    else:
        segmentation.SetSegmentIndex("structure_2", 0)
    assert case.changed


def test_a_deleted_segment_is_an_empty_structure(case) -> None:
    case.show(opened())
    case.segmentation_node.GetSegmentation().RemoveSegment("structure_2")
    expected = blob(PLAIN)
    expected[expected == 2] = 0
    assert (case.label() == expected).all()


def test_what_was_drawn_can_be_read_after_the_user_deleted_the_nodes(case, scene) -> None:
    case.show(opened(OBLIQUE))
    _draw(case, 5, np.ones(OBLIQUE.shape, bool))
    scene.RemoveNode(case.volume_node)
    assert not case.alive
    assert case.volume_node is None
    assert (case.label() == 5).all()
    scene.RemoveNode(case.segmentation_node)
    assert case.segmentation_node is None
    assert case.changed
    assert (case.label() == 5).all()
    case.mark_saved()


@pytest.mark.parametrize("state", ["nothing shown", "case", "changed", "prediction", "nodes deleted"])
def test_the_scene_may_be_closed_in_any_state(case, scene, state: str) -> None:
    if state != "nothing shown":
        case.show(opened())
    if state == "changed":
        _draw(case, 1, np.ones(PLAIN.shape, bool))
    if state == "prediction":
        case.show_prediction(blob(PLAIN), STRUCTURES)
    if state == "nodes deleted":
        scene.RemoveNode(case.segmentation_node)
    case.mark_saved()
    scene.Clear(0)
    assert not case.alive
    assert not case.changed, "closing is no stroke"
    case.remove()
    before = _everything()
    case.show(opened(OBLIQUE, "another"))
    assert case.alive
    assert (case.label() == blob(OBLIQUE)).all()
    case.remove()
    assert _everything() == before


def test_without_a_case_there_is_no_label(case) -> None:
    with pytest.raises(BadInput, match="no case is open"):
        case.label()


def test_a_case_whose_label_does_not_fit_is_not_half_shown(case) -> None:
    before = _everything()
    with pytest.raises(BadInput):
        case.show(opened(PLAIN, label=np.zeros((3, 3, 3), np.uint8)))
    assert _everything() == before
    assert not case.alive


def test_a_prediction_is_an_outline_that_nobody_draws_on(case) -> None:
    case.show(opened())
    case.show_prediction(np.full(PLAIN.shape, 2, np.uint8), STRUCTURES)
    shown = case.prediction_node
    assert not shown.GetDisplayNode().GetVisibility2DFill()
    assert shown.GetDisplayNode().GetVisibility2DOutline()
    assert shown.GetHideFromEditors()
    assert (case.label() == blob(PLAIN)).all()
    assert not case.changed
    case.hide_prediction()
    assert case.prediction_node is None
    case.hide_prediction()


def test_a_prediction_needs_the_scan(case, scene) -> None:
    case.show(opened())
    scene.RemoveNode(case.volume_node)
    with pytest.raises(BadInput, match="scan"):
        case.show_prediction(blob(PLAIN), STRUCTURES)


def test_a_scan_that_the_user_moved_keeps_its_label(case) -> None:
    """The segmentation moves with it, as Slicer's modules do it; then both are hardened."""
    case.show(opened())
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = slicer.util.vtkMatrixFromArray(
        np.array([[0, -1.0, 0, 4], [1, 0, 0, 2], [0, 0, 1, -7], [0, 0, 0, 1]])
    )
    transform.SetMatrixTransformToParent(matrix)
    for node in (case.volume_node, case.segmentation_node):
        node.SetAndObserveTransformNodeID(transform.GetID())
    assert (case.label() == blob(PLAIN)).all()
    for node in (case.volume_node, case.segmentation_node):
        node.HardenTransform()
    assert (case.label() == blob(PLAIN)).all()


def test_a_structure_that_was_added_later_is_read_too(case) -> None:
    case.show(opened())
    more = (*STRUCTURES, Structure("spleen", 6, "#102030"))
    adopt_structures(case.segmentation_node, more)
    case.adopt(more)
    mask = np.zeros(PLAIN.shape, bool)
    mask[0, 0, 0] = True
    _draw(case, 6, mask)
    assert case.label()[0, 0, 0] == 6


def test_long_names_and_every_script(case) -> None:
    name = ("Müller-Łukasz 東京 한국 ﷽ " * 12)[:200]
    structures = (Structure("häßlich 長い名前" * 7, 3, "#00ff00"),)
    label = np.where(blob(PLAIN) > 0, np.uint8(3), np.uint8(0))
    case.show(Opened(name, scan(PLAIN), label, structures))
    assert case.volume_node.GetName() == name
    assert case.segmentation_node.GetSegmentation().GetNthSegment(0).GetName() == structures[0].name
    assert (case.label() == label).all()
