"""A window like Slicer's, for clicking and screenshots: module panel on the left, views on the right."""

from __future__ import annotations

from pathlib import Path

import slicer
from PySide6 import QtWidgets

from .strict import contract_class

PANEL_WIDTH = 470


class qSlicerMainWindow(contract_class("qSlicerMainWindow", QtWidgets.QMainWindow)):
    pass


class MainWindow:
    """`show()`, `grab(path)`, `close()`. The panel keeps PANEL_WIDTH pixels of the width."""

    def __init__(self, module, width: int = 1280, height: int = 800) -> None:
        self._window = qSlicerMainWindow()
        self._window.objectName = "qSlicerMainWindow"
        self._window.windowTitle = "3D Slicer (test host)"
        self._scroll = QtWidgets.QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFixedWidth(PANEL_WIDTH)
        self._panel = module.widgetRepresentation()
        self._scroll.setWidget(self._panel)
        self._views = slicer.app.layoutManager().viewport()
        middle = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._scroll)
        row.addWidget(self._views, 1)
        self._window.setCentralWidget(middle)
        self._window.resize(width, height)

    @property
    def widget(self):
        return self._window

    def show(self) -> None:
        self._window.show()

    def grab(self, path: str | Path, milliseconds: int = 150) -> None:
        """Let the window settle and save it as a picture; OSError when that fails."""
        from . import application

        application.settle(milliseconds)
        if not self._window.grab().save(str(path)):
            raise OSError(f"the screenshot could not be written to {path}")

    def scroll_to(self, widget) -> None:
        """Show this part of the panel."""
        self._scroll.ensureWidgetVisible(widget, 0, 40)

    def close(self) -> None:
        """The panel and the views survive the window."""
        self._scroll.takeWidget()
        self._views.setParent(None)
        self._window.close()
        self._window.deleteLater()
