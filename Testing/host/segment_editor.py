"""qMRMLSegmentEditorWidget as state: nodes, current segment, effect by name and undo are real, no effect can draw."""

from __future__ import annotations

import slicer
from PySide6 import QtCore, QtWidgets

from .errors import PortingMistake
from .mrml_widgets import qMRMLWidget
from .segments_table import qMRMLSegmentsTableView
from .strict import contract_class

_EFFECTS = (
    *("Threshold", "Paint", "Draw", "Erase", "Level tracing", "Grow from seeds", "Fill between slices"),
    *("Margin", "Hollow", "Smoothing", "Scissors", "Islands", "Logical operators", "Mask volume"),
)


class qSlicerSegmentEditorAbstractEffect(
    contract_class("qSlicerSegmentEditorAbstractEffect", QtCore.QObject)
):
    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._values = {"name": name}

    def _read_name(self) -> str:
        return self._values["name"]


class qMRMLSegmentEditorWidget(
    contract_class(
        "qMRMLSegmentEditorWidget",
        qMRMLWidget,
        segmentationNodeSelectorVisible=True,
        sourceVolumeNodeSelectorVisible=True,
        maskingSectionVisible=True,
        specifyGeometryButtonVisible=True,
        show3DButtonVisible=True,
        addRemoveSegmentButtonsVisible=True,
        switchToSegmentationsButtonVisible=True,
        autoShowSourceVolumeNode=True,
        undoEnabled=True,
        maximumNumberOfUndoStates=10,
        effectColumnCount=2,
    )
):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._node = None
        self._history = slicer.vtkSegmentationHistory()
        self._order = list(_EFFECTS)
        self._effects = {name: qSlicerSegmentEditorAbstractEffect(name) for name in _EFFECTS}
        self._shortcuts_on = self._observing = False
        self._table = qMRMLSegmentsTableView()
        self._table.setSelectionMode(1)
        self._table.selectionChanged.connect(self._row_chosen)
        self._table.setMaximumHeight(140)
        column.addWidget(self._table)
        self._buttons = {}
        grid = QtWidgets.QGridLayout()
        for number, name in enumerate(_EFFECTS):
            button = QtWidgets.QToolButton()
            button.text = name
            button.checkable = True
            button.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
            button.clicked.connect(lambda on, name=name: self.setActiveEffectByName(name if on else ""))
            grid.addWidget(button, *divmod(number, self.effectColumnCount))
            self._buttons[name] = button
        column.addLayout(grid)

    def _keep_scene(self, scene) -> None:
        super()._keep_scene(scene)
        if scene is None:
            self._node = None
            self._table.setSegmentationNode(None)

    def _set_up(self):
        if self._scene is None or self._node is None:
            raise PortingMistake(
                "the segment editor needs setMRMLScene() and setMRMLSegmentEditorNode() first"
            )
        return self._node

    def setMRMLSegmentEditorNode(self, node) -> None:
        self._node = node
        self.updateWidgetFromMRML()

    def mrmlSegmentEditorNode(self):
        return self._node

    def segmentationNode(self):
        return self._node.GetSegmentationNode() if self._node is not None else None

    def segmentationNodeID(self) -> str:
        node = self.segmentationNode()
        return node.GetID() if node is not None else ""

    def setSegmentationNode(self, node) -> None:
        if node is None and self._node is None:
            return
        before = self.segmentationNode()
        self._set_up().SetAndObserveSegmentationNode(node)
        if node is before:
            return
        self._history.RemoveAllStates()
        self._history.SetSegmentation(node.GetSegmentation() if node is not None else None)
        if node is not None:
            if node.GetDisplayNode() is None:
                node.CreateDefaultDisplayNodes()
            reference = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
            if reference is not None:
                self.setSourceVolumeNode(reference)
        self.updateWidgetFromMRML()
        ids = list(node.GetSegmentation().GetSegmentIDs()) if node is not None else []
        self.setCurrentSegmentID(ids[0] if ids else "")
        self.segmentationNodeChanged.emit(node)

    def setSegmentationNodeID(self, node_id: str) -> None:
        self.setSegmentationNode(self._scene.GetNodeByID(node_id) if node_id else None)

    def sourceVolumeNode(self):
        return self._node.GetSourceVolumeNode() if self._node is not None else None

    def sourceVolumeNodeID(self) -> str:
        node = self.sourceVolumeNode()
        return node.GetID() if node is not None else ""

    def setSourceVolumeNode(self, node) -> None:
        if node is None and self._node is None:
            return
        before = self.sourceVolumeNode()
        self._set_up().SetAndObserveSourceVolumeNode(node)
        if node is not before:
            self.sourceVolumeNodeChanged.emit(node)

    def setSourceVolumeNodeID(self, node_id: str) -> None:
        self.setSourceVolumeNode(self._scene.GetNodeByID(node_id) if node_id else None)

    def currentSegmentID(self) -> str:
        return (self._node.GetSelectedSegmentID() or "") if self._node is not None else ""

    def setCurrentSegmentID(self, segment_id: str) -> None:
        if self._node is None or segment_id == self.currentSegmentID():
            return
        self._node.SetSelectedSegmentID(segment_id)
        self._table.setSelectedSegmentIDs([segment_id] if segment_id else [])
        self.currentSegmentIDChanged.emit(segment_id)

    def _row_chosen(self, _selected, _deselected) -> None:
        ids = self._table.selectedSegmentIDs()
        if ids:
            self.setCurrentSegmentID(ids[0])

    def availableEffectNames(self) -> tuple[str, ...]:
        return tuple(self._order)

    def effectNameOrder(self) -> tuple[str, ...]:
        return tuple(self._order)

    def setEffectNameOrder(self, names) -> None:
        self._order = [n for n in names if n in self._effects] + [n for n in _EFFECTS if n not in names]

    def effectCount(self) -> int:
        return len(self._effects)

    def activeEffect(self):
        return self._effects.get(self._node.GetActiveEffectName() or "") if self._node is not None else None

    def setActiveEffect(self, effect) -> None:
        self.setActiveEffectByName(effect.name if effect is not None else "")

    def setActiveEffectByName(self, name: str) -> None:
        if self._node is not None:
            self._node.SetActiveEffectName(name if name in self._effects else "")
            for known, button in self._buttons.items():
                button.checked = known == name

    def saveStateForUndo(self) -> None:
        if self.undoEnabled and self.segmentationNode() is not None:
            self._history.SetMaximumNumberOfStates(self.maximumNumberOfUndoStates)
            self._history.SaveState()

    def undo(self) -> None:
        self._history.RestorePreviousState()

    def redo(self) -> None:
        self._history.RestoreNextState()

    def installKeyboardShortcuts(self, _parent=None) -> None:
        self._shortcuts_on = True

    def uninstallKeyboardShortcuts(self) -> None:
        self._shortcuts_on = False

    def setupViewObservations(self) -> None:
        self._observing = True

    def removeViewObservations(self) -> None:
        self._observing = False

    def updateWidgetFromMRML(self) -> None:
        self._table.setSegmentationNode(self.segmentationNode())
        chosen = self.currentSegmentID()
        self._table.setSelectedSegmentIDs([chosen] if chosen else [])
