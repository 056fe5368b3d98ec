"""qSlicerIOManager: reads and writes files with the storage nodes and module logics of slicer-core."""

from __future__ import annotations

from pathlib import Path

import slicer
import vtk
from PySide6 import QtCore

from .errors import HostLimitation
from .strict import contract_class

EXTENSIONS = {
    "SceneFile": (".mrml", ".mrb"),
    "MarkupsFile": (".mrk.json", ".fcsv"),
    "SegmentationFile": (".seg.nrrd", ".seg.nhdr", ".seg.vtm"),
    "VolumeFile": (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr"),
    "ModelFile": (".vtk", ".vtp", ".stl", ".ply", ".obj"),
    "TableFile": (".csv", ".tsv"),
    "ColorTableFile": (".ctbl",),
    "TransformFile": (".h5", ".tfm"),
    "TextFile": (".txt", ".json"),
}
NODES = {
    "SegmentationFile": "vtkMRMLSegmentationNode",
    "ModelFile": "vtkMRMLModelNode",
    "TableFile": "vtkMRMLTableNode",
    "ColorTableFile": "vtkMRMLColorTableNode",
    "TextFile": "vtkMRMLTextNode",
}


def _extension(name: str) -> str:
    lower = name.lower()
    return next((e for group in EXTENSIONS.values() for e in group if lower.endswith(e)), Path(name).suffix)


def _stem(name: str) -> str:
    file_name = Path(name).name
    return file_name.removesuffix(file_name[len(file_name) - len(_extension(file_name)) :] or "\0")


class qSlicerIOManager(contract_class("qSlicerIOManager", QtCore.QObject)):
    def fileType(self, name: str) -> str:
        ending = _extension(str(name))
        return next((kind for kind, group in EXTENSIONS.items() if ending in group), "NoFile")

    def extractKnownExtension(self, name: str, _node=None) -> str:
        return _extension(str(name))

    def stripKnownExtension(self, name: str, _node=None) -> str:
        return str(name).removesuffix(_extension(str(name)))

    def fileWriterExtensions(self, node) -> list[str]:
        storage = node.CreateDefaultStorageNode()
        storage.UnRegister(None)
        storage.SetScene(slicer.mrmlScene)
        kinds = storage.GetSupportedWriteFileTypes()
        return [kinds.GetValue(index) for index in range(kinds.GetNumberOfValues())]

    def fileWriterFileType(self, node, _format: str = "") -> str:
        return next((kind for kind, name in NODES.items() if node.IsA(name)), "VolumeFile")

    def registeredFileReaderCount(self, kind: str) -> int:
        return int(kind in EXTENSIONS)

    def loadNodes(self, kind: str, properties: dict, nodes=None, messages=None) -> bool:
        name = str(properties["fileName"])
        if not Path(name).is_file():
            if messages is not None:
                messages.AddMessage(vtk.vtkCommand.ErrorEvent, f"no such file: {name}")
            return False
        if kind == "SceneFile":
            return self._load_scene(name)
        node = self._load_node(kind, name, properties)
        if node is not None and nodes is not None:
            nodes.AddItem(node)
        return node is not None

    def _load_scene(self, name: str) -> bool:
        scene = slicer.mrmlScene
        if name.endswith(".mrb"):
            return bool(scene.ReadFromMRB(name))
        scene.SetURL(name)
        return bool(scene.Connect())

    def _load_node(self, kind: str, name: str, properties: dict):
        node_name = properties.get("name") or _stem(name)
        if kind == "VolumeFile":
            return self._load_volume(name, node_name, properties)
        if kind == "MarkupsFile":
            return slicer.mrmlScene.GetNodeByID(
                slicer.modules.markups.logic().LoadMarkups(name, node_name) or ""
            )
        if kind not in NODES:
            raise HostLimitation(f"loading a {kind} is not imitated by the test host")
        node = slicer.mrmlScene.AddNewNodeByClass(NODES[kind], node_name)
        node.AddDefaultStorageNode(name)
        if not node.GetStorageNode().ReadData(node):
            slicer.mrmlScene.RemoveNode(node)
            return None
        if hasattr(node, "CreateDefaultDisplayNodes"):
            node.CreateDefaultDisplayNodes()
        return node

    def _load_volume(self, name: str, node_name: str, properties: dict):
        label = bool(properties.get("labelmap"))
        flags = (label, properties.get("center"), properties.get("singleFile"))
        flags += (properties.get("autoWindowLevel", True), properties.get("discardOrientation"))
        options = sum(1 << bit for bit, flag in enumerate(flags) if flag)
        node = slicer.modules.volumes.logic().AddArchetypeVolume(name, node_name, options)
        if node is not None and properties.get("show", True):
            logic = slicer.app.applicationLogic()
            selection = logic.GetSelectionNode()
            (selection.SetActiveLabelVolumeID if label else selection.SetActiveVolumeID)(node.GetID())
            logic.PropagateVolumeSelection()
        return node

    def saveNodes(self, kind: str, properties: dict, messages=None, scene=None) -> bool:
        if kind == "SceneFile":
            return self.saveScene(str(properties["fileName"]))
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode(str(properties["fileName"]))
        node.GetStorageNode().SetFileName(str(properties["fileName"]))
        return bool(node.GetStorageNode().WriteData(node))

    def saveScene(self, name: str, *_) -> bool:
        scene = slicer.mrmlScene
        if name.endswith(".mrb"):
            return bool(scene.WriteToMRB(name))
        scene.SetURL(name)
        return bool(scene.Commit(name))

    def exportNodes(self, ids, names, properties, harden: bool = False, messages=None) -> bool:
        nodes = [slicer.mrmlScene.GetNodeByID(node_id) for node_id in ids]
        return all(self._export(node, name) for node, name in zip(nodes, names, strict=True))

    def _export(self, node, name) -> bool:
        storage = node.CreateDefaultStorageNode()
        storage.UnRegister(None)
        storage.SetScene(slicer.mrmlScene)
        storage.SetFileName(str(name))
        return bool(storage.WriteData(node))

    def addDefaultStorageNodes(self) -> None:
        every = slicer.mrmlScene.GetNodesByClass("vtkMRMLStorableNode")
        for index in range(every.GetNumberOfItems()):
            every.GetItemAsObject(index).AddDefaultStorageNode()
