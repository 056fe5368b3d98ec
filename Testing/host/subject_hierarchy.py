"""What a Qt class of Slicer does for the subject hierarchy: items come and go with the data nodes of the scene."""

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
_BEFORE_VIEWS = 10.0  # priority of an observer


class Follower:
    """Observes one scene for as long as the process lives."""

    def __init__(self, scene) -> None:
        self._scene = scene
        events = slicer.vtkMRMLScene
        scene.AddObserver(events.NodeAddedEvent, self._added)
        scene.AddObserver(events.NodeAboutToBeRemovedEvent, self._going)
        scene.AddObserver(events.NodeRemovedEvent, self._removed)
        scene.AddObserver(events.EndImportEvent, self._complete, _BEFORE_VIEWS)
        scene.AddObserver(events.EndBatchProcessEvent, self._complete, _BEFORE_VIEWS)
        for event in (events.EndCloseEvent, events.EndRestoreEvent):
            scene.AddObserver(event, self._resolve)

    def _hierarchy(self):
        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self._scene)

    def _resolve(self, *_) -> None:
        """One hierarchy node, into which a loaded one is merged."""
        slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(self._scene)

    def _add(self, node) -> None:
        shown = any(node.IsA(kind) for kind in _SHOWN) and not node.IsA("vtkMRMLColorNode")
        if not shown or node.GetHideFromEditors():
            return
        hierarchy = self._hierarchy()
        if hierarchy.GetItemByDataNode(node) == 0:
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _added(self, _scene, _event, node) -> None:
        if node.IsA("vtkMRMLSubjectHierarchyNode"):
            self._resolve()
        elif not self._scene.IsImporting():  # the file brings its own hierarchy
            self._add(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _going(self, _scene, _event, node) -> None:
        if self._scene.IsClosing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
            return
        hierarchy = self._hierarchy()
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.RemoveItem(item, False, False)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _removed(self, _scene, _event, node) -> None:
        if node.IsA("vtkMRMLSubjectHierarchyNode") and not self._scene.IsClosing():
            self._complete()

    def _complete(self, *_) -> None:
        self._resolve()
        every = self._scene.GetNodes()
        for node in [every.GetItemAsObject(index) for index in range(every.GetNumberOfItems())]:
            self._add(node)
