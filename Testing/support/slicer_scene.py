"""Slicer's scene and views, read and changed past the module's own code, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

SLICES = {"Yellow": 0, "Green": 1, "Red": 2}  # the axis of RAS along which a view scrolls


def shown_in_every_view(layer: str) -> set[str | None]:
    """The node ids that the slice views show in their "background" or "foreground"."""
    import slicer

    manager = slicer.app.layoutManager()
    composites = [manager.sliceWidget(name).mrmlSliceCompositeNode() for name in manager.sliceViewNames()]
    get = "GetBackgroundVolumeID" if layer == "background" else "GetForegroundVolumeID"
    return {getattr(composite, get)() or None for composite in composites}


def slice_offsets() -> list[float]:
    """Where the three slices lie: right, anterior, superior, in mm."""
    import slicer

    manager = slicer.app.layoutManager()
    return [
        manager.sliceWidget(name).mrmlSliceNode().GetSliceToRAS().GetElement(axis, 3)
        for name, axis in SLICES.items()
    ]


def distance_from_slice(node: Any, ras: Sequence[float]) -> float:
    """How far a point lies from the slice of a slice node, in mm."""
    from DualSSLSegLib.scene.arrays import affine_of

    local = np.linalg.inv(affine_of(node.GetSliceToRAS())) @ np.array([*ras, 1.0])
    return abs(float(local[2]))


def segment_arrays(segmentation_node: Any, volume_node: Any) -> np.ndarray:
    """The segments of a node as a label, (X, Y, Z), numbered in their order."""
    import slicer

    label: Any = 0
    for value, segment in enumerate(segmentation_node.GetSegmentation().GetSegmentIDs(), 1):
        array = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation_node, segment, volume_node)
        label = np.where(array > 0, value, label)
    return np.asarray(label, np.uint8).transpose(2, 1, 0)


def nodes_of_ours() -> list[str]:
    """Names of the nodes in the scene that the module has made for cases."""
    import slicer

    found = (slicer.mrmlScene.GetNthNode(n) for n in range(slicer.mrmlScene.GetNumberOfNodes()))
    return [node.GetName() for node in found if node.GetAttribute("DualSSLSeg.Role")]


def translation(*mm: float) -> Any:
    """A transform in the scene that moves what observes it: right, anterior, superior."""
    import slicer

    from DualSSLSegLib.scene.arrays import matrix_of

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, 3] = mm
    node.SetMatrixTransformToParent(matrix_of(matrix))
    return node
