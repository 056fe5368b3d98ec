"""The door: start the process once, load a scripted module from its file, let the event loop run, look for errors."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

from . import ending
from .errors import HostLimitation, PortingMistake, collected

__all__ = [
    "HostLimitation",
    "MainWindow",
    "PortingMistake",
    "errors",
    "load_module",
    "reload",
    "settle",
    "start",
]
__all__ += ["unload"]

errors: list[str] = collected
_app = None


def start():
    """Make this process look like Slicer; returns slicer.app. Later calls return the same."""
    global _app
    if _app is None:
        ending.keep_none_alive()
        _app = _start()
        ending.end_without_teardown()  # after PySide6 registered its own end, so that this one comes first
    return _app


def _start():
    from . import facade

    sys.modules["qt"] = facade.install()
    import slicer
    import slicer.util

    from . import dialogs, offered, qt_messages, scene, standins
    from . import errors as error_hooks
    from .layout_manager import qSlicerLayoutManager
    from .slicer_application import qSlicerApplication

    qt_messages.collect()
    dialogs.install()
    app = qSlicerApplication()
    slicer.app = app
    slicer.__path__.extend(standins.__path__)
    _hide_leaked_functions(slicer)
    offered.install(slicer)
    error_hooks.collect()
    slicer.modules, slicer.moduleNames = types.SimpleNamespace(), types.SimpleNamespace()
    app._logic = scene.start(slicer, app._folder)
    app._layout_manager = qSlicerLayoutManager(app._logic, slicer.mrmlScene)
    return app


def _hide_leaked_functions(slicer) -> None:
    """slicer-core copies slicer.util into `slicer`; Slicer has no slicer.loadVolume."""
    for name, value in list(vars(slicer).items()):
        if isinstance(value, types.FunctionType) and getattr(slicer.util, name, None) is value:
            delattr(slicer, name)


def load_module(path: str | Path, *, panel: bool = True):
    """Load `<Name>.py` as Slicer does at start-up; with `panel` its widget is made and entered, too."""
    import slicer

    from .modules import qSlicerScriptedLoadableModule

    path = Path(path).resolve()
    name = path.stem
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = qSlicerScriptedLoadableModule(name, str(path))
    setattr(slicer.modules, name.lower(), module)
    setattr(slicer.moduleNames, name, name)
    _execute(name, path)
    module._door = getattr(sys.modules[name], name)(module)
    setattr(slicer.modules, f"{name}Instance", module._door)
    slicer.app.moduleManager().moduleLoaded.emit(name)
    if not slicer.app._completed:
        slicer.app._completed = True
        slicer.app.startupCompleted.emit()
    if panel:
        module.widgetRepresentation().enter()
    return module


def _execute(name: str, path: Path) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    source = importlib.util.module_from_spec(spec)
    sys.modules[name] = source
    spec.loader.exec_module(source)


def unload(name: str) -> None:
    """Leave the panel, let the module clean up and forget it."""
    import slicer

    module = getattr(slicer.modules, name.lower())
    panel = module._panel
    if panel is not None and panel.isEntered:
        panel.exit()
    slicer.app.moduleManager().moduleAboutToBeUnloaded.emit(name)
    for attribute in (name.lower(), f"{name}Widget", f"{name}Instance"):
        vars(slicer.modules).pop(attribute, None)
    vars(slicer.moduleNames).pop(name, None)
    sys.modules.pop(name, None)
    if panel is not None:
        panel.setParent(None)
        panel.deleteLater()
        module._panel = None
    settle(0)


def reload(name: str):
    """What the Reload button does: the old Python object cleans up, the file is read again. Returns the new object."""
    import slicer

    getattr(slicer.modules, f"{name}Widget").onReload()
    settle(0)
    return getattr(slicer.modules, f"{name}Widget")


def MainWindow(module, width: int = 1280, height: int = 800):
    """A window with the module's panel and the views; see `main_window.MainWindow`."""
    from .main_window import MainWindow as Window

    return Window(module, width, height)


def settle(milliseconds: int = 200) -> None:
    """Let timers, slots and rendering run for so long, and deliver what is to be deleted."""
    from PySide6 import QtCore

    clock = QtCore.QElapsedTimer()
    clock.start()
    while True:
        _app.processEvents()
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete.value)
        if clock.elapsed() >= milliseconds:
            return
        QtCore.QThread.msleep(2)
