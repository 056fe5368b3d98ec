"""A window like Slicer's, for clicking and screenshots: module panel on the left, views on the right."""

from __future__ import annotations

from pathlib import Path

import slicer
from PySide6 import QtCore, QtWidgets

from .strict import contract_class

PANEL_WIDTH = 470


class qSlicerModuleSelectorToolBar(contract_class("qSlicerModuleSelectorToolBar", QtWidgets.QToolBar)):
    _window = None

    def _read_selectedModule(self) -> str:
        return self._window._module

    def selectModule(self, name: str) -> None:
        if name != self._window._module:
            self._window._show_module(name)
            self.moduleSelected.emit(name)


class qSlicerMainWindow(contract_class("qSlicerMainWindow", QtWidgets.QMainWindow)):
    def __init__(self) -> None:
        super().__init__()
        self._module = ""
        self._scroll = QtWidgets.QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFixedWidth(PANEL_WIDTH)
        self._views = slicer.app.layoutManager().viewport()
        middle = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._scroll)
        row.addWidget(self._views, 1)
        self.setCentralWidget(middle)
        self._selector = qSlicerModuleSelectorToolBar(self)
        self._selector._window = self
        self._selector.setVisible(False)

    def moduleSelector(self):
        return self._selector

    def _show_module(self, name: str) -> None:
        """Leave the module on screen and enter this one; "" shows nothing, a module without a panel an empty place."""
        before = getattr(slicer.modules, self._module.lower(), None) if self._module else None
        panel = self._scroll.takeWidget()
        if (
            before is not None
            and panel is not None
            and panel is before.widgetRepresentation()
            and panel.isEntered
        ):
            panel.exit()
        self._module = name
        module = getattr(slicer.modules, name.lower(), None) if name else None
        panel = module.widgetRepresentation() if module is not None else None
        if panel is not None:
            self._scroll.setWidget(panel)
            panel.setVisible(True)
            if not panel.isEntered:
                panel.enter()


class MainWindow:
    """`show()`, `grab(path)`, `close()`. The panel keeps PANEL_WIDTH pixels of the width."""

    def __init__(self, module, width: int = 1280, height: int = 800) -> None:
        self.widget = qSlicerMainWindow()
        self.widget.objectName = "qSlicerMainWindow"
        self.widget.windowTitle = "3D Slicer (test host)"
        self.widget.resize(width, height)
        self.widget.moduleSelector().selectModule(module.name)

    def show(self) -> None:
        self.widget.show()

    def grab(self, path: str | Path, milliseconds: int = 150) -> None:
        """Let the window settle and save it as a picture; OSError when that fails."""
        from . import application

        application.settle(milliseconds)
        if not self.widget.grab().save(str(path)):
            raise OSError(f"the screenshot could not be written to {path}")

    def scroll_to(self, widget) -> None:
        """Show this part of the panel, with its top at the top where there is enough below it."""
        from . import application

        application.settle(60)  # what was unfolded or filled just now takes its place
        top = widget.mapTo(self.widget._scroll.widget(), QtCore.QPoint(0, 0)).y()
        self.widget._scroll.verticalScrollBar().setValue(top)

    def close(self) -> None:
        """The panel and the views survive the window; the module stays entered."""
        from . import application

        self.widget._scroll.takeWidget()
        self.widget._views.setParent(None)
        self.widget.close()
        self.widget.deleteLater()
        application.settle(0)  # gone now: nobody finds it as the main window any more
