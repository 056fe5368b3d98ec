"""qMRMLSegmentsTableView: the segments of a segmentation node, their colours, visibility and the selection."""

from __future__ import annotations

import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from .mrml_widgets import qMRMLWidget
from .observers import Observation
from .strict import contract_class

_VISIBLE, _COLOUR, _NAME = range(3)


class qMRMLSegmentsTableView(
    contract_class(
        "qMRMLSegmentsTableView",
        qMRMLWidget,
        headerVisible=True,
        visibilityColumnVisible=True,
        colorColumnVisible=True,
        opacityColumnVisible=True,
        selectionMode=3,
    )
):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._table = QtWidgets.QTableWidget(0, 3)
        self._table.setHorizontalHeaderLabels(["", "", "Name"])
        self._table.horizontalHeader().setStretchLastSection(True)
        self._table.verticalHeader().setVisible(False)
        for narrow in (_VISIBLE, _COLOUR):
            self._table.setColumnWidth(narrow, 28)
        self._table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectRows)
        column.addWidget(self._table)
        self._node = None
        self._observation = None
        self._ids: list[str] = []
        self._filling = False
        self._table.selectionModel().selectionChanged.connect(self._selection)
        self._table.itemChanged.connect(self._edited)

    def setSegmentationNode(self, node) -> None:
        if node is self._node:
            return
        if self._observation is not None:
            self._observation.stop()
        self._node = node
        self._observation = None
        if node is not None:
            self._observation = Observation(node, vtk.vtkCommand.AnyEvent, self._node_changed)
        self._fill()

    def segmentationNode(self):
        return self._node

    def _node_changed(self, _node, event: str) -> None:
        if event != "DeleteEvent":
            self._fill()

    def _segmentation(self):
        return self._node.GetSegmentation() if self._node is not None else None

    def _fill(self) -> None:
        segmentation = self._segmentation()
        ids = list(segmentation.GetSegmentIDs()) if segmentation else []
        chosen = [segment_id for segment_id in self.selectedSegmentIDs() if segment_id in ids]
        self._filling = True
        self._ids = ids
        self._table.setRowCount(len(ids))
        display = self._node.GetDisplayNode() if self._node is not None else None
        for row, segment_id in enumerate(ids):
            segment = segmentation.GetSegment(segment_id)
            visible = QtWidgets.QTableWidgetItem()
            shown = display is not None and display.GetSegmentVisibility(segment_id)
            visible.setCheckState(QtCore.Qt.Checked if shown else QtCore.Qt.Unchecked)
            colour = QtWidgets.QTableWidgetItem()
            colour.setBackground(QtGui.QColor.fromRgbF(*segment.GetColor()))
            self._table.setItem(row, _VISIBLE, visible)
            self._table.setItem(row, _COLOUR, colour)
            self._table.setItem(row, _NAME, QtWidgets.QTableWidgetItem(segment.GetName()))
        self._select(chosen)
        self._filling = False

    def _edited(self, item) -> None:
        if self._filling:
            return
        segment_id = self._ids[item.row()]
        if item.column() == _VISIBLE:
            self._node.GetDisplayNode().SetSegmentVisibility(
                segment_id, item.checkState() == QtCore.Qt.Checked
            )
        elif item.column() == _NAME:
            self._segmentation().GetSegment(segment_id).SetName(item.text())

    def _selection(self, selected, deselected) -> None:
        if not self._filling:
            self.selectionChanged.emit(selected, deselected)

    def _select(self, ids) -> None:
        self._table.clearSelection()
        model = self._table.selectionModel()
        for segment_id in ids:
            index = self._table.model().index(self._ids.index(segment_id), 0)
            model.select(index, QtCore.QItemSelectionModel.Select | QtCore.QItemSelectionModel.Rows)

    def _read_segmentCount(self) -> int:
        return len(self._ids)

    def _changed_headerVisible(self) -> None:
        self._table.horizontalHeader().setVisible(self.headerVisible)

    def _changed_visibilityColumnVisible(self) -> None:
        self._table.setColumnHidden(_VISIBLE, not self.visibilityColumnVisible)

    def _changed_colorColumnVisible(self) -> None:
        self._table.setColumnHidden(_COLOUR, not self.colorColumnVisible)

    def _changed_selectionMode(self) -> None:
        self._table.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode(int(self.selectionMode)))

    def selectedSegmentIDs(self) -> list[str]:
        rows = sorted({index.row() for index in self._table.selectionModel().selectedRows()})
        return [self._ids[row] for row in rows if row < len(self._ids)]

    def setSelectedSegmentIDs(self, ids) -> None:
        self._select([segment_id for segment_id in ids if segment_id in self._ids])

    def clearSelection(self) -> None:
        self._table.clearSelection()

    def displayedSegmentIDs(self) -> list[str]:
        return list(self._ids)

    def rowForSegmentID(self, segment_id: str) -> int:
        return self._ids.index(segment_id) if segment_id in self._ids else -1

    def segmentIDForRow(self, row: int) -> str:
        return self._ids[row] if 0 <= row < len(self._ids) else ""
