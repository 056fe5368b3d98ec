"""slicer.app: a QApplication with Slicer's paths, settings and managers. One temporary folder holds all it writes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import slicer

from . import facade
from .io_manager import qSlicerIOManager
from .modules import qSlicerModuleManager
from .strict import contract_class


class qSlicerApplication(contract_class("qSlicerApplication", facade.module.QApplication)):
    def __init__(self) -> None:
        super().__init__(["Slicer"])
        self._folder = Path(tempfile.mkdtemp(prefix="slicer-host-"))
        (self._folder / "share" / "ColorFiles").mkdir(parents=True)
        (self._folder / "home").mkdir()
        self._values = {
            "temporaryPath": str(self._folder),
            "cachePath": str(self._folder),
            "slicerHome": str(self._folder / "home"),
            "defaultScenePath": str(self._folder),
            "extensionsInstallPath": str(self._folder),
            "majorVersion": 5,
            "minorVersion": 13,
            "revision": "31053",
            "os": sys.platform,
            "platform": f"{sys.platform}-amd64",
            "releaseType": "Experimental",
            "mainApplicationName": "Slicer",
            "documentationBaseUrl": "https://slicer.readthedocs.io/en/latest/",
            "slicerUserSettingsFilePath": str(self._folder / "Slicer.ini"),
        }
        settings = facade.module.QSettings
        settings.setDefaultFormat(settings.IniFormat)
        settings.setPath(settings.IniFormat, settings.UserScope, str(self._folder))
        self.setApplicationName("Slicer")
        self.setOrganizationName("Test host")
        self._settings = settings(str(self._folder / "Slicer.ini"), settings.IniFormat)
        self._modules, self._io = qSlicerModuleManager(), qSlicerIOManager()
        self._logic = None
        self._layout_manager = None
        self._testing = False
        self._completed = False
        self._usage: list[tuple[str, str]] = []

    def mrmlScene(self):
        return slicer.mrmlScene

    def applicationLogic(self):
        return self._logic

    def moduleLogic(self, name: str):
        return self._logic.GetModuleLogic(name)

    def moduleManager(self):
        return self._modules

    def ioManager(self):
        return self._io

    def coreIOManager(self):
        return self._io

    def layoutManager(self):
        return self._layout_manager

    def settings(self):
        return self._settings

    def userSettings(self):
        return self._settings

    def revisionUserSettings(self):
        return self._settings

    def testingEnabled(self) -> bool:
        return self._testing

    def startupEnvironment(self):
        return facade.module.QProcessEnvironment.systemEnvironment()

    def environment(self):
        return facade.module.QProcessEnvironment.systemEnvironment()

    def pauseRender(self) -> None:
        self._layout_manager.setRenderPaused(True)

    def resumeRender(self) -> None:
        self._layout_manager.setRenderPaused(False)

    def setRenderPaused(self, paused: bool) -> None:
        self._layout_manager.setRenderPaused(paused)

    def moduleDocumentationUrl(self, name: str) -> str:
        return f"{self.documentationBaseUrl}user_guide/modules/{name.lower()}.html"

    def translationFolders(self) -> tuple[str, ...]:
        return ()

    def logUsageEvent(self, component: str, event: str) -> None:
        self._usage.append((component, event))
