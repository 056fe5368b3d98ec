"""qMRMLSliceView and qMRMLSliceWidget: the picture of vtkMRMLSliceLogic, Slicer's interactor style, a slider above."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .mrml_widgets import qMRMLWidget
from .render_view import RenderView
from .strict import contract_class

_LOWER_LEFT, _UPPER_LEFT = 0, 2


class qMRMLSliceView(RenderView, contract_class("qMRMLSliceView", QtWidgets.QWidget)):
    _managers = (
        "vtkMRMLVolumeGlyphSliceDisplayableManager",
        "vtkMRMLModelSliceDisplayableManager",
        "vtkMRMLCrosshairDisplayableManager",
        "vtkMRMLOrientationMarkerDisplayableManager",
        "vtkMRMLRulerDisplayableManager",
        "vtkMRMLScalarBarDisplayableManager",
        "vtkMRMLMarkupsDisplayableManager",
        "vtkMRMLSegmentationsDisplayableManager2D",
        "vtkMRMLTransformsDisplayableManager2D",
        "vtkMRMLLinearTransformsDisplayableManager",
        "vtkMRMLColorLegendDisplayableManager",
    )

    def __init__(self, application_logic, logic, parent=None) -> None:
        super().__init__(parent)
        self._logic = logic
        self._start_view(slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance(), application_logic)
        self._renderer.GetActiveCamera().ParallelProjectionOn()
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        self._picture = (
            vtk.vtkActor2D()
        )  # Slicer's light box, which has no Python wrapping, holds the same actor
        self._picture.SetMapper(mapper)
        self._picture.GetProperty().SetDisplayLocationToBackground()
        self._picture.VisibilityOff()
        self._renderer.AddViewProp(self._picture)
        self._style = slicer.vtkMRMLSliceViewInteractorStyle()
        self._style.SetSliceLogic(logic)
        self._style.SetDisplayableManagers(self._group)
        self._style.SetInteractor(self._interactor)
        self._group.SetMRMLDisplayableNode(logic.GetSliceNode())
        logic.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._schedule())

    def _before_render(self) -> None:
        connection = self._logic.GetImageDataConnection()
        self._picture.GetMapper().SetInputConnection(connection)
        self._picture.SetVisibility(connection is not None)
        lines = []
        for letter, layer in (
            ("F", self._logic.GetForegroundLayer()),
            ("B", self._logic.GetBackgroundLayer()),
        ):
            volume = layer.GetVolumeNode() if layer is not None else None
            if volume is not None:
                lines.append(f"{letter}: {volume.GetName()}")
        self._corner.SetText(_LOWER_LEFT, "\n".join(lines))

    def _resized(self, width: int, height: int) -> None:
        self._logic.ResizeSliceNode(width, height)

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def sliceViewInteractorStyle(self):
        return self._style

    def convertRASToXYZ(self, ras):
        inverse = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self._logic.GetSliceNode().GetXYToRAS(), inverse)
        return tuple(inverse.MultiplyPoint((*ras, 1.0))[:3])

    def convertXYZToRAS(self, xyz):
        return tuple(self._logic.GetSliceNode().GetXYToRAS().MultiplyPoint((*xyz, 1.0))[:3])


class qMRMLSliceWidget(contract_class("qMRMLSliceWidget", qMRMLWidget)):
    def __init__(self, application_logic, logic, parent=None) -> None:
        super().__init__(parent)
        self._scene = logic.GetMRMLScene()
        self._logic = logic
        node = logic.GetSliceNode()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        bar = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(bar)
        row.setContentsMargins(2, 1, 2, 1)
        letter = QtWidgets.QLabel(node.GetLayoutLabel())
        letter.setAlignment(QtCore.Qt.AlignCenter)
        letter.setMinimumWidth(22)
        red, green, blue = (int(255 * part) for part in node.GetLayoutColor())
        letter.setStyleSheet(f"background: rgb({red},{green},{blue}); color: black; font-weight: bold;")
        self._track = QtWidgets.QSlider(QtCore.Qt.Horizontal)
        self._offset = QtWidgets.QLabel()
        self._offset.setMinimumWidth(76)
        row.addWidget(letter)
        row.addWidget(self._track, 1)
        row.addWidget(self._offset)
        self._view = qMRMLSliceView(application_logic, logic)
        column.addWidget(bar)
        column.addWidget(self._view, 1)
        self._following = False
        self._track.valueChanged.connect(self._moved)
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._follow)
        self._composite_tag = logic.AddObserver(vtk.vtkCommand.ModifiedEvent, self._follow)

    def _moved(self, tenths: int) -> None:
        if not self._following:
            self._logic.SetSliceOffset(tenths / 10)

    def _follow(self, *_) -> None:
        span, step = [0.0, 0.0], vtk.reference(1.0)
        self._logic.GetSliceOffsetRangeResolution(span, step)
        self._following = True
        self._track.setRange(int(span[0] * 10), int(span[1] * 10))
        self._track.setValue(int(self._logic.GetSliceOffset() * 10))
        node = self._logic.GetSliceNode()
        through = [abs(node.GetSliceToRAS().GetElement(axis, 2)) for axis in range(3)]
        letter = "RAS"[through.index(max(through))]
        self._offset.setText(f"{letter}: {self._logic.GetSliceOffset():.2f}mm")
        self._following = False

    def sliceLogic(self):
        return self._logic

    def logic(self):
        return self._logic

    def sliceView(self):
        return self._view

    def viewWidget(self):
        return self._view

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlAbstractViewNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def interactorStyle(self):
        return self._view.sliceViewInteractorStyle()

    def _read_sliceOrientation(self) -> str:
        return self._logic.GetSliceNode().GetOrientation()

    def _write_sliceOrientation(self, orientation: str) -> None:
        self._logic.GetSliceNode().SetOrientation(orientation)

    def _read_sliceViewName(self) -> str:
        return self._logic.GetSliceNode().GetLayoutName()

    def fitSliceToBackground(self) -> None:
        self._view._fit_window()
        self._logic.FitSliceToBackground()
        self._logic.SnapSliceOffsetToIJK()
