"""qSlicerTerminologyNavigatorWidget: category and type from the lists of the terminology logic."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .mrml_widgets import qMRMLWidget
from .strict import contract_class


def _name(entry) -> str:
    return entry.GetCodeMeaning() or ""


class qSlicerTerminologyNavigatorWidget(
    contract_class(
        "qSlicerTerminologyNavigatorWidget",
        qMRMLWidget,
        regionSectionVisible=True,
        overrideSectionVisible=True,
    )
):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._logic = slicer.modules.terminologies.logic()
        self._entry = slicer.vtkSlicerTerminologyEntry()
        row = QtWidgets.QHBoxLayout(self)
        self._categories, self._types = QtWidgets.QListWidget(), QtWidgets.QListWidget()
        for part in (self._categories, self._types):
            row.addWidget(part)
        names = vtk.vtkStringArray()
        self._logic.GetLoadedTerminologyNames(names)
        self._context = names.GetValue(0) if names.GetNumberOfValues() else ""
        self._valid = False
        for index in range(self._logic.GetNumberOfCategoriesInTerminology(self._context)):
            category = slicer.vtkSlicerTerminologyCategory()
            self._logic.GetNthCategoryInTerminology(self._context, index, category)
            self._add(self._categories, category)
        self._categories.currentItemChanged.connect(self._category_chosen)
        self._types.currentItemChanged.connect(self._type_chosen)
        self._types.itemDoubleClicked.connect(lambda _item: self.typeDoubleClicked.emit())

    def _add(self, part: QtWidgets.QListWidget, code) -> None:
        item = QtWidgets.QListWidgetItem(_name(code))
        item.setData(QtCore.Qt.UserRole, code)
        part.addItem(item)

    def _category_chosen(self, item, _before=None) -> None:
        self._types.clear()
        self._tell()
        if item is None:
            return
        category = item.data(QtCore.Qt.UserRole)
        self._entry.GetCategoryObject().Copy(category)
        for index in range(self._logic.GetNumberOfTypesInTerminologyCategory(self._context, category)):
            kind = slicer.vtkSlicerTerminologyType()
            self._logic.GetNthTypeInTerminologyCategory(self._context, category, index, kind)
            self._add(self._types, kind)

    def _type_chosen(self, item, _before=None) -> None:
        if item is not None:
            self._entry.SetTerminologyContextName(self._context)
            self._entry.GetTypeObject().Copy(item.data(QtCore.Qt.UserRole))
        self._tell()

    def _tell(self) -> None:
        valid = self._types.currentItem() is not None
        if valid != self._valid:
            self._valid = valid
            self.selectionValidityChanged.emit(valid)

    def terminologyEntry(self, entry) -> bool:
        """Copies what is selected into `entry`; False when nothing is."""
        entry.Copy(self._entry)
        return self._types.currentItem() is not None

    def setTerminologyEntry(self, entry) -> bool:
        self._entry.Copy(entry)
        chosen = slicer.vtkSlicerTerminologyEntry()
        chosen.Copy(entry)
        return self._select(self._categories, chosen.GetCategoryObject()) and self._select(
            self._types, chosen.GetTypeObject()
        )

    def _select(self, part: QtWidgets.QListWidget, code) -> bool:
        for row in range(part.count):
            known = part.item(row).data(QtCore.Qt.UserRole)
            if known.GetCodeValue() == code.GetCodeValue():
                part.setCurrentRow(row)
                return True
        return False

    def nameFromTerminology(self, entry) -> str:
        return _name(entry.GetTypeObject())
