"""Qt's own classes as PythonQt shows them: properties are attributes, enum values lie directly on the class.

The changes are made in place on PySide6's classes, because objects that Qt creates itself (a header, a viewport) must
have the same manners. They hold for the whole process.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from PySide6 import QtCore, QtGui, QtNetwork, QtSvg, QtUiTools, QtWidgets

MODULES = (QtCore, QtGui, QtWidgets, QtUiTools, QtSvg, QtNetwork)

# (class, property) pairs for which PythonQt finds a static method or a plain method first.
METHODS_FIRST = {("QTimer", "singleShot")}

_NEVER_NONE = ("QString", "bool", "int", "double")


class QtProperty:
    """A Q_PROPERTY as an attribute. `getter` is PySide6's method of the same name, where there is one.

    Some getters are C++ virtuals (sizeHint, QLayout.spacing, QProgressBar.text). PySide6 asks the instance for an
    override while it reads them; that inner question is answered with the C++ method, or it would ask for ever.
    """

    def __init__(self, name: str, getter=None) -> None:
        self.name = name
        self.getter = getter
        self.reading: set[int] = set()

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        key = id(instance)
        if key in self.reading and self.getter is not None:
            return self.getter.__get__(instance, owner)
        self.reading.add(key)
        try:
            return instance.property(self.name)
        finally:
            self.reading.discard(key)

    def __set__(self, instance, value) -> None:
        meta = instance.metaObject()
        described = meta.property(meta.indexOfProperty(self.name))
        if not described.isWritable():
            raise AttributeError(
                f"Property '{self.name}' of {type(instance).__name__} object is not writable"
            )
        if described.typeName() == "QString" and isinstance(value, (int, float)):
            value = str(value)  # PythonQt does this silently
        if value is not None:
            if not isinstance(value, enum.Enum) and instance.setProperty(self.name, value):
                return
            if described.write(instance, value):
                return
        setter = getattr(instance, f"set{self.name[0].upper()}{self.name[1:]}", None)
        if setter is None or (value is None and described.typeName() in _NEVER_NONE):
            raise AttributeError(
                f"Property '{self.name}' of type '{described.typeName()}' does not accept an object of type "
                f"{type(value).__name__} ({value!r})"
            )
        setter(value)


class EnumName:
    """The name of an enum: PythonQt can call it with a number, but the values are not attributes of it."""

    def __init__(self, owner: str, qt_enum: type[enum.Enum]) -> None:
        self._owner = owner
        self._enum = qt_enum

    def __call__(self, value=0):
        return self._enum(value)

    def __or__(self, other):  # annotations of the form `qt.QProcess.ProcessState | None`
        return self._enum | other

    def __getattr__(self, value: str):
        raise AttributeError(
            f"qt.{self._owner}.{self._enum.__name__}.{value}: PythonQt has no scoped enums; "
            f"write qt.{self._owner}.{value}"
        )


def classes() -> Iterator[type]:
    seen: set[type] = set()
    for module in MODULES:
        for name in dir(module):
            cls = getattr(module, name)
            if isinstance(cls, type) and cls not in seen and not issubclass(cls, enum.Enum):
                seen.add(cls)
                yield cls


def _show_enum_values(cls: type) -> None:
    for name, value in list(vars(cls).items()):
        if isinstance(value, type) and issubclass(value, enum.Enum):
            for member, constant in value.__members__.items():
                if member not in vars(cls):
                    setattr(cls, member, constant)
            setattr(cls, name, EnumName(cls.__name__, value))


def _show_properties(cls: type) -> None:
    meta = cls.staticMetaObject
    for index in range(meta.propertyCount()):
        name = meta.property(index).name()
        own = index >= meta.propertyOffset() or name in vars(cls)  # a subclass overrides a virtual getter
        if own and (cls.__name__, name) not in METHODS_FIRST:
            getter = getattr(cls, name, None)
            setattr(cls, name, QtProperty(name, getter if callable(getter) else None))


def install() -> None:
    for cls in list(classes()):
        _show_enum_values(cls)
        if issubclass(cls, QtCore.QObject):
            _show_properties(cls)
    base = QtCore.QObject
    base.name = QtProperty("objectName")
    base.className = lambda self: getattr(type(self), "_host_class", None) or self.metaObject().className()
    base.delete = lambda self: self.deleteLater()
