"""qMRMLThreeDView and qMRMLThreeDWidget: Slicer's displayable managers and interactor style in an off-screen window."""

from __future__ import annotations

import slicer
from PySide6 import QtWidgets

from .mrml_widgets import qMRMLWidget
from .render_view import RenderView
from .strict import contract_class


class qMRMLThreeDView(RenderView, contract_class("qMRMLThreeDView", QtWidgets.QWidget)):
    _managers = (
        "vtkMRMLCameraDisplayableManager",
        "vtkMRMLViewDisplayableManager",
        "vtkMRMLModelDisplayableManager",
        "vtkMRMLThreeDReformatDisplayableManager",
        "vtkMRMLCrosshairDisplayableManager3D",
        "vtkMRMLOrientationMarkerDisplayableManager",
        "vtkMRMLRulerDisplayableManager",
        "vtkMRMLMarkupsDisplayableManager",
        "vtkMRMLSegmentationsDisplayableManager3D",
        "vtkMRMLColorLegendDisplayableManager",
        "vtkMRMLVolumeRenderingDisplayableManager",
    )

    def __init__(self, application_logic, node, parent=None) -> None:
        super().__init__(parent)
        self._node = node
        self._start_view(slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance(), application_logic)
        self._style = slicer.vtkMRMLThreeDViewInteractorStyle()
        self._style.SetDisplayableManagers(self._group)
        self._style.SetInteractor(self._interactor)
        self._group.SetMRMLDisplayableNode(node)
        self._renderer.SetBackground(node.GetBackgroundColor())
        self._renderer.SetBackground2(node.GetBackgroundColor2())
        self._renderer.GradientBackgroundOn()

    def mrmlViewNode(self):
        return self._node

    def resetFocalPoint(self) -> None:
        self._renderer.ResetCamera()
        self._schedule()

    def resetCamera(self, *_which) -> None:
        self.resetFocalPoint()


class qMRMLThreeDWidget(contract_class("qMRMLThreeDWidget", qMRMLWidget)):
    def __init__(self, application_logic, node, parent=None) -> None:
        super().__init__(parent)
        self._scene = node.GetScene()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(self._scene)
        self._logic.AddViewNode(node.GetLayoutName())
        self._view = qMRMLThreeDView(application_logic, node)
        column.addWidget(self._view)

    def threeDView(self):
        return self._view

    def viewWidget(self):
        return self._view

    def viewLogic(self):
        return self._logic

    def logic(self):
        return self._logic

    def mrmlViewNode(self):
        return self._view.mrmlViewNode()

    def mrmlAbstractViewNode(self):
        return self._view.mrmlViewNode()
