"""A VTK render window painted into a QWidget: off screen, so that it works without a display, with real interaction."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtGui
from vtkmodules.util.numpy_support import vtk_to_numpy

_PRESS = {QtCore.Qt.LeftButton: "Left", QtCore.Qt.RightButton: "Right", QtCore.Qt.MiddleButton: "Middle"}
_KEYS = {
    QtCore.Qt.Key_Left: "Left",
    QtCore.Qt.Key_Right: "Right",
    QtCore.Qt.Key_Up: "Up",
    QtCore.Qt.Key_Down: "Down",
}


class RenderView:
    """Mixin of the slice view and the 3D view; `_managers` are displayable managers, drawn by MRML's own code."""

    _managers: tuple[str, ...] = ()
    _paused = 0  # of all views: slicer.app.pauseRender()

    def _start_view(self, factory, application_logic) -> None:
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._renderer = vtk.vtkRenderer()
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self._interactor.Initialize()
        factory.SetMRMLApplicationLogic(application_logic)
        for manager in self._managers:
            if hasattr(slicer, manager) and not factory.IsDisplayableManagerRegistered(manager):
                factory.RegisterDisplayableManager(manager)
        self._group = factory.InstantiateDisplayableManagers(self._renderer)
        self._group.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *_: self._schedule())
        self._corner = vtk.vtkCornerAnnotation()
        self._corner.SetMaximumFontSize(14)
        self._corner.GetTextProperty().SetShadow(1)
        self._corner.SetMaximumLineHeight(0.05)
        self._renderer.AddViewProp(self._corner)
        self._image = None
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._render_if_seen)
        self.setMouseTracking(True)
        self.setMinimumSize(60, 60)
        self.setFocusPolicy(QtCore.Qt.StrongFocus)

    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start(0)

    def _render_if_seen(self) -> None:
        if RenderView._paused:
            self._timer.start(20)
        elif self.visible:
            self._render()
        else:
            self._image = None  # stale; the next paint event renders

    def _fit_window(self) -> None:
        size = (max(self.width, 2), max(self.height, 2))
        if tuple(self._window.GetSize()) != size:
            self._window.SetSize(*size)
            self._interactor.UpdateSize(*size)
            self._resized(*size)

    def _resized(self, width: int, height: int) -> None:
        pass

    def _before_render(self) -> None:
        pass

    def _render(self) -> None:
        self._fit_window()
        self._before_render()
        self._window.Render()
        width, height = self._window.GetSize()
        pixels = vtk.vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, pixels)
        rows = vtk_to_numpy(pixels).reshape(height, width, 4)[::-1].copy()
        rows[..., 3] = 255
        self._image = QtGui.QImage(rows.data, width, height, 4 * width, QtGui.QImage.Format_RGBA8888).copy()
        self.update()

    def resizeEvent(self, _event) -> None:
        self._schedule()

    def paintEvent(self, _event) -> None:
        if self._image is None or (self._image.width(), self._image.height()) != (self.width, self.height):
            self._render()
        painter = QtGui.QPainter(self)
        painter.drawImage(0, 0, self._image)
        painter.end()

    def _pass_on(self, event, name: str) -> None:
        position, keys = event.position(), event.modifiers()
        control, shift = bool(keys & QtCore.Qt.ControlModifier), bool(keys & QtCore.Qt.ShiftModifier)
        self._interactor.SetEventInformationFlipY(int(position.x()), int(position.y()), control, shift)
        self._interactor.InvokeEvent(name)

    def mousePressEvent(self, event) -> None:
        self._pass_on(event, f"{_PRESS.get(event.button(), 'Middle')}ButtonPressEvent")

    def mouseReleaseEvent(self, event) -> None:
        self._pass_on(event, f"{_PRESS.get(event.button(), 'Middle')}ButtonReleaseEvent")

    def mouseMoveEvent(self, event) -> None:
        self._pass_on(event, "MouseMoveEvent")

    def wheelEvent(self, event) -> None:
        self._pass_on(
            event, "MouseWheelForwardEvent" if event.angleDelta().y() > 0 else "MouseWheelBackwardEvent"
        )

    def enterEvent(self, _event) -> None:
        self._interactor.InvokeEvent("EnterEvent")

    def leaveEvent(self, _event) -> None:
        self._interactor.InvokeEvent("LeaveEvent")

    def keyPressEvent(self, event) -> None:
        key = _KEYS.get(QtCore.Qt.Key(event.key()), event.text())
        if not key:
            event.ignore()
            return
        self._interactor.SetKeyEventInformation(0, 0, key[0], 0, key)
        self._interactor.InvokeEvent("KeyPressEvent")
        event.ignore()  # shortcuts of the panel shall see it, too

    # names of ctkVTKAbstractView
    def scheduleRender(self) -> None:
        self._schedule()

    def forceRender(self) -> None:
        self._render()
        self.repaint()

    def renderWindow(self):
        return self._window

    def interactor(self):
        return self._interactor

    def interactorStyle(self):
        return self._style

    def cornerAnnotation(self):
        return self._corner

    def getDisplayableManagers(self, collection) -> None:
        for index in range(self._group.GetDisplayableManagerCount()):
            collection.AddItem(self._group.GetNthDisplayableManager(index))

    def displayableManagerByClassName(self, name: str):
        return self._group.GetDisplayableManagerByClassName(name)
