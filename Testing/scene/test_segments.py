"""Which structure a segment is, and what becomes of segments that overlap, are renamed, or belong to nobody."""

from __future__ import annotations

import numpy as np
import pytest
from support.grids import blob, turned_grid

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.model import Structure
from scene.examples import KIDNEY, OBLIQUE, PLAIN, STRUCTURES, scan

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")
import slicer  # noqa: E402

from DualSSLSegLib.scene.editor_node import editor_node  # noqa: E402
from DualSSLSegLib.scene.matching import VALUE_TAG, match, segment_ids  # noqa: E402
from DualSSLSegLib.scene.segmentation import (  # noqa: E402
    add_segmentation,
    adopt_structures,
    copy_from,
    label_of,
)
from DualSSLSegLib.scene.terminology import codes_of, entry_of, key_of  # noqa: E402
from DualSSLSegLib.scene.volume_node import add_volume  # noqa: E402


@pytest.fixture
def volume_node(scene):
    return add_volume(scan(PLAIN), "scan")


def _foreign(volume_node, names: list[str], masks: list[np.ndarray]):
    """A segmentation as another module makes it."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "theirs")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    for name, mask in zip(names, masks, strict=True):
        segment_id = node.GetSegmentation().AddEmptySegment("", name)
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask.transpose(2, 1, 0).astype(np.uint8), node, segment_id, volume_node
        )
    return node


def _box(*slices: slice) -> np.ndarray:
    mask = np.zeros(PLAIN.shape, bool)
    mask[slices] = True
    return mask


HALF = _box(slice(0, 12))
OTHER = _box(slice(6, 20), slice(0, 10))


def test_a_renamed_segment_is_still_its_structure(volume_node) -> None:
    node = add_segmentation(blob(PLAIN), STRUCTURES, volume_node, "label")
    node.GetSegmentation().GetSegment("structure_2").SetName("my own word for it")
    assert (label_of(node, STRUCTURES, volume_node) == blob(PLAIN)).all()


def test_a_segment_renamed_to_another_structure_is_asked_about(volume_node) -> None:
    """Whoever renames it may mean the other structure, so neither is written without a word."""
    node = add_segmentation(blob(PLAIN), STRUCTURES, volume_node, "label")
    node.GetSegmentation().GetSegment("structure_2").SetName(STRUCTURES[0].name.upper())
    with pytest.raises(BadInput, match="not clear which of the two") as error:
        label_of(node, STRUCTURES, volume_node)
    assert STRUCTURES[0].name in error.value.hint


def test_a_segment_without_our_tag_is_matched_by_its_name(volume_node) -> None:
    node = _foreign(volume_node, ["LEFT_Kidney ", "vorderes stück"], [HALF, OTHER & ~HALF])
    label = label_of(node, STRUCTURES, volume_node)
    assert (label == np.where(HALF, 5, np.where(OTHER, 1, 0))).all()


def test_a_segment_with_another_name_is_matched_by_its_code(volume_node) -> None:
    node = _foreign(volume_node, ["Niere links"], [HALF])
    node.GetSegmentation().GetNthSegment(0).SetTerminology(entry_of(KIDNEY))
    assert (label_of(node, STRUCTURES, volume_node) == np.where(HALF, 5, 0)).all()


def test_the_right_kidney_is_not_the_left_one(volume_node) -> None:
    right = {**KIDNEY, "type_modifier": {"scheme": "SCT", "value": "24028007", "meaning": "Right"}}
    node = _foreign(volume_node, ["Niere rechts"], [HALF])
    node.GetSegmentation().GetNthSegment(0).SetTerminology(entry_of(right))
    with pytest.raises(BadInput, match="Niere rechts"):
        label_of(node, STRUCTURES, volume_node)


def test_slicers_own_default_code_says_nothing(volume_node) -> None:
    """Every new segment is "tissue"; a structure with that code must not swallow it."""
    node = _foreign(volume_node, ["Segment_1"], [HALF])
    tissue = Structure(
        "soft tissue", 9, "#ffffff", {"type": {"scheme": "SCT", "value": "85756007", "meaning": "Tissue"}}
    )
    assert match(node.GetSegmentation(), (tissue,)) == {}


def test_a_segment_that_is_no_structure_is_an_error_with_both_sides(volume_node) -> None:
    node = add_segmentation(blob(PLAIN), STRUCTURES, volume_node, "label")
    segment_id = node.GetSegmentation().AddEmptySegment("", "Tumor")
    label_of(node, STRUCTURES, volume_node)  # empty: passed over
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        HALF.transpose(2, 1, 0).astype(np.uint8), node, segment_id, volume_node
    )
    with pytest.raises(BadInput) as caught:
        label_of(node, STRUCTURES, volume_node)
    for word in ("'Tumor'", "1 Vorderes Stück", "2 海馬 posterior", "5 left kidney", "label"):
        assert word in str(caught.value)


@pytest.mark.parametrize("last", ["structure_1", "structure_2"])
def test_where_segments_overlap_the_later_one_of_the_list_wins(volume_node, last: str) -> None:
    node = add_segmentation(None, STRUCTURES, volume_node, "label")
    for segment_id, mask in (("structure_1", HALF), ("structure_2", OTHER)):
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask.transpose(2, 1, 0).astype(np.uint8), node, segment_id, volume_node
        )
    segmentation = node.GetSegmentation()
    segmentation.SetSegmentIndex(last, segmentation.GetNumberOfSegments() - 1)
    over, under = (HALF, OTHER) if last == "structure_1" else (OTHER, HALF)
    over_value, under_value = (1, 2) if last == "structure_1" else (2, 1)
    expected = np.where(over, over_value, np.where(under, under_value, 0))
    assert (label_of(node, STRUCTURES, volume_node) == expected).all()


def test_structures_are_adopted_without_touching_voxels(volume_node) -> None:
    node = add_segmentation(blob(PLAIN), STRUCTURES[:2], volume_node, "label")
    renamed = (Structure("new name", 1, "#010203", KIDNEY), STRUCTURES[1], STRUCTURES[2])
    adopt_structures(node, renamed)
    adopt_structures(node, renamed)
    segmentation = node.GetSegmentation()
    assert [segmentation.GetSegment(i).GetName() for i in segment_ids(segmentation)] == [
        s.name for s in renamed
    ]
    first = segmentation.GetNthSegment(0)
    assert first.GetColor() == pytest.approx((1 / 255, 2 / 255, 3 / 255))
    assert codes_of(first.GetTerminology()) == KIDNEY
    assert (label_of(node, renamed, volume_node) == blob(PLAIN)).all()


def test_another_modules_segmentation_becomes_the_label(volume_node) -> None:
    own = add_segmentation(np.full(PLAIN.shape, 1, np.uint8), STRUCTURES, volume_node, "label")
    theirs = _foreign(volume_node, ["left kidney", "海馬 posterior"], [HALF, OTHER])
    copy_from(theirs, own, STRUCTURES, volume_node)
    expected = np.where(OTHER, 2, np.where(HALF, 5, 0))
    assert (label_of(own, STRUCTURES, volume_node) == expected).all()
    assert segment_ids(own.GetSegmentation()) == ["structure_1", "structure_2", "structure_5"]


def test_tags_of_another_study_do_not_count(volume_node) -> None:
    """Value 5 may be the spleen elsewhere."""
    own = add_segmentation(None, STRUCTURES, volume_node, "label")
    theirs = _foreign(volume_node, ["Vorderes Stück"], [HALF])
    theirs.GetSegmentation().GetNthSegment(0).SetTag(VALUE_TAG, "5")
    copy_from(theirs, own, STRUCTURES, volume_node)
    assert (label_of(own, STRUCTURES, volume_node) == np.where(HALF, 1, 0)).all()


def test_a_label_map_is_read_by_its_values(volume_node) -> None:
    own = add_segmentation(None, STRUCTURES, volume_node, "label")
    theirs = slicer.util.addVolumeFromArray(
        blob(PLAIN).transpose(2, 1, 0).astype(np.int16),
        ijkToRAS=PLAIN.affine,
        nodeClassName="vtkMRMLLabelMapVolumeNode",
    )
    copy_from(theirs, own, STRUCTURES, volume_node)
    assert (label_of(own, STRUCTURES, volume_node) == blob(PLAIN)).all()


def test_a_label_map_with_names_is_read_by_them(volume_node, scene) -> None:
    own = add_segmentation(None, STRUCTURES, volume_node, "label")
    theirs = slicer.util.addVolumeFromArray(
        np.where(HALF, 1, 0).transpose(2, 1, 0).astype(np.uint8),
        ijkToRAS=PLAIN.affine,
        nodeClassName="vtkMRMLLabelMapVolumeNode",
    )
    colors = scene.AddNewNodeByClass("vtkMRMLColorTableNode", "names")
    colors.SetTypeToUser()
    colors.SetNumberOfColors(2)
    colors.SetColor(0, "background", 0, 0, 0, 0)
    colors.SetColor(1, "Left Kidney", 1, 0, 0, 1)
    theirs.GetDisplayNode().SetAndObserveColorNodeID(colors.GetID())
    copy_from(theirs, own, STRUCTURES, volume_node)
    assert (label_of(own, STRUCTURES, volume_node) == np.where(HALF, 5, 0)).all()


def test_a_label_map_with_unknown_values_is_refused(volume_node) -> None:
    own = add_segmentation(blob(PLAIN), STRUCTURES, volume_node, "label")
    theirs = slicer.util.addVolumeFromArray(
        np.full(PLAIN.shape[::-1], 4, np.uint8),
        ijkToRAS=PLAIN.affine,
        nodeClassName="vtkMRMLLabelMapVolumeNode",
    )
    with pytest.raises(BadInput, match=r"values 4, which.*0 background, 1 Vorderes"):
        copy_from(theirs, own, STRUCTURES, volume_node)
    assert (label_of(own, STRUCTURES, volume_node) == blob(PLAIN)).all()


def test_a_segmentation_of_another_scan_is_refused(volume_node) -> None:
    own = add_segmentation(blob(PLAIN), STRUCTURES, volume_node, "label")
    far = turned_grid((20, 16, 12), (1, 1, 1), angles=(5, 5, 5), centre=(14, 0, 0))
    other_scan = add_volume(scan(far), "other")
    theirs = add_segmentation(np.full(far.shape, 1, np.uint8), STRUCTURES, other_scan, "theirs")
    with pytest.raises(BadInput, match="outside the scan"):
        copy_from(theirs, own, STRUCTURES, volume_node)
    assert (label_of(own, STRUCTURES, volume_node) == blob(PLAIN)).all()


def test_a_scan_is_no_label(volume_node) -> None:
    own = add_segmentation(None, STRUCTURES, volume_node, "label")
    for wrong in (volume_node, own, None):
        with pytest.raises(BadInput):
            copy_from(wrong, own, STRUCTURES, volume_node)


def test_a_segmentation_survives_slicers_own_file(scene, tmp_path) -> None:
    """Saved and loaded by Slicer, the tags are still there and no voxel has moved."""
    volume_node = add_volume(scan(OBLIQUE), "scan")
    node = add_segmentation(blob(OBLIQUE), STRUCTURES, volume_node, "label")
    for segment_id in segment_ids(node.GetSegmentation()):
        node.GetSegmentation().GetSegment(segment_id).SetName(f"renamed {segment_id}")
    path = str(tmp_path / "Fall Müller 東京.seg.nrrd")
    assert slicer.util.exportNode(node, path, {})
    loaded = slicer.util.loadSegmentation(path, {})
    assert (label_of(loaded, STRUCTURES, volume_node) == blob(OBLIQUE)).all()


def test_collapsed_layers_change_nothing(volume_node) -> None:
    node = add_segmentation(None, STRUCTURES, volume_node, "label")
    for segment_id, mask in (("structure_1", HALF & ~OTHER), ("structure_5", OTHER)):
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask.transpose(2, 1, 0).astype(np.uint8), node, segment_id, volume_node
        )
    before = label_of(node, STRUCTURES, volume_node)
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert (label_of(node, STRUCTURES, volume_node) == before).all()
    assert sorted(np.unique(before)) == [0, 1, 5]


@pytest.mark.parametrize(
    "codes",
    [
        KIDNEY,
        {"type": KIDNEY["type"]},
        KIDNEY["type"],
        {"type": KIDNEY["type"], "modifier": KIDNEY["type_modifier"]},
        {"type": {"scheme": "99", "value": "x~1", "meaning": "a^b|c 海馬"}, "region": KIDNEY["type"]},
    ],
)
def test_codes_come_back_from_a_terminology_entry(scene, codes) -> None:
    back = codes_of(entry_of(codes))
    assert back is not None
    assert key_of(back) is not None
    if "x~1" not in str(codes):
        assert key_of(back) == key_of(codes)
    assert codes_of(entry_of(back)) == back


def test_no_codes_are_no_entry(scene) -> None:
    assert entry_of(None) == ""
    assert entry_of({"type": {"scheme": "SCT", "value": ""}}) == ""
    assert codes_of("") is None
    assert codes_of("rubbish") is None


def test_the_editors_node_is_our_own_and_comes_back(scene) -> None:
    node = editor_node()
    assert editor_node() is node
    assert node.GetSingletonTag() == "DualSSLSeg"
    scene.Clear(0)
    assert scene.IsNodePresent(editor_node())
    scene.RemoveNode(editor_node())
    assert scene.IsNodePresent(editor_node())
