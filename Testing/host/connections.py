"""`connect("signal(type)", slot)` as PythonQt has it, but a signal that does not exist raises."""

from __future__ import annotations

import re

from PySide6 import QtCore

_pyside_connect = QtCore.QObject.connect
_pyside_disconnect = QtCore.QObject.disconnect


def normalized(signature: str) -> str:
    """Qt's normal form: no spaces, `const X &` becomes `X`."""
    name, _, rest = signature.strip().partition("(")
    arguments = []
    for argument in rest.rsplit(")", 1)[0].split(","):
        argument = re.sub(r"^const\s+(.*?)\s*&$", r"\1", argument.strip())
        arguments.append(re.sub(r"\s*([*&])", r"\1", argument))
    return f"{name.strip()}({','.join(arguments)})"


def _plain_name(signature: str) -> str:
    """The name behind an optional SIGNAL/SLOT digit."""
    return re.sub(r"^[12]", "", signature).split("(", 1)[0].strip()


def signal_of(sender, signature: str):
    """The bound signal; ValueError with the existing signatures when there is none."""
    name = _plain_name(signature)
    contract_signals = getattr(type(sender), "_signals", {})
    if name in contract_signals:
        table = contract_signals[name]
        if "(" not in signature:
            return getattr(sender, name)
        wanted = normalized(re.sub(r"^[12]", "", signature))
        if wanted in table:
            return getattr(sender, table[wanted])
        raise ValueError(_no_such(sender, wanted, table))
    meta = sender.metaObject()
    signatures = [
        bytes(meta.method(i).methodSignature().data()).decode()
        for i in range(meta.methodCount())
        if meta.method(i).methodType() == QtCore.QMetaMethod.Signal
    ]
    same_name = [s for s in signatures if s.startswith(name + "(")]
    if not same_name:
        raise ValueError(_no_such(sender, signature, []))
    bound = getattr(sender, name)
    if "(" not in signature:
        return bound
    wanted = normalized(re.sub(r"^[12]", "", signature))
    if wanted not in same_name:
        raise ValueError(_no_such(sender, wanted, same_name))
    inner = wanted[wanted.index("(") + 1 : -1]
    return bound if len(same_name) == 1 or not inner else bound[inner]


def _no_such(sender, signature: str, known) -> str:
    message = f"QObject::connect: no such signal {type(sender).__name__}::{signature}"
    return f"{message}; there is {', '.join(sorted(known))}" if known else message


def _slot(arguments: tuple):
    """(callable,) or (receiver, "slot(type)") -> the callable."""
    if len(arguments) > 1 and isinstance(arguments[1], str):
        return getattr(arguments[0], _plain_name(arguments[1]))
    if not arguments or not callable(arguments[0]):
        raise TypeError("connect: the slot is not callable")
    return arguments[0]


class _WithoutArguments:
    """The slot of a connection to `clicked()`: it must not get the argument that `clicked(bool)` would bring."""

    def __init__(self, slot) -> None:
        self.slot = slot

    def __call__(self) -> None:
        self.slot()


def _wants_nothing(signature: str) -> bool:
    return normalized(signature).endswith("()") if "(" in signature else False


def connect(self, *arguments) -> bool:
    if isinstance(arguments[0], QtCore.QObject):  # PySide6's own SignalInstance.connect comes through here
        return _pyside_connect(*arguments)
    signal, slot = signal_of(self, arguments[0]), _slot(arguments[1:])
    if _wants_nothing(arguments[0]):
        slot = _WithoutArguments(slot)
        self.__dict__.setdefault("_slots_without_arguments", []).append(slot)
        slot = slot.__call__
    signal.connect(slot)
    return True


def disconnect(self, *arguments) -> bool:
    if arguments and isinstance(arguments[0], QtCore.QObject):
        return _pyside_disconnect(*arguments)
    if not arguments:
        return bool(_pyside_disconnect(self))
    signal = signal_of(self, arguments[0])
    try:
        if len(arguments) > 1:
            signal.disconnect(_connected(self, arguments[0], _slot(arguments[1:])))
        else:
            signal.disconnect()
    except (RuntimeError, TypeError):
        return False
    return True


def _connected(sender, signature: str, slot):
    """What `connect` really connected for this slot."""
    if _wants_nothing(signature):
        for wrapped in sender.__dict__.get("_slots_without_arguments", []):
            if wrapped.slot == slot:
                sender.__dict__["_slots_without_arguments"].remove(wrapped)
                return wrapped.__call__
    return slot
