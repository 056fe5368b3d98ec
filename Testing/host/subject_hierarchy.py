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


def _add(scene, node) -> None:
    shown = any(node.IsA(kind) for kind in _SHOWN) and not node.IsA("vtkMRMLColorNode")
    if not shown or node.GetHideFromEditors():
        return
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if hierarchy is not None and hierarchy.GetItemByDataNode(node) == 0:
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


def follow(scene) -> None:
    @vtk.calldata_type(vtk.VTK_OBJECT)
    def added(_scene, _event, node) -> None:
        if not scene.IsImporting():  # the file brings its own hierarchy
            _add(scene, node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def goes(_scene, _event, node) -> None:
        if scene.IsClosing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
            return
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        item = hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0
        if item:
            hierarchy.RemoveItem(item, False, False)

    def imported(_scene, _event) -> None:
        every = scene.GetNodes()
        for index in range(every.GetNumberOfItems()):
            _add(scene, every.GetItemAsObject(index))

    scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, added)
    scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, goes)
    scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, imported)
