"""Slicer's own Segment Editor inside the panel, with an editor node of its own."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from DualSSLSegLib.workbench.for_widgets import editor_node


class SegmentEditor:
    """`widget` edits one segmentation over one volume, until either goes.

    It lets go of nodes before they leave the scene, whoever removes them, because an effect that is active would
    work on a node that is gone.
    """

    def __init__(self) -> None:
        self.widget = slicer.qMRMLSegmentEditorWidget()
        self.widget.segmentationNodeSelectorVisible = False
        self.widget.sourceVolumeNodeSelectorVisible = False
        self.widget.switchToSegmentationsButtonVisible = False
        self.widget.addRemoveSegmentButtonsVisible = False  # the segments are the structures of the study
        self.widget.autoShowSourceVolumeNode = False  # the views show what the case shows
        self.widget.undoEnabled = True
        self.widget.maximumNumberOfUndoStates = 10
        self.widget.setMRMLScene(slicer.mrmlScene)
        self._node: Any = None
        self._entered = False
        scene = slicer.mrmlScene
        self._observations = [
            (scene, scene.AddObserver(scene.StartCloseEvent, self._scene_closes)),
            (scene, scene.AddObserver(scene.EndCloseEvent, self._scene_closed)),
            (scene, scene.AddObserver(scene.NodeAboutToBeRemovedEvent, self._node_goes)),
        ]

    @property
    def segmentation(self) -> Any:
        """The segmentation that is edited, or None."""
        return self.widget.segmentationNode() if self._node is not None else None

    def edit(self, segmentation: Any, volume: Any, *, read_only: bool = False) -> None:
        """Edit this segmentation over this volume; the same ones again change nothing."""
        if segmentation is None or volume is None:
            self.let_go()
            return
        self._take_node()
        if self.widget.readOnly != read_only:
            self.widget.readOnly = read_only
        if segmentation is not self.segmentation:
            self.rest()
            self.widget.setSegmentationNode(segmentation)
        if volume is not self.widget.sourceVolumeNode():
            self.widget.setSourceVolumeNode(volume)

    def rest(self) -> None:
        """Put the active effect away; before anything but the user changes the segmentation."""
        if self._node is not None:
            self.widget.setActiveEffectByName("")

    def save_for_undo(self) -> None:
        """Let the user undo what comes next."""
        if self.segmentation is not None:
            self.widget.saveStateForUndo()

    def let_go(self) -> None:
        """Edit nothing."""
        if self._node is None:
            return
        self.rest()
        self.widget.setSegmentationNode(None)
        self.widget.setSourceVolumeNode(None)

    def enter(self) -> None:
        """The module came on screen: shortcuts and mouse belong to this editor."""
        if self._entered:
            return
        self._entered = True
        self._take_node()
        self.widget.installKeyboardShortcuts()
        self.widget.setupViewObservations()
        self.widget.updateWidgetFromMRML()

    def exit(self) -> None:
        """The module left the screen: other editors have shortcuts and mouse again."""
        if not self._entered:
            return
        self._entered = False
        self.rest()
        self.widget.uninstallKeyboardShortcuts()
        self.widget.removeViewObservations()

    def close(self) -> None:
        """The module is unloaded."""
        self.exit()
        self.let_go()
        for scene, tag in self._observations:
            scene.RemoveObserver(tag)
        self._observations = []

    def _take_node(self) -> None:
        if self._node is None:
            self._node = editor_node()
            self.widget.setMRMLSegmentEditorNode(self._node)

    def _scene_closes(self, _scene: Any, _event: str) -> None:
        self.let_go()
        self.widget.removeViewObservations()

    def _scene_closed(self, _scene: Any, _event: str) -> None:
        if self._entered:
            self._take_node()
            self.widget.setupViewObservations()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_goes(self, _scene: Any, _event: str, node: Any) -> None:
        if self._node is None:
            return
        if node is self._node:
            self.let_go()
            self.widget.setMRMLSegmentEditorNode(None)
            self._node = None
        elif node is self.widget.segmentationNode() or node is self.widget.sourceVolumeNode():
            self.let_go()
