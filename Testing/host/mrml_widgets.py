"""Widgets that only know the scene: qMRMLWidget, qSlicerWidget, and qMRML's number widgets."""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets

from .ctk_numbers import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from .strict import contract_class


class _KnowsScene:
    _scene = None

    def _keep_scene(self, scene) -> None:
        self._scene = scene


class qMRMLWidget(_KnowsScene, contract_class("qMRMLWidget", QtWidgets.QWidget)):
    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene) -> None:
        if scene is not self._scene:
            self._keep_scene(scene)
            self.mrmlSceneChanged.emit(scene)


class qSlicerWidget(_KnowsScene, contract_class("qSlicerWidget", QtWidgets.QWidget)):
    def setMRMLScene(self, scene) -> None:
        if scene is not self._scene:
            self._keep_scene(scene)
            self.mrmlSceneChanged.emit(scene)


class qMRMLSliderWidget(_KnowsScene, contract_class("qMRMLSliderWidget", ctkSliderWidget)):
    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene) -> None:
        self._keep_scene(scene)


class qMRMLSpinBox(_KnowsScene, contract_class("qMRMLSpinBox", ctkDoubleSpinBox)):
    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene) -> None:
        self._keep_scene(scene)


class qMRMLRangeWidget(_KnowsScene, contract_class("qMRMLRangeWidget", ctkRangeWidget)):
    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene) -> None:
        self._keep_scene(scene)


class qMRMLUtils(contract_class("qMRMLUtils", QtCore.QObject)):
    pass
