"""Hot spots: marks on the scan that are numbered, locked, and gone to."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from support.slicer_scene import distance_from_slice, translation

from DualSSLSegLib.errors import BadInput

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")
import slicer  # noqa: E402

from DualSSLSegLib.scene.hot_spots import HotSpotMarks  # noqa: E402
from DualSSLSegLib.scene.views import slice_nodes  # noqa: E402


@dataclass(frozen=True)
class Spot:
    number: int
    centre_ras_mm: tuple[float, float, float]
    sentence: str = "25 mm³ on the border of 海馬"


SPOTS = [Spot(1, (2.0, 3.0, 4.0)), Spot(2, (-5.0, 1.0, -8.0))]


@pytest.fixture
def marks(case):
    shown = HotSpotMarks()
    yield shown
    shown.remove()


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
    before = slicer.mrmlScene.GetNumberOfNodes()
    marks.show(SPOTS)
    marks.show([])
    assert marks.node is None
    assert slicer.mrmlScene.GetNumberOfNodes() == before
    marks.show(SPOTS)
    marks.remove()
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_a_hot_spot_is_found_through_the_transforms_of_the_scan(case, marks) -> None:
    marks.show(SPOTS, case.volume_node)
    case.volume_node.SetAndObserveTransformNodeID(translation(10, 20, 30).GetID())  # afterwards
    assert marks.world_position(1) == pytest.approx((12, 23, 34))
    marks.select(1)
    assert marks.node.GetNthControlPointPositionWorld(0) == pytest.approx((12, 23, 34))
    for node in slice_nodes():
        assert distance_from_slice(node, (12, 23, 34)) < 1e-6


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
