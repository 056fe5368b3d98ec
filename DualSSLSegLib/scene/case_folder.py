"""The folder of a case in the subject hierarchy (Slicer's module Data), which holds the nodes of ours."""

from __future__ import annotations

from typing import Any

import slicer

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
    if tree is None or folder == NO_ITEM:
        return
    item = tree.GetItemByDataNode(node)
    if item == NO_ITEM:
        tree.CreateItem(folder, node)
    else:
        tree.SetItemParent(item, folder)


def put_beside(node: Any, neighbour: Any) -> None:
    """Move a node's item into the folder in which another node lies."""
    tree = hierarchy()
    item = NO_ITEM if tree is None else tree.GetItemByDataNode(neighbour)
    if item != NO_ITEM:
        put_into(tree.GetItemParent(item), node)


def forget(node: Any) -> None:
    """Take a node that is about to be removed out of the hierarchy; its children move up."""
    tree = hierarchy()
    item = NO_ITEM if tree is None else tree.GetItemByDataNode(node)
    if item != NO_ITEM:
        tree.RemoveItem(item, False, False)


def remove_folder(folder: int) -> None:
    """Remove a folder unless the user has put something else into it, or has removed it already."""
    tree = hierarchy()
    # Item numbers are never used twice, and an unknown one has no level.
    if (
        tree is not None
        and folder != NO_ITEM
        and tree.GetItemLevel(folder)
        and not tree.GetNumberOfItemChildren(folder)
    ):
        tree.RemoveItem(folder, True, False)
