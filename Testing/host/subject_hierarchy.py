"""In Slicer a Qt class gives every new data node an item of the subject hierarchy and takes it away with the node; here
observers do."""

from __future__ import annotations

import slicer
import vtk

_SHOWN = (
    "vtkMRMLDisplayableNode",
    "vtkMRMLTableNode",
    "vtkMRMLTextNode",
    "vtkMRMLPlotChartNode",
    "vtkMRMLPlotSeriesNode",
)


def follow(scene) -> None:
    @vtk.calldata_type(vtk.VTK_OBJECT)
    def added(_scene, _event, node) -> None:
        shown = any(node.IsA(kind) for kind in _SHOWN) and not node.IsA("vtkMRMLColorNode")
        if not shown or node.GetHideFromEditors():
            return
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        if hierarchy is not None and hierarchy.GetItemByDataNode(node) == 0:
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def goes(_scene, _event, node) -> None:
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        if hierarchy is None or hierarchy is node or scene.IsClosing():
            return
        item = hierarchy.GetItemByDataNode(node)
        if item != 0:
            hierarchy.RemoveItem(item, False, False)

    scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, added)
    scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, goes)
