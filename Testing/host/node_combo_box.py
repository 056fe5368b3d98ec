"""qMRMLNodeComboBox: the nodes of a scene that match types and attributes, kept up to date."""

from __future__ import annotations

import slicer
from PySide6 import QtWidgets

from .errors import HostLimitation
from .observers import Observation
from .strict import contract_class

_SCENE_EVENTS = (
    "NodeAddedEvent",
    "NodeRemovedEvent",
    "EndBatchProcessEvent",
    "EndCloseEvent",
    "EndImportEvent",
)


class qMRMLNodeComboBox(
    contract_class(
        "qMRMLNodeComboBox",
        QtWidgets.QWidget,
        nodeTypes=(),
        hideChildNodeTypes=(),
        showChildNodeTypes=True,
        noneDisplay="None",
        addEnabled=True,
        removeEnabled=True,
        selectNodeUponCreation=True,
    )
):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._combo = QtWidgets.QComboBox()
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        self._combo.setSizeAdjustPolicy(QtWidgets.QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self._combo.setMinimumContentsLength(8)
        row.addWidget(self._combo)
        self.setFocusProxy(self._combo)
        self._scene = None
        self._of_scene: list[Observation] = []
        self._of_nodes: list[Observation] = []
        self._attributes: list[tuple[str, str, object]] = []
        self._filling = False
        self._told = ""
        self._wanted = ""
        self._combo.currentIndexChanged.connect(self._selected)
        self._combo.activated.connect(lambda _index: self.nodeActivated.emit(self.currentNode()))
        self.setEnabled(False)

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene) -> None:
        if scene is self._scene:
            return
        for observation in self._of_scene:
            observation.stop()
        self._scene = scene
        self._of_scene = []
        if scene is not None:
            events = [getattr(slicer.vtkMRMLScene, name) for name in _SCENE_EVENTS]
            self._of_scene = [Observation(scene, event, self._scene_changed) for event in events]
        self._fill(self._wanted)
        self.setEnabled(scene is not None)

    def _scene_changed(self, scene, _event) -> None:
        if not scene.IsBatchProcessing():
            self._fill()

    def _matches(self, node) -> bool:
        if self.showChildNodeTypes:
            right_type = any(node.IsA(kind) for kind in self.nodeTypes)
        else:
            right_type = node.GetClassName() in self.nodeTypes
        if not right_type or any(node.IsA(kind) for kind in self.hideChildNodeTypes):
            return False
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        for kind, key, value in self._attributes:
            if node.IsA(kind):
                given = node.GetAttribute(key)
                if given is None or (value not in (None, "") and given != str(value)):
                    return False
        return True

    def _nodes(self) -> list:
        if self._scene is None:
            return []
        every = self._scene.GetNodes()
        nodes = (every.GetItemAsObject(i) for i in range(every.GetNumberOfItems()))
        return [node for node in nodes if self._matches(node)]

    def _fill(self, wanted: str = "") -> None:
        wanted = wanted or self._combo.itemData(self._combo.currentIndex) or ""
        for observation in self._of_nodes:
            observation.stop()
        nodes = self._nodes()
        self._of_nodes = [Observation(node, "ModifiedEvent", self._node_modified) for node in nodes]
        self._filling = True
        self._combo.clear()
        if self.noneEnabled:
            self._combo.addItem(self.noneDisplay, "")
        for node in nodes:
            self._combo.addItem(node.GetName() or node.GetID(), node.GetID())
        index = self._combo.findData(wanted) if wanted else -1
        if index < 0 and self._combo.count:
            index = 0  # None, or the first node where None is not allowed
        self._combo.setCurrentIndex(index)
        self._filling = False
        self._selected()

    def _node_modified(self, node, _event) -> None:
        index = self._combo.findData(node.GetID())
        if index >= 0 and self._combo.itemText(index) != node.GetName():
            self._combo.setItemText(index, node.GetName())
            if node is self.currentNode():
                self.currentNodeRenamed.emit(node.GetName())

    def _refilled(self) -> None:
        self._fill()

    _changed_nodeTypes = _changed_noneEnabled = _changed_showHidden = _changed_noneDisplay = _refilled
    _changed_hideChildNodeTypes = _changed_showChildNodeTypes = _refilled

    def _selected(self, _index: int = 0) -> None:
        node_id = self.currentNodeID
        if self._filling or node_id == self._told:
            return
        self._told = node_id
        node = self.currentNode()
        self.currentNodeChanged.emit(node)
        getattr(self, self._signals["currentNodeChanged"]["currentNodeChanged(bool)"]).emit(node is not None)
        self.currentNodeIDChanged.emit(node_id)

    def currentNode(self):
        node_id = self.currentNodeID
        return self._scene.GetNodeByID(node_id) if self._scene is not None and node_id else None

    def setCurrentNode(self, node) -> None:
        if isinstance(node, str):
            self.setCurrentNodeID(node)
        else:
            self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, node_id: str) -> None:
        if self._scene is None:
            self._wanted = node_id
            return
        self._combo.setCurrentIndex(self._combo.findData(node_id or ""))

    def _read_currentNodeID(self) -> str:
        return self._combo.itemData(self._combo.currentIndex) or ""

    def _write_currentNodeID(self, node_id: str) -> None:
        self.setCurrentNodeID(node_id)

    def setCurrentNodeIndex(self, index: int) -> None:
        self._combo.setCurrentIndex(index + bool(self.noneEnabled))

    def nodeCount(self) -> int:
        return len(self._nodes())

    def nodeFromIndex(self, index: int):
        nodes = self._nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def addAttribute(self, node_type: str, key: str, value=None) -> None:
        self._attributes.append((node_type, key, value))
        self._fill()

    def removeAttribute(self, node_type: str, key: str) -> None:
        self._attributes = [entry for entry in self._attributes if entry[:2] != (node_type, key)]
        self._fill()

    def addNode(self, node_type: str = ""):
        kind = node_type or self.nodeTypes[0]
        base = self.baseName or kind.removeprefix("vtkMRML").removesuffix("Node")
        node = self._scene.AddNewNodeByClass(kind, self._scene.GenerateUniqueName(base))
        for attribute_type, key, value in self._attributes:
            if node.IsA(attribute_type):
                node.SetAttribute(key, str(value))
        self._fill()
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        node = self.currentNode()
        if node is not None:
            self.nodeAboutToBeRemoved.emit(node)
            self._scene.RemoveNode(node)

    def renameCurrentNode(self) -> None:
        raise HostLimitation("qMRMLNodeComboBox.renameCurrentNode asks in a dialog")


class qMRMLColorTableComboBox(contract_class("qMRMLColorTableComboBox", qMRMLNodeComboBox)):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.nodeTypes = ["vtkMRMLColorNode"]
