"""A label map written as a segmentation keeps names, colours and codes, and no voxel moves."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_scans import tiny_grid, tiny_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import nrrd
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.seg_nrrd import write_segmentation
from DualSSLSegLib.study.model import Structure

KIDNEY = {"scheme": "SCT", "value": "64033007", "meaning": "Kidney"}
RIGHT = {"scheme": "SCT", "value": "24028007", "meaning": "Right"}
TABLE = [
    Structure("Kugel \\ rund", 1, "#ff8000", {"type": KIDNEY, "type_modifier": RIGHT}),
    Structure("block", 5, "#00ff00"),
    Structure("never seen", 9, "#0000ff"),
]


def test_values_names_and_codes_come_back(tmp_path):
    _, label = tiny_scan(3)
    path = tmp_path / "a.seg.nrrd"
    write_segmentation(path, label, tiny_grid(3), TABLE)
    assert np.array_equal(read_label(path, tiny_grid(3), TABLE), label)
    renumbered = [Structure("other", 1, "#000000"), Structure("BLOCK", 2, "#000000")]
    by_code = [
        *renumbered,
        Structure("kidney", 7, "#000000", TABLE[0].codes),
        Structure("never seen", 8, "#000000"),
    ]
    read = read_label(path, tiny_grid(3), by_code)
    assert np.array_equal(read == 7, label == 1) and np.array_equal(read == 2, label == 5)


def test_the_header_is_that_of_a_segmentation(tmp_path):
    _, label = tiny_scan(3)
    write_segmentation(tmp_path / "a.seg.nrrd", label, tiny_grid(3), TABLE)
    fields = nrrd.read_header(tmp_path / "a.seg.nrrd").fields
    assert fields["Segment0_Name"] == "Kugel \\ rund" and fields["Segment0_LabelValue"] == "1"
    assert fields["Segment0_Color"] == "1 0.501961 0" and fields["Segment1_Tags"] == ""
    assert "~SCT^64033007^Kidney~SCT^24028007^Right~" in fields["Segment0_Tags"]
    assert fields["Segment2_Name"] == "never seen"  # an empty segment, not a missing one


def test_a_value_without_a_structure_and_a_wrong_shape_are_refused(tmp_path):
    _, label = tiny_scan(3)
    with pytest.raises(ValueError, match="no structure has the value"):
        write_segmentation(tmp_path / "a.seg.nrrd", label, tiny_grid(3), TABLE[:1])
    with pytest.raises(ValueError, match="does not fit"):
        write_segmentation(tmp_path / "a.seg.nrrd", label[1:], tiny_grid(3), TABLE)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    _, label = tiny_scan(3)
    with pytest.raises(BadInput, match="cannot be written"):
        write_segmentation(tmp_path / "file" / "a.seg.nrrd", label, tiny_grid(3), TABLE)
