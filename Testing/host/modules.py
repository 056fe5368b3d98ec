"""Modules as slicer.modules shows them: C++ logics from slicer-core, and scripted modules with their panel widget."""

from __future__ import annotations

import sys
from pathlib import Path

import slicer
from PySide6 import QtCore

from . import facade, terminologies
from .mrml_widgets import qSlicerWidget
from .strict import contract_class

# slicer.modules name -> logic class; where slicer-core lacks the class, the module is absent, as in a custom build
LOGICS = {
    "annotations": "vtkSlicerAnnotationModuleLogic",
    "cameras": "vtkSlicerCamerasModuleLogic",
    "cropvolume": "vtkSlicerCropVolumeLogic",
    "data": "vtkSlicerDataModuleLogic",
    "markups": "vtkSlicerMarkupsLogic",
    "models": "vtkSlicerModelsLogic",
    "plots": "vtkSlicerPlotsLogic",
    "segmentations": "vtkSlicerSegmentationsModuleLogic",
    "sequences": "vtkSlicerSequencesLogic",
    "subjecthierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "tables": "vtkSlicerTablesLogic",
    "terminologies": "vtkSlicerTerminologiesModuleLogic",
    "texts": "vtkSlicerTextsLogic",
    "transforms": "vtkSlicerTransformLogic",
    "units": "vtkSlicerUnitsLogic",
    "volumerendering": "vtkSlicerVolumeRenderingLogic",
    "volumes": "vtkSlicerVolumesLogic",
}


class _Module:
    _logic = None
    _panel = None

    def _describe(self, name: str, path: str) -> None:
        self._values = {"name": name, "title": name, "path": path}

    def logic(self):
        return self._logic

    def mrmlScene(self):
        return slicer.mrmlScene

    def widgetRepresentation(self):
        return self._panel

    def _read_name(self) -> str:
        return self._values["name"]


class qSlicerLoadableModule(_Module, contract_class("qSlicerLoadableModule", QtCore.QObject)):
    def __init__(self, name: str, logic) -> None:
        super().__init__()
        self._describe(name, "")
        self._logic = logic


class qSlicerScriptedLoadableModule(_Module, contract_class("qSlicerScriptedLoadableModule", QtCore.QObject)):
    def __init__(self, name: str, path: str) -> None:
        super().__init__()
        self._describe(name, path)

    def _write_name(self, _name) -> None:
        raise AttributeError("Property 'name' of qSlicerScriptedLoadableModule object is not writable")

    def createNewWidgetRepresentation(self):
        panel = qSlicerScriptedLoadableModuleWidget()
        panel.setLayout(facade.module.QVBoxLayout())
        panel.setMRMLScene(slicer.mrmlScene)
        panel._module = self
        panel._fill()
        return panel

    def widgetRepresentation(self):
        if self._panel is None:
            self._panel = self.createNewWidgetRepresentation()
        return self._panel


class qSlicerScriptedLoadableModuleWidget(
    contract_class("qSlicerScriptedLoadableModuleWidget", qSlicerWidget)
):
    _python = None
    _module = None
    _entered = False

    def _fill(self) -> None:
        name = self._module.name
        self._python = getattr(sys.modules[name], f"{name}Widget")(self)
        setattr(slicer.modules, f"{name}Widget", self._python)
        self._python.setup()

    def reload(self) -> None:
        """A new Python object in the same widget; whoever is on screen stays there without a new enter()."""
        self._fill()

    def self(this):
        return this._python

    def module(self):
        return self._module

    def enter(self) -> None:
        self._entered = True
        if hasattr(self._python, "enter"):
            self._python.enter()

    def exit(self) -> None:
        self._entered = False
        if hasattr(self._python, "exit"):
            self._python.exit()

    def _read_isEntered(self) -> bool:
        return self._entered


class qSlicerModuleManager(contract_class("qSlicerModuleManager", QtCore.QObject)):
    def module(self, name: str):
        return getattr(slicer.modules, name.lower(), None)

    def modulesNames(self) -> tuple[str, ...]:
        return tuple(sorted(vars(slicer.moduleNames)))


def add_logics(application_logic, scene, share: Path) -> None:
    """Fills slicer.modules and slicer.moduleNames with what slicer-core has a logic of; `share` holds its data."""
    colors = slicer.vtkSlicerColorLogic()
    colors.SetMRMLApplicationLogic(application_logic)
    colors.SetMRMLScene(scene)
    application_logic.SetColorLogic(colors)
    _add("Colors", colors, application_logic)
    for name, class_name in LOGICS.items():
        if hasattr(slicer, class_name):
            logic = getattr(slicer, class_name)()
            if name == "terminologies":
                terminologies.write(share / name)
                logic.SetModuleShareDirectory(str(share / name))
            logic.SetMRMLApplicationLogic(application_logic)
            logic.SetMRMLScene(scene)
            _add(name.capitalize(), logic, application_logic)


def _add(name: str, logic, application_logic) -> None:
    application_logic.SetModuleLogic(name, logic)
    setattr(slicer.modules, name.lower(), qSlicerLoadableModule(name, logic))
    setattr(slicer.moduleNames, name, name)
