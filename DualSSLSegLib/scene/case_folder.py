"""The folder of a case in the subject hierarchy (Slicer's module Data), which holds the nodes of ours."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

NO_ITEM = 0


def hierarchy() -> Any | None:
    """The subject hierarchy node of the scene; None when there is none."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def create_folder(name: str) -> int:
    """Add a folder; returns its item, NO_ITEM where there is no subject hierarchy."""
    tree = hierarchy()
    return NO_ITEM if tree is None else tree.CreateFolderItem(tree.GetSceneItemID(), name)


def put_into(folder: int, node: Any) -> None:
    """Move a node's item into a folder; it is made when Slicer has made none yet."""
    tree = hierarchy()
    if tree is None or not _exists(tree, folder):
        return
    item = tree.GetItemByDataNode(node)
    if item == NO_ITEM:
        tree.CreateItem(folder, node)
    else:
        tree.SetItemParent(item, folder)


def put_beside(node: Any, neighbour: Any) -> None:
    """Move a node's item into the folder in which another node lies."""
    tree = hierarchy()
    if tree is not None and (item := tree.GetItemByDataNode(neighbour)) != NO_ITEM:
        parent = tree.GetItemParent(item)
        if parent != tree.GetSceneItemID():
            put_into(parent, node)


def forget(node: Any) -> None:
    """Take a node that is about to be removed out of the hierarchy; its children move up."""
    tree = hierarchy()
    if tree is not None and (item := tree.GetItemByDataNode(node)) != NO_ITEM:
        tree.RemoveItem(item, False, False)


def remove_folder(folder: int) -> None:
    """Remove a folder unless the user has put something else into it, or has removed it already."""
    tree = hierarchy()
    if tree is not None and _exists(tree, folder) and not tree.GetNumberOfItemChildren(folder):
        tree.RemoveItem(folder, True, False)


def _exists(tree: Any, item: int) -> bool:
    """Whether an item is there; asking about one that is not writes an error. Numbers are never used twice."""
    items = vtk.vtkIdList()
    tree.GetItemChildren(tree.GetSceneItemID(), items, True)
    return item != NO_ITEM and items.IsId(item) >= 0
