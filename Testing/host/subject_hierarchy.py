"""In Slicer a Qt class gives every new data node an item of the subject hierarchy; here an observer does."""

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

    scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, added)
