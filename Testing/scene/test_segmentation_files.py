"""A segmentation file of ours is one of Slicer's."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_scans import tiny_grid, tiny_scan

from DualSSLSegLib.imaging.seg_nrrd import write_segmentation
from DualSSLSegLib.study.model import Structure

pytestmark = pytest.mark.panel


def test_slicer_reads_names_colours_codes_and_voxels(scene, tmp_path):
    import slicer

    _, label = tiny_scan(4)
    kidney = {"scheme": "SCT", "value": "64033007", "meaning": "Kidney"}
    table = [Structure("Niere ü", 1, "#ff0000", {"type": kidney}), Structure("block", 5, "#00ff00")]
    write_segmentation(tmp_path / "a.seg.nrrd", label, tiny_grid(4), table)
    node = slicer.util.loadSegmentation(str(tmp_path / "a.seg.nrrd"), {})
    segmentation = node.GetSegmentation()
    names = [segmentation.GetNthSegment(n).GetName() for n in range(segmentation.GetNumberOfSegments())]
    assert names == ["Niere ü", "block"]
    assert segmentation.GetNthSegment(0).GetColor() == pytest.approx((1.0, 0.0, 0.0))
    assert "SCT^64033007^Kidney" in segmentation.GetNthSegment(0).GetTerminology()
    for number, structure in enumerate(table):
        layer = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, segmentation.GetNthSegmentID(number))
        value = segmentation.GetNthSegment(number).GetLabelValue()
        assert int(np.count_nonzero(layer == value)) == int((label == structure.value).sum())
