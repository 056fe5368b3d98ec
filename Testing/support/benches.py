"""A workbench over a tiny study, a user's hand, and workers that write what they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.background import Background, Inline
from DualSSLSegLib.loop.launcher import Launcher
from support.predictions import tell
from support.studies import tiny_study


class ToldWorkers(Launcher):
    """Starts no process: a worker begins when its run is launched, and the test tells the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.launched: list[RunFolder] = []

    def launch(self, run: RunFolder) -> None:
        self.launched.append(run)
        tell(
            run,
            {
                "type": "started",
                "attempt": len(self.launched),
                "pid": 1,
                "host": "elsewhere",
                "device": "cpu",
            },
        )


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def bench(folder: Path, background: Background | None = None, *, author: str = "Ada", **study):
    """A workbench with an open study in `folder` (made when there is none), a clock of its own and told workers."""
    from DualSSLSegLib.workbench.workbench import Workbench

    workbench = Workbench(background or Inline(), author=author, launcher=ToldWorkers())
    workbench.clock = Clock()
    workbench.rescue_folder = folder.parent / "rescued"
    workbench.topics = []
    workbench.listeners.append(workbench.topics.append)
    if not (folder / ".dualsslseg").exists():
        tiny_study(folder, **study)
    workbench.open_study(folder)
    return workbench


def paint(workbench, label: np.ndarray) -> None:
    """Draw a label, (X, Y, Z) with the study's values, as the Segment Editor does: segment by segment."""
    node = workbench.case_scene.segmentation_node
    for structure in workbench.opened.structures:
        segment = node.GetSegmentation().GetSegmentIdBySegmentName(structure.name)
        draw(workbench, segment, label == structure.value)


def draw(workbench, segment: str, mask: np.ndarray) -> None:
    """Draw a mask, (X, Y, Z), as the content of one segment."""
    import slicer
    from vtk.util.numpy_support import numpy_to_vtk

    image, matrix = slicer.vtkOrientedImageData(), vtk_matrix(workbench.opened.grid.affine)
    image.SetImageToWorldMatrix(matrix)
    image.SetDimensions(mask.shape)
    voxels = np.ascontiguousarray(mask.transpose(2, 1, 0)).astype(np.uint8).ravel()
    image.GetPointData().SetScalars(numpy_to_vtk(voxels, deep=True))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    node = workbench.case_scene.segmentation_node
    logic.SetBinaryLabelmapToSegment(image, node, segment, logic.MODE_REPLACE)


def vtk_matrix(affine: np.ndarray):
    """A 4x4 matrix as VTK has it."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(affine.ravel())
    return matrix


def poll_until(workbench, reached: Callable[[], bool]) -> None:
    """Poll as the panel's timer does until something is so."""
    for _ in range(24_000):  # two minutes, only for a test that fails
        workbench.poll()
        if reached():
            return
        threading.Event().wait(0.005)
    pytest.fail(f"it never came to that; busy: {workbench.busy!r}, message: {workbench.message}")
