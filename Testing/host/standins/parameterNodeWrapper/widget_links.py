"""Which widget can show which parameter. As in Slicer the class of the widget must match exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ctk
import qt
import slicer

from .constraints import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange
from .parameter import Parameter, is_enum, is_node, is_path


@dataclass
class Link:
    signal: Any  # None: the widget shows and never changes the value
    read: Any
    write: Any


def _limits(parameter: Parameter) -> tuple[float | None, float | None]:
    span = parameter.note(WithinRange)
    if span is not None:
        return span.minimum, span.maximum
    low, high = parameter.note(Minimum), parameter.note(Maximum)
    return low.minimum if low else None, high.maximum if high else None


def _number(widget, parameter: Parameter) -> Link:
    low, high = _limits(parameter)
    if type(widget) in (ctk.ctkSliderWidget, slicer.qMRMLSliderWidget) and (low is None or high is None):
        raise RuntimeError(f"{parameter.name}: a slider needs both ends of the range")
    if hasattr(widget, "decimals"):
        decimals = parameter.note(Decimals)
        if parameter.kind is int:
            widget.decimals = 0
        elif decimals is not None:
            widget.decimals = decimals.value
    step = parameter.note(SingleStep)
    if step is not None:
        widget.singleStep = step.value
    whole = type(widget) in (qt.QSpinBox, qt.QSlider)
    widget.minimum = low if low is not None else (-(2**31) if whole else float("-inf"))
    widget.maximum = high if high is not None else (2**31 - 1 if whole else float("inf"))
    kind = parameter.kind
    return Link(widget.valueChanged, lambda: kind(widget.value), lambda v: setattr(widget, "value", kind(v)))


def _items(widget, labels: list[str], values: list) -> Link:
    before = widget.currentIndex
    widget.clear()
    for label in labels:
        widget.addItem(label)
    if 0 <= before < len(labels):
        widget.currentIndex = before

    def show(value) -> None:
        if value not in values:
            raise ValueError(f"{value!r} is none of {values}")
        widget.currentIndex = values.index(value)

    return Link(widget.currentIndexChanged, lambda: values[widget.currentIndex], show)


def _combo(widget, parameter: Parameter) -> Link:
    if is_enum(parameter.kind):
        label = getattr(parameter.kind, "label", lambda member: member.name)
        members = list(parameter.kind)
        return _items(widget, [label(member) for member in members], members)
    choice = parameter.note(Choice)
    if choice is None:
        raise RuntimeError(f"{parameter.name}: a combo box needs Choice beside the type")
    return _items(widget, [str(value) for value in choice.choices], list(choice.choices))


def _text(widget, attribute: str) -> Link:
    def show(value: str) -> None:
        if getattr(widget, attribute) != value:  # writing moves the cursor
            setattr(widget, attribute, value)

    return Link(widget.textChanged, lambda: getattr(widget, attribute), show)


def _flag(widget) -> Link:
    return Link(widget.toggled, lambda: widget.checked, lambda v: setattr(widget, "checked", v))


def _path(widget, parameter: Parameter, attribute: str, signal) -> Link:
    kind = parameter.kind
    return Link(
        signal, lambda: kind(getattr(widget, attribute)), lambda v: setattr(widget, attribute, str(v))
    )


def link(widget, parameter: Parameter) -> Link:
    """RuntimeError when this widget cannot show this parameter."""
    shown, kind = type(widget), parameter.kind
    if kind is bool and shown in (qt.QCheckBox, qt.QPushButton):
        if shown is qt.QPushButton:
            widget.checkable = True
        return _flag(widget)
    if kind in (int, float) and shown in (
        *(qt.QDoubleSpinBox, ctk.ctkSliderWidget, ctk.ctkDoubleSpinBox),
        *(slicer.qMRMLSliderWidget, slicer.qMRMLSpinBox),
    ):
        return _number(widget, parameter)
    if kind is int and shown in (qt.QSpinBox, qt.QSlider):
        return _number(widget, parameter)
    if shown in (qt.QComboBox, ctk.ctkComboBox) and (kind in (str, int, float, bool) or is_enum(kind)):
        return _combo(widget, parameter)
    if kind is str and shown is qt.QLineEdit:
        return _text(widget, "text")
    if kind is str and shown is qt.QTextEdit:
        return _text(widget, "plainText")
    if kind is str and shown is qt.QLabel:
        return Link(None, lambda: widget.text, lambda v: setattr(widget, "text", v))
    if is_path(kind) and shown is ctk.ctkPathLineEdit:
        return _path(widget, parameter, "currentPath", widget.currentPathChanged)
    if is_path(kind) and shown is ctk.ctkDirectoryButton:
        return _path(widget, parameter, "directory", widget.directoryChanged)
    if is_node(kind) and shown is slicer.qMRMLNodeComboBox:
        widget.nodeTypes = [kind().GetClassName()]
        return Link(widget.currentNodeChanged, widget.currentNode, widget.setCurrentNode)
    raise RuntimeError(f"{parameter.name}: a {widget.className()} cannot show {parameter.hint!r}")
