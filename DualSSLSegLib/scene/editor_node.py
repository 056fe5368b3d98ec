"""The Segment Editor's node of this module: with a tag of its own, so that Slicer's own module keeps its state."""

from __future__ import annotations

from typing import Any

import slicer

SINGLETON_TAG = "DualSSLSeg"


def editor_node() -> Any:
    """This module's vtkMRMLSegmentEditorNode; made when it is missing, as after the scene was closed."""
    node = slicer.mrmlScene.GetSingletonNode(SINGLETON_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag(SINGLETON_TAG)
        node = slicer.mrmlScene.AddNode(node)
    return node
