"""ctk buttons, boxes, menus and texts."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from . import facade
from .errors import HostLimitation
from .strict import contract_class


class ctkComboBox(contract_class("ctkComboBox", QtWidgets.QComboBox)):
    pass


class ctkCheckBox(contract_class("ctkCheckBox", QtWidgets.QCheckBox)):
    pass


class ctkPushButton(contract_class("ctkPushButton", QtWidgets.QPushButton)):
    pass


class ctkCheckablePushButton(
    contract_class(
        "ctkCheckablePushButton", ctkPushButton, checkBoxControlsButton=True, checkBoxUserCheckable=True
    )
):
    def _read_checkState(self):
        return QtCore.Qt.Checked if self.isChecked() else QtCore.Qt.Unchecked

    def _write_checkState(self, state) -> None:
        before = self.isChecked()
        self.setCheckable(True)
        self.setChecked(state == QtCore.Qt.Checked)
        if self.isChecked() != before:
            self.checkBoxToggled.emit(self.isChecked())


class ctkMenuButton(contract_class("ctkMenuButton", QtWidgets.QPushButton)):
    pass


class ctkMessageBox(contract_class("ctkMessageBox", QtWidgets.QMessageBox)):
    pass


class ctkFittedTextBrowser(
    contract_class(
        "ctkFittedTextBrowser",
        QtWidgets.QTextBrowser,
        showDetailsText="Show details...",
        hideDetailsText="Hide details.",
    )
):
    """As high as its text: no scroll bar of its own."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarAlwaysOff)
        self.textChanged.connect(self.updateGeometry)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def sizeHint(self):
        page = self.document.clone(self)
        page.setTextWidth(max(self.viewport().width, 120))
        return QtCore.QSize(200, int(page.size.height()) + 2 * self.frameWidth)

    def minimumSizeHint(self):
        return QtCore.QSize(60, self.sizeHint().height())


class ctkSearchBox(contract_class("ctkSearchBox", QtWidgets.QLineEdit)):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Search...")
        self.setClearButtonEnabled(True)


class ctkColorPickerButton(
    contract_class("ctkColorPickerButton", QtWidgets.QPushButton, displayColorName=True, dialogOptions=0)
):
    ShowAlphaChannel, NoButtons, DontUseNativeDialog, UseCTKColorDialog = 0x1, 0x2, 0x4, 0x8

    def __init__(self, *arguments) -> None:
        super().__init__(next((a for a in arguments if isinstance(a, QtWidgets.QWidget)), None))
        self._color = next((a for a in arguments if isinstance(a, QtGui.QColor)), QtGui.QColor(0, 0, 0))
        self._name = ""
        texts = [a for a in arguments if isinstance(a, str)]
        if texts:
            self.text = texts[0]
        self.clicked.connect(self.changeColor)
        self._show()

    def _read_color(self):
        return QtGui.QColor(self._color)

    def _write_color(self, color) -> None:
        color = QtGui.QColor(color)
        if color == self._color:
            return
        self._color = color
        self._show()
        self.colorChanged.emit(QtGui.QColor(color))

    def _read_colorName(self) -> str:
        return self._name

    def _write_colorName(self, name: str) -> None:
        if name != self._name:
            self._name = name
            self.colorNameChanged.emit(name)

    def _changed_displayColorName(self) -> None:
        self._show()

    def _show(self) -> None:
        swatch = QtGui.QPixmap(16, 16)
        swatch.fill(self._color)
        self.setIcon(QtGui.QIcon(swatch))
        if self.displayColorName:
            self.text = self._color.name()

    def changeColor(self, _checked: bool = False) -> None:
        color = facade.module.QColorDialog.getColor(self._color, self, "Choose color")
        if color.isValid():
            self.color = color


class ctkCheckableComboBox(contract_class("ctkCheckableComboBox", QtWidgets.QComboBox)):
    """A combo box whose items have check marks; the closed box says what is checked."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._silent = False
        self._watch(self.model())
        self.view().pressed.connect(self._toggle)

    def _watch(self, model) -> None:
        model.rowsInserted.connect(self._new_rows)
        model.dataChanged.connect(self._data_changed)

    def _new_rows(self, _parent, first: int, last: int) -> None:
        self._silent = True
        for row in range(first, last + 1):
            item = self.model().item(row)
            item.setCheckable(True)
            if item.data(QtCore.Qt.CheckStateRole) is None:
                item.setCheckState(QtCore.Qt.Unchecked)
        self._silent = False

    def _data_changed(self, _first, _last, roles=()) -> None:
        if not self._silent and (
            not roles or QtCore.Qt.CheckStateRole in [QtCore.Qt.ItemDataRole(r) for r in roles]
        ):
            self.checkedIndexesChanged.emit()
            self.update()

    def _toggle(self, index) -> None:
        checked = self.checkState(index) == QtCore.Qt.Checked
        self.setCheckState(index, QtCore.Qt.Unchecked if checked else QtCore.Qt.Checked)

    def checkableModel(self):
        return self.model()

    def setCheckableModel(self, model) -> None:
        raise HostLimitation("ctkCheckableComboBox.setCheckableModel")

    def checkedIndexes(self) -> list:
        rows = [self.model().index(row, 0) for row in range(self.count)]
        return [index for index in rows if self.checkState(index) == QtCore.Qt.Checked]

    def checkState(self, index):
        return self.model().itemFromIndex(index).checkState()

    def setCheckState(self, index, state) -> None:
        self.model().itemFromIndex(index).setCheckState(state)

    def allChecked(self) -> bool:
        return len(self.checkedIndexes()) == self.count

    def noneChecked(self) -> bool:
        return not self.checkedIndexes()

    def paintEvent(self, _event) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionComboBox()
        self.initStyleOption(option)
        checked = self.checkedIndexes()
        if self.allChecked():
            option.currentText = "All"
        else:
            option.currentText = ", ".join(index.data() for index in checked) or "None"
        painter.drawComplexControl(QtWidgets.QStyle.CC_ComboBox, option)
        painter.drawControl(QtWidgets.QStyle.CE_ComboBoxLabel, option)
