"""A scan of 512 x 512 x 600 voxels, as a CT of the trunk has them: opened, drawn on, kept, submitted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from host import application
from support.benches import draw

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.write import write_map
from DualSSLSegLib.study.folder import StudyFolder

pytestmark = [pytest.mark.panel, pytest.mark.slow]

SHAPE = (512, 512, 600)
GRID = Grid(SHAPE, np.diag([-0.8, -0.8, 1.0, 1.0]))
_NEEDED_BYTES = 4 << 30  # it takes 2.7 GB


def _free_memory() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if sys.platform == "linux" else 0


def _wait(hand, happened) -> None:
    """As `Hand.wait_until`, with the patience that such a scan needs."""
    for _ in range(6000):
        if happened():
            return
        application.settle(50)
    pytest.fail(f"it never happened; busy: {hand.workbench.busy!r}; {hand.said()}")


def test_a_large_scan_is_labelled(panel, tmp_path: Path):
    if _free_memory() < _NEEDED_BYTES:
        pytest.skip("too little memory is free for a scan of this size")
    folder = tmp_path / "large"
    folder.mkdir()
    scan = np.zeros(SHAPE, np.int16)
    scan[100:400, 100:400, 50:550] = 40
    write_map(folder / "trunk.nii", scan, GRID)
    del scan
    workbench = panel.workbench
    workbench.create_study(folder, ["liver"])
    _wait(panel, lambda: workbench.rows and not workbench.busy)
    workbench.open_next()
    _wait(panel, lambda: workbench.case == "trunk" and not workbench.busy)
    assert workbench.case_scene.volume_node.GetImageData().GetDimensions() == SHAPE
    strokes = np.zeros(SHAPE, np.uint8)
    strokes[120:260, 150:300, 100:400] = 1
    segment = workbench.case_scene.segmentation_node.GetSegmentation().GetNthSegmentID(0)
    draw(workbench, segment, strokes)
    workbench._saved_at = workbench.clock() - 61  # the autosave is due
    _wait(panel, lambda: not workbench.changed and not workbench.busy)
    assert StudyFolder.open(folder).drafts.ids() == {"trunk"}
    workbench.submit()
    _wait(panel, lambda: workbench.counts["labelled"] == 1 and not workbench.busy)
    study = StudyFolder.open(folder)
    assert np.array_equal(read_label(study.latest("trunk").path, GRID, study.structures), strokes)
