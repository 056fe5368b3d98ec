"""Classes of Slicer made from the contract: its properties, signals and enums, and no other name than PythonQt shows.

`contract_class("ctkSliderWidget", QtWidgets.QWidget)` is the base of the host's own ctkSliderWidget. Behaviour is
added there with `_read_<property>`, `_write_<property>` (replaces storing), `_changed_<property>` (after storing) and
with methods of the contract's names. Everything else of the host's own starts with an underscore.
"""

from __future__ import annotations

from PySide6 import QtCore

from . import contract, facade
from .errors import HostLimitation, PortingMistake
from .facade import Manners, WrapperType

HOST = __name__.rpartition(".")[0]
PYTHON_TYPES: dict[str, type] = {"bool": bool, "int": int, "double": float, "QString": str}
START_VALUES = {"bool": False, "int": 0, "double": 0.0, "QString": "", "QStringList": ()}
ALWAYS = frozenset(
    ("name", "className", "connect", "disconnect", "delete", "inherits", "findChild", "findChildren")
)


def _is_host_class(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == HOST


class Strict(Manners):
    def __getattribute__(self, name: str):
        if name[:1] == "_":
            return super().__getattribute__(name)
        cls = type(self)
        if name not in cls._allowed:
            if name in cls._hidden:
                raise AttributeError(
                    f"{cls._host_class}.{name} is public C++, but PythonQt does not show it "
                    "(neither a property, nor a slot, nor Q_INVOKABLE)"
                )
            raise AttributeError(f"{cls._host_class} has no attribute named '{name}'")
        if name in cls._contract and not any(name in vars(base) for base in cls.__mro__):
            raise HostLimitation(
                f"{cls._host_class}.{name} exists in Slicer, but the test host does not imitate it"
            )
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value) -> None:
        cls = type(self)
        if name[:1] != "_" and not facade.loading_ui:
            if name not in cls._allowed:
                raise AttributeError(
                    f"'{name}' does not exist on {cls._host_class}, and C++ objects take no new attributes"
                )
            if name not in cls._settable:
                raise AttributeError(f"'{name}' of {cls._host_class} can not be overwritten")
        super().__setattr__(name, value)

    def __init_subclass__(cls, **options) -> None:
        super().__init_subclass__(**options)
        if not _is_host_class(cls):
            raise PortingMistake(
                f"{cls.__name__} derives from {cls._host_class}: PythonQt would never call its virtual methods; "
                "hold the widget instead"
            )


def _converted(name: str, ctype: str, value):
    """`value` as the property's C++ type, or AttributeError as PythonQt raises it."""
    wrong = AttributeError(
        f"Property '{name}' of type '{ctype}' does not accept an object of type {type(value).__name__} ({value!r})"
    )
    if ctype == "QStringList":
        if isinstance(value, str) or not all(isinstance(item, str) for item in value):
            raise wrong
        return tuple(value)
    kind = PYTHON_TYPES.get(ctype)
    if kind is None:
        return value
    if kind is str:
        if isinstance(value, (int, float)):
            return str(value)
        if not isinstance(value, str):
            raise wrong
        return value
    if not isinstance(value, (bool, int, float)):
        raise wrong
    return kind(value)


def _property(name: str, described: dict) -> QtCore.Property:
    ctype = described["type"]

    def read(self):
        reader = getattr(type(self), f"_read_{name}", None)
        if reader is not None:
            return reader(self)
        start = type(self)._defaults.get(name, START_VALUES.get(ctype))
        return self.__dict__.get("_values", {}).get(name, start)

    def write(self, value) -> None:
        if not described.get("write") and getattr(type(self), f"_write_{name}", None) is None:
            raise AttributeError(f"Property '{name}' of {type(self)._host_class} object is not writable")
        value = _converted(name, ctype, value)
        writer = getattr(type(self), f"_write_{name}", None)
        if writer is not None:
            writer(self, value)
            return
        if read(self) != value:
            self.__dict__.setdefault("_values", {})[name] = value
            changed = getattr(type(self), f"_changed_{name}", None)
            if changed is not None:
                changed(self)

    return QtCore.Property(PYTHON_TYPES.get(ctype, "QVariant"), read, write)


def _argument_type(ctype: str) -> type:
    return PYTHON_TYPES.get(ctype, object)


def _add_signals(name: str, inherited: dict, namespace: dict) -> dict:
    """Adds Signals to `namespace`; the table is signal name -> {signature: attribute}."""
    tables = dict(inherited)
    for signal, signatures in contract.signals(name).items():
        if signal in inherited:
            continue
        table = {}
        for number, signature in enumerate(signatures):
            attribute = signal if number == 0 else f"_{signal}_{number}"
            arguments = [t for t in signature[len(signal) + 1 : -1].split(",") if t]
            namespace[attribute] = QtCore.Signal(*map(_argument_type, arguments))
            table[signature] = attribute
        tables[signal] = table
    return tables


def _setter(property_name: str):
    def set_property(self, value) -> None:
        setattr(self, property_name, value)

    return set_property


def contract_class(name: str, qt_base: type, **start_values) -> type:
    """A base class with exactly the names of the contract; `qt_base` is a PySide6 class or another host class.

    `start_values` are what properties hold before anyone sets them.
    """
    parent = qt_base if hasattr(qt_base, "_host_class") else None
    inherited = frozenset(contract.visible(parent._host_class)) if parent else frozenset()
    pure_qt = next(base for base in qt_base.__mro__ if base.__module__.startswith("PySide6"))
    qt_names = frozenset(n for n in dir(pure_qt) if n[0] != "_")
    namespace: dict = {"__module__": f"{HOST}.generated", "_host_class": name}
    namespace["_signals"] = _add_signals(name, getattr(qt_base, "_signals", {}), namespace)
    own = contract.properties(name)
    for property_name, described in own.items():
        if property_name not in inherited:
            namespace[property_name] = _property(property_name, described)
    for slot in contract.callables(name):
        target = slot[3:4].lower() + slot[4:]
        if slot.startswith("set") and target in own and slot not in inherited:
            namespace[slot] = _setter(target)
    for value, number in contract.enum_values(name).items():
        if value not in inherited:
            namespace.setdefault(value, number)
    qt_settable = {
        n for n in qt_names if isinstance(getattr(pure_qt, n, None), facade.qt_properties.QtProperty)
    }
    namespace["_defaults"] = {**getattr(qt_base, "_defaults", {}), **start_values}
    namespace["_contract"] = contract.visible(name)
    namespace["_hidden"] = contract.invisible(name)
    namespace["_allowed"] = contract.visible(name) | qt_names | ALWAYS
    namespace["_settable"] = frozenset(own) | qt_settable | {"name"}
    bases = (qt_base,) if parent else (Strict, qt_base)
    return WrapperType(f"{name}_contract", bases, namespace)
