"""ctk widgets that name a file or folder."""

from __future__ import annotations

from pathlib import Path

from PySide6 import QtCore, QtWidgets

from . import facade
from .strict import contract_class

_DIRECTORIES, _FILES = 0x001, 0x002


class ctkPathLineEdit(
    contract_class(
        "ctkPathLineEdit",
        QtWidgets.QWidget,
        filters=0x007 | 0x6000 | 0x400,
        showBrowseButton=True,
        showHistoryButton=True,
    )
):
    # the numbers are QDir::Filter's
    Dirs, Files, Drives, NoSymLinks, AllEntries, TypeMask = 0x001, 0x002, 0x004, 0x008, 0x007, 0x00F
    Readable, Writable, Executable, PermissionMask = 0x010, 0x020, 0x040, 0x070
    Modified, Hidden, System, AccessMask = 0x080, 0x100, 0x200, 0x3F0
    AllDirs, CaseSensitive, NoDot, NoDotDot, NoDotAndDotDot, NoFilter = (
        0x400,
        0x800,
        0x2000,
        0x4000,
        0x6000,
        -1,
    )

    def __init__(self, *arguments) -> None:
        super().__init__(next((a for a in arguments if isinstance(a, QtWidgets.QWidget)), None))
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._combo = QtWidgets.QComboBox()
        self._combo.setEditable(True)
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        self._combo.setMinimumContentsLength(10)
        self._combo.setSizeAdjustPolicy(QtWidgets.QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self._browse_button = QtWidgets.QToolButton()
        self._browse_button.text = "..."
        self._browse_button.clicked.connect(self.browse)
        row.addWidget(self._combo)
        row.addWidget(self._browse_button)
        self.setFocusProxy(self._combo)
        self._valid = False
        self._combo.editTextChanged.connect(self._edited)

    def _edited(self, text: str) -> None:
        valid = bool(text) and Path(text).exists()
        if valid != self._valid:
            self._valid = valid
            self.validInputChanged.emit(valid)
        self.currentPathChanged.emit(text)

    def _read_currentPath(self) -> str:
        return self._combo.currentText

    def _write_currentPath(self, path: str) -> None:
        self._combo.setEditText(path)

    def _changed_showBrowseButton(self) -> None:
        self._browse_button.setVisible(self.showBrowseButton)

    def comboBox(self) -> QtWidgets.QComboBox:
        return self._combo

    def _setting(self) -> str:
        return f"Slicer/PathLineEdit/{self.settingKey}"

    def addCurrentPathToHistory(self) -> None:
        path = self.currentPath
        if path and self._combo.findText(path) < 0:
            self._combo.addItem(path)
        if self.settingKey:
            history = [self._combo.itemText(i) for i in range(self._combo.count)]
            facade.module.QSettings().setValue(self._setting(), history)

    def retrieveHistory(self) -> None:
        history = facade.module.QSettings().value(self._setting()) if self.settingKey else None
        for path in [history] if isinstance(history, str) else history or []:
            if self._combo.findText(path) < 0:
                self._combo.addItem(path)

    def browse(self) -> None:
        wanted = int(self.filters)
        dialog = facade.module.QFileDialog
        if wanted & _DIRECTORIES and not wanted & _FILES:
            path = dialog.getExistingDirectory(self, "Select a folder...", self.currentPath)
        elif wanted & 0x020:
            path = dialog.getSaveFileName(
                self, "Save a file...", self.currentPath, ";;".join(self.nameFilters)
            )
        else:
            path = dialog.getOpenFileName(
                self, "Open a file...", self.currentPath, ";;".join(self.nameFilters)
            )
        if path:
            self.currentPath = path


class ctkDirectoryButton(contract_class("ctkDirectoryButton", QtWidgets.QWidget)):
    def __init__(self, *arguments) -> None:
        super().__init__(next((a for a in arguments if isinstance(a, QtWidgets.QWidget)), None))
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._button = QtWidgets.QPushButton()
        self._button.setIcon(self.style().standardIcon(QtWidgets.QStyle.SP_DirIcon))
        self._button.clicked.connect(self.browse)
        row.addWidget(self._button)
        self.setFocusProxy(self._button)
        self._path = str(Path.cwd())
        self._write_directory(next((a for a in arguments if isinstance(a, str)), self._path))

    def _read_directory(self) -> str:
        return self._path

    def _write_directory(self, path: str) -> None:
        changed = path != self._path
        self._path = path
        self._button.text = QtCore.QFileInfo(path).fileName() or path
        if changed:
            self.directoryChanged.emit(path)

    def browse(self) -> None:
        path = facade.module.QFileDialog.getExistingDirectory(self, self.caption, self._path)
        if path:
            self.directory = path
            self.directorySelected.emit(path)
