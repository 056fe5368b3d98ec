"""The `qt` module: thin subclasses of PySide6's classes that connect, compare and refuse as PythonQt's wrappers do."""

from __future__ import annotations

import types

from PySide6 import QtCore

from . import connections, qt_properties

module = types.ModuleType("qt", "PySide6 with PythonQt's manners")

# PySide6's QUiLoader hangs children on their parents as attributes; nothing else may.
loading_ui: list[str] = []

_MODULE_FUNCTIONS = {"SIGNAL": lambda signature: "2" + signature, "SLOT": lambda signature: "1" + signature}


class WrapperType(type(QtCore.QObject)):
    """isinstance as in PythonQt: a QPushButton is not a qt.QWidget, an object that Qt made is of its own class."""

    def __instancecheck__(cls, instance) -> bool:
        return super().__instancecheck__(instance) or type(instance) is vars(cls).get("_qt_class")


class Manners:
    """In front of every class of `qt`, `ctk` and `slicer` that a script can make or meet."""

    def __getattribute__(self, name: str):
        if name == "connect":
            return types.MethodType(connections.connect, self)
        if name == "disconnect":
            return types.MethodType(connections.disconnect, self)
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value) -> None:
        cls = type(self)
        if "_qt_class" in vars(cls) and not loading_ui and name[:1] != "_":
            known = getattr(cls, name, None)
            if known is None:
                raise AttributeError(
                    f"'{name}' does not exist on {cls.__name__}, and C++ objects take no new attributes"
                )
            if not isinstance(known, (qt_properties.QtProperty, QtCore.Property)):
                raise AttributeError(f"Slot '{name}' can not be overwritten on {cls.__name__} object")
        super().__setattr__(name, value)

    def findChild(self, kind=None, name: str = "", *options):
        return QtCore.QObject.findChild(self, _searchable(kind), name, *options)

    def findChildren(self, kind=None, name: str = "", *options):
        return list(QtCore.QObject.findChildren(self, _searchable(kind), name, *options))


def _searchable(kind) -> type:
    """The class to search for: PythonQt takes a class or its name."""
    if kind is None:
        return QtCore.QObject
    if isinstance(kind, str):
        kind = getattr(module, kind, QtCore.QObject)
    return vars(kind).get("_qt_class", kind)


def _refuse_signal(*_types, **_options):
    from .errors import PortingMistake

    raise PortingMistake("qt.Signal in a Python class crashes in PythonQt; keep a list of listeners instead")


def qt_class(name: str) -> type:
    """PySide6's own class behind `qt.<name>`."""
    for source in qt_properties.MODULES:
        if hasattr(source, name):
            return getattr(source, name)
    raise AttributeError(f"module 'qt' has no attribute '{name}'")


def _lookup(name: str):
    if name in _MODULE_FUNCTIONS:
        return _MODULE_FUNCTIONS[name]
    if name == "Signal":
        return _refuse_signal
    if name[:1] != "Q":
        raise AttributeError(f"module 'qt' has no attribute '{name}'")
    found = qt_class(name)
    if isinstance(found, type) and issubclass(found, QtCore.QObject):
        found = WrapperType(name, (Manners, found), {"_qt_class": found, "__module__": "qt", "__doc__": None})
    setattr(module, name, found)
    return found


def install() -> types.ModuleType:
    qt_properties.install()
    module.__getattr__ = _lookup
    return module
