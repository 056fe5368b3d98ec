"""One typed parameter: its limits, its default, and how its value lies in a vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import enum
import pathlib
import types
import typing

import slicer

from .constraints import Default, Validator

_MISSING = object()
_PLAIN = (str, int, float, bool)


def is_node(kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def is_enum(kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, enum.Enum)


def is_path(kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, pathlib.PurePath)


def is_pack(kind) -> bool:
    return getattr(kind, "_is_parameterPack", False)


def _without_none(kind):
    """`Node | None` is the node: a node parameter may always be None."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kinds = [k for k in typing.get_args(kind) if k is not type(None)]
        if len(kinds) == 1 and is_node(kinds[0]):
            return kinds[0]
    return kind


class Parameter:
    def __init__(self, name: str, hint, default=_MISSING) -> None:
        self.name = name
        self.hint = hint
        kind, *self.notes = typing.get_args(typing.Annotated[hint, None])[:-1]
        self.kind = _without_none(kind)
        supported = self.kind in _PLAIN or any(
            test(self.kind) for test in (is_node, is_enum, is_path, is_pack)
        )
        if not supported:
            from host.errors import HostLimitation

            raise HostLimitation(f"a parameter of type {hint!r} ({name}) is not imitated by the test host")
        self.limits = [note for note in self.notes if isinstance(note, Validator)]
        given = next((note for note in self.notes if isinstance(note, Default)), None)
        self._default = (
            Default(default) if default is not _MISSING else given or Default(generator=self._own_default)
        )

    def _own_default(self):
        if is_node(self.kind):
            return None
        return next(iter(self.kind)) if is_enum(self.kind) else self.kind()

    @property
    def default(self):
        return self._default.value

    def note(self, kind):
        return next((note for note in self.notes if isinstance(note, kind)), None)

    def check(self, value) -> None:
        """TypeError for the wrong type, ValueError for None or a value outside the limits."""
        if value is None:
            if not is_node(self.kind):
                raise ValueError(f"{self.name} must not be None")
        else:
            accepted = (int, float) if self.kind is float else self.kind
            if not isinstance(value, accepted):
                raise TypeError(
                    f"{self.name} takes {self.kind.__name__}, not {type(value).__name__} ({value!r})"
                )
        for limit in self.limits:
            limit.validate(value)

    def is_in(self, node, key: str) -> bool:
        if is_pack(self.kind):
            first = next(iter(self.kind.allParameters.values()))
            return first.is_in(node, f"{key}.{first.name}")
        return bool(node.HasParameter(key))

    def write(self, node, key: str, value) -> None:
        self.check(value)
        with slicer.util.NodeModify(node):
            if is_pack(self.kind):
                for member in self.kind.allParameters.values():
                    member.write(node, f"{key}.{member.name}", getattr(value, member.name))
            elif is_node(self.kind):
                node.SetParameter(key, "")  # a reference to nothing leaves no other trace
                node.SetNodeReferenceID(key, value.GetID() if value is not None else None)
            else:
                node.SetParameter(key, value.name if is_enum(self.kind) else str(value))

    def read(self, node, key: str):
        if is_pack(self.kind):
            from .packs import bound_pack

            return bound_pack(self, node, key)
        if is_node(self.kind):
            return node.GetNodeReference(key)
        text = node.GetParameter(key)
        if self.kind is bool:
            return text == "True"
        return self.kind[text] if is_enum(self.kind) else self.kind(text)


def parameters_of(cls: type) -> dict[str, Parameter]:
    """From the type hints of a class and the values assigned beside them."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return {name: Parameter(name, hint, getattr(cls, name, _MISSING)) for name, hint in hints.items()}
