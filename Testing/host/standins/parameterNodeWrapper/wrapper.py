"""@parameterNodeWrapper: typed attributes over a vtkMRMLScriptedModuleNode, and their connection to widgets."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .parameter import Parameter, is_pack, parameters_of
from .widget_links import Link, link

SlicerParameterNamePropertyName = "SlicerParameterName"


def _attribute(name: str) -> property:
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))


def _parameter(owner, name: str) -> Parameter:
    """The parameter behind a name that may go into packs ("settings.folds"); ValueError when there is none."""
    top, _, rest = name.partition(".")
    known = owner.allParameters
    if top not in known:
        raise ValueError(f"there is no parameter '{top}'; there are {', '.join(known)}")
    parameter = known[top]
    if not rest:
        return parameter
    if not is_pack(parameter.kind):
        raise ValueError(f"'{top}' is not a parameter pack and has no '{rest}'")
    return _parameter(parameter.kind, rest)


class _Connection:
    """Widgets of one connectGui call: `slots` to undo, `tag` of the node's observer."""

    def __init__(self, links: dict[str, Link]) -> None:
        self.links = links
        self.slots: list[tuple] = []
        self.tag = 0


class _Wrapper:
    _is_parameter_node_wrapper = True
    allParameters: dict[str, Parameter]

    def __init__(self, parameterNode) -> None:
        self.parameterNode = parameterNode
        self._connections: dict[int, _Connection] = {}
        self._next_tag = 0
        self._showing = False
        for parameter in self.allParameters.values():
            if not parameter.is_in(parameterNode, parameter.name):
                parameter.write(parameterNode, parameter.name, parameter.default)

    def getValue(self, name: str):
        _parameter(self, name)
        top, _, rest = name.partition(".")
        value = self.allParameters[top].read(self.parameterNode, top)
        return value.getValue(rest) if rest else value

    def setValue(self, name: str, value) -> None:
        _parameter(self, name)
        top, _, rest = name.partition(".")
        if rest:
            self.getValue(top).setValue(rest, value)
        else:
            self.allParameters[top].write(self.parameterNode, top, value)

    @classmethod
    def dataType(cls, name: str):
        return _parameter(cls, name).hint

    def default(self, name: str):
        return _parameter(self, name)._default

    def connectGui(self, gui) -> int:
        if isinstance(gui, QtWidgets.QWidget):
            widgets = QtCore.QObject.findChildren(gui, QtWidgets.QWidget)
        else:
            widgets = list(vars(gui).values())
        named = {widget.property(SlicerParameterNamePropertyName): widget for widget in widgets}
        return self.connectParametersToGui({name: widget for name, widget in named.items() if name})

    def connectParametersToGui(self, mapping: dict) -> int:
        connection = _Connection({name: link(w, _parameter(self, name)) for name, w in mapping.items()})
        tag, self._next_tag = self._next_tag, self._next_tag + 1
        self._connections[tag] = connection
        for name, each in connection.links.items():
            each.write(self.getValue(name))
            if each.signal is not None:
                slot = self._slot(name, each)
                each.signal.connect(slot)
                connection.slots.append((each.signal, slot))
        connection.tag = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())
        return tag

    def _slot(self, name: str, each: Link):
        def changed(*_) -> None:
            if not self._showing:
                with slicer.util.NodeModify(self):
                    self.setValue(name, each.read())

        return changed

    def _show(self) -> None:
        if self._showing:
            return
        self._showing = True
        try:
            for connection in self._connections.values():
                for name, each in connection.links.items():
                    each.write(self.getValue(name))
        finally:
            self._showing = False

    def disconnectGui(self, tag) -> None:
        connection = self._connections.pop(tag, None)
        if connection is not None:
            for signal, slot in connection.slots:
                signal.disconnect(slot)
            self.RemoveObserver(connection.tag)

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event, callback, priority: float = 0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag) -> None:
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()


_RESERVED = frozenset(name for name in vars(_Wrapper) if name[:1] != "_")


def parameterNodeWrapper(cls: type | None = None):
    """Class decorator; the result is made from a parameter node: `Parameters(logic.getParameterNode())`."""
    if cls is None:
        return parameterNodeWrapper
    parameters = parameters_of(cls)
    taken = sorted(_RESERVED & (set(parameters) | set(vars(cls))))
    if taken:
        raise ValueError(f"{cls.__name__}: these names belong to the wrapper: {', '.join(taken)}")
    space = {
        n: v for n, v in vars(cls).items() if n not in ("__dict__", "__weakref__", "__init__", *parameters)
    }
    space.update({name: _attribute(name) for name in parameters})
    space["allParameters"] = parameters
    return type(cls.__name__, (_Wrapper,), space)


def isParameterNodeWrapper(thing) -> bool:
    return getattr(thing, "_is_parameter_node_wrapper", False)
