"""qSlicerLayoutManager: any layout of slice and 3D views that vtkMRMLLayoutLogic describes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .errors import HostLimitation
from .render_view import RenderView
from .slice_view import qMRMLSliceWidget
from .strict import contract_class
from .three_d_view import qMRMLThreeDWidget

_FOUR_UP = 3


class qSlicerLayoutManager(contract_class("qSlicerLayoutManager", QtCore.QObject)):
    def __init__(self, application_logic, scene) -> None:
        super().__init__()
        self._application_logic = application_logic
        self._scene = scene
        self._viewport = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(self._viewport)
        column.setContentsMargins(0, 0, 0, 0)
        self._content = None
        self._slice_logics, self._view_logics = vtk.vtkCollection(), vtk.vtkCollection()
        application_logic.SetSliceLogics(self._slice_logics)
        application_logic.SetViewLogics(self._view_logics)
        self._slices: dict[str, qMRMLSliceWidget] = {}
        self._three_d: dict[str, qMRMLThreeDWidget] = {}
        self._shown = -1
        self._layout_logic = slicer.vtkMRMLLayoutLogic()
        self._layout_logic.SetMRMLApplicationLogic(application_logic)
        self._layout_logic.SetMRMLScene(scene)
        self._node = self._layout_logic.GetLayoutNode()
        self._node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._follow)
        self.setLayout(_FOUR_UP)
        self._follow()

    def _follow(self, *_) -> None:
        arrangement = self._node.GetViewArrangement()
        if (
            self._scene.IsBatchProcessing()
            or arrangement == self._shown
            or not self._node.GetCurrentLayoutDescription()
        ):
            return
        self._shown = arrangement
        described = ET.fromstring(self._node.GetCurrentLayoutDescription())
        for widget in (*self._slices.values(), *self._three_d.values()):
            widget.setParent(None)
        content = self._build(described.find("layout") if described.tag == "viewports" else described)
        if self._content is not None:
            self._content.deleteLater()
        self._content = content
        self._viewport.layout().addWidget(content)
        content.setVisible(True)
        self.layoutChanged.emit(arrangement)

    def _build(self, element: ET.Element) -> QtWidgets.QWidget:
        if element.tag == "view":
            return self._view(element)
        kind = element.get("type", "horizontal")
        holder = QtWidgets.QTabWidget() if kind == "tab" else QtWidgets.QWidget()
        if kind == "tab":
            for item in element.findall("item"):
                holder.addTab(self._build(item[0]), item.get("name", ""))
            return holder
        grid = QtWidgets.QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for number, item in enumerate(element.findall("item")):
            row, column = {"vertical": (number, 0), "horizontal": (0, number)}.get(
                kind, (int(item.get("row", 0)), int(item.get("column", 0)))
            )
            spans = int(item.get("rowspan", 1)), int(item.get("colspan", 1))
            part = self._build(item[0])
            grid.addWidget(part, row, column, *spans)
            part.setVisible(True)  # a part that was in another layout is hidden
            grid.setRowStretch(row, 1)
            grid.setColumnStretch(column, 1)
        return holder

    def _view(self, element: ET.Element) -> QtWidgets.QWidget:
        tag = element.get("singletontag", "")
        kind = element.get("class", "")
        if kind == "vtkMRMLSliceNode":
            if tag not in self._slices:
                self._slices[tag] = self._slice_widget(tag)
            return self._slices[tag]
        if kind == "vtkMRMLViewNode":
            if tag not in self._three_d:
                node = self._scene.GetSingletonNode(tag, kind)
                self._three_d[tag] = qMRMLThreeDWidget(self._application_logic, node)
                self._view_logics.AddItem(self._three_d[tag].viewLogic())
            return self._three_d[tag]
        raise HostLimitation(f"a layout with a {kind} is not imitated by the test host")

    def _slice_widget(self, tag: str) -> qMRMLSliceWidget:
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self._application_logic)
        logic.SetMRMLScene(self._scene)
        logic.SetSliceNode(self._scene.GetSingletonNode(tag, "vtkMRMLSliceNode"))
        self._slice_logics.AddItem(logic)
        return qMRMLSliceWidget(self._application_logic, logic)

    def _read_layout(self) -> int:
        return self._node.GetViewArrangement()

    def _write_layout(self, arrangement: int) -> None:
        self._node.SetViewArrangement(arrangement)

    def mrmlScene(self):
        return self._scene

    def layoutLogic(self):
        return self._layout_logic

    def viewport(self, _name: str = ""):
        return self._viewport

    def sliceWidget(self, name: str):
        return self._slices.get(name)

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(self._slices)

    def threeDWidget(self, which):
        if isinstance(which, str):
            return self._three_d.get(which)
        widgets = list(self._three_d.values())
        return widgets[which] if 0 <= which < len(widgets) else None

    def viewWidget(self, node):
        return self._slices.get(node.GetLayoutName()) or self._three_d.get(node.GetLayoutName())

    def _read_threeDViewCount(self) -> int:
        return len(self._three_d)

    def _read_tableViewCount(self) -> int:
        return 0

    def _read_plotViewCount(self) -> int:
        return 0

    def mrmlSliceLogics(self):
        return self._slice_logics

    def mrmlViewLogics(self):
        return self._view_logics

    def activeMRMLThreeDViewNode(self):
        return next((widget.mrmlViewNode() for widget in self._three_d.values()), None)

    def resetSliceViews(self) -> None:
        for widget in self._slices.values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        for widget in self._three_d.values():
            widget.threeDView().resetFocalPoint()

    def setRenderPaused(self, paused: bool) -> None:
        RenderView._paused = max(0, RenderView._paused + (1 if paused else -1))

    def pauseRender(self) -> None:
        self.setRenderPaused(True)

    def resumeRender(self) -> None:
        self.setRenderPaused(False)
