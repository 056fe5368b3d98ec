"""Nodes of ours in the scene: how they are marked, found alive, and removed with what belongs to them."""

from __future__ import annotations

from typing import Any

import slicer

from DualSSLSegLib.scene import case_folder

ROLE = "DualSSLSeg.Role"
"""Attribute of every node of ours; selectors of nodes filter by it."""

SCAN = "scan"
SEGMENTATION = "segmentation"
PREDICTION = "prediction"
HEAT_MAP = "heat map"
HEAT_MAP_COLORS = "heat map colors"
LEGEND = "legend"
HOT_SPOTS = "hot spots"


def add_node(node: Any, name: str, role: str) -> Any:
    """Put a new node into the scene, named and marked before anybody hears of it; returns the node of the scene."""
    node.SetName(name)
    node.SetAttribute(ROLE, role)
    return slicer.mrmlScene.AddNode(node)


def is_there(node: Any) -> bool:
    """Whether a node is (still) in the scene: the user may delete any of them, or close the scene."""
    return node is not None and slicer.mrmlScene is not None and bool(slicer.mrmlScene.IsNodePresent(node))


def remove(node: Any) -> None:
    """Remove a node with its display and storage nodes, unless another node uses them; nothing when it is gone."""
    if not is_there(node):
        return
    parts = []
    if node.IsA("vtkMRMLDisplayableNode"):
        parts += [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    if node.IsA("vtkMRMLStorableNode"):
        parts += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    case_folder.forget(node)
    slicer.mrmlScene.RemoveNode(node)
    for part in parts:
        if is_there(part) and not _is_used(part):
            slicer.mrmlScene.RemoveNode(part)


def _is_used(part: Any) -> bool:
    """A legend or a display node can belong to a second node that the user made a copy of."""
    nodes = slicer.mrmlScene.GetNodesByClass("vtkMRMLDisplayableNode")
    nodes.UnRegister(None)
    owners = (nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems()))
    return any(part.GetID() in _part_ids(owner) for owner in owners)


def _part_ids(owner: Any) -> list[str]:
    displays = [owner.GetNthDisplayNodeID(n) for n in range(owner.GetNumberOfDisplayNodes())]
    return displays + [owner.GetNthStorageNodeID(n) for n in range(owner.GetNumberOfStorageNodes())]
