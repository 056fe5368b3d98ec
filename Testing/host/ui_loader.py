"""qt.QUiLoader: builds a .ui file from the host's classes, and checks each of its names against the contract first."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from PySide6 import QtCore, QtGui, QtUiTools

from . import contract, facade
from .connections import normalized, signal_of
from .errors import HostLimitation
from .qt_properties import QtProperty

widget_classes: dict[str, type] = {}  # ctk, qMRML and qSlicer classes by name; filled by `application`


class UiMistake(RuntimeError):
    """The .ui file names a class, property, signal or slot that Slicer does not have."""


def _host_class(name: str) -> type:
    if name in widget_classes:
        return widget_classes[name]
    if name in contract.CLASSES:
        raise HostLimitation(f"the .ui file uses {name}, which the test host does not imitate")
    if name.startswith("Q"):
        try:
            return getattr(facade.module, name)
        except AttributeError:
            pass
    raise UiMistake(f"the .ui file uses {name}, a class that is neither Qt's nor in the contract")


# What Qt's form builder sets by other means than a property of that name.
_SET_BY_QT = {("QLabel", "buddy")}


def _check_properties(element: ET.Element, name: str, class_name: str) -> list[tuple[str, str, ET.Element]]:
    """Every property must exist. Those that the contract adds to Qt are taken out and returned: Qt cannot set them."""
    own = contract.properties(class_name) if class_name in contract.CLASSES else {}
    cls = _host_class(class_name)
    taken = []
    for entry in element.findall("property"):
        property_name = entry.get("name", "")
        if property_name in own:
            if not own[property_name].get("write"):
                raise UiMistake(f"{name}: {class_name}.{property_name} cannot be written")
            element.remove(entry)
            taken.append((name, property_name, entry[0]))
        elif (class_name, property_name) in _SET_BY_QT:
            continue
        elif not isinstance(getattr(cls, property_name, None), QtProperty) and entry.get("stdset") != "0":
            raise UiMistake(f"{name}: {class_name} has no property '{property_name}'")
    return taken


def _enum_value(text: str):
    combined = None
    for part in text.split("|"):
        owner, _, key = part.strip().rpartition("::")
        owner = owner.split("::")[0]
        source = widget_classes.get(owner) or facade.qt_class(owner)
        value = getattr(source, key)
        combined = value if combined is None else combined | value
    return combined


def _value(element: ET.Element):
    text = element.text or ""
    if element.tag in ("string", "cstring"):
        return text
    if element.tag == "bool":
        return text == "true"
    if element.tag == "number":
        return int(text)
    if element.tag == "double":
        return float(text)
    if element.tag == "stringlist":
        return [item.text or "" for item in element.findall("string")]
    if element.tag in ("enum", "set"):
        return _enum_value(text)
    if element.tag == "color":
        return QtGui.QColor(*(int(element.findtext(part, "0")) for part in ("red", "green", "blue")))
    raise HostLimitation(f"a property of kind <{element.tag}> on a ctk or qMRML widget in a .ui file")


class QUiLoader(QtUiTools.QUiLoader):
    def createWidget(self, class_name: str, parent=None, name: str = ""):
        cls = _host_class(class_name)
        widget = cls(parent) if parent is not None else cls()
        widget.setObjectName(name)
        self._made.append(widget)
        return widget

    def load(self, device, parent=None):
        self._made: list[QtCore.QObject] = []
        root = ET.fromstring(bytes(device.readAll().data()))
        late, classes = [], {}
        for element in root.iter("widget"):
            name, class_name = element.get("name", ""), element.get("class", "")
            if name in classes:
                raise UiMistake(f"two widgets are called {name}")
            classes[name] = class_name
            late += _check_properties(element, name, class_name)
        links = root.find("connections")
        if links is not None:
            root.remove(links)
        buffer = QtCore.QBuffer()
        buffer.setData(ET.tostring(root))
        buffer.open(QtCore.QIODevice.ReadOnly)
        facade.loading_ui.append("load")
        try:
            top = super().load(buffer, parent)
        finally:
            facade.loading_ui.pop()
        if top is None:
            raise UiMistake(self.errorString())
        top._widgets_of_ui = self._made
        for name, property_name, element in late:
            setattr(_find(top, name), property_name, _value(element))
        for link in links if links is not None else ():
            _link(top, link)
        return top


def _find(top, name: str):
    found = top if top.objectName == name else QtCore.QObject.findChild(top, QtCore.QObject, name)
    if found is None:
        raise UiMistake(f"a connection names {name}, which is not in the file")
    return found


def _link(top, link: ET.Element) -> None:
    sender, receiver = (_find(top, link.findtext(end, "")) for end in ("sender", "receiver"))
    slot = normalized(link.findtext("slot", ""))
    host_name = getattr(type(receiver), "_host_class", None)
    known = receiver.metaObject().indexOfMethod(slot) >= 0 or (
        host_name and contract.has_slot(host_name, slot)
    )
    if not known:
        raise UiMistake(f"{receiver.objectName}: {receiver.className()} has no slot {slot}")
    try:
        signal = signal_of(sender, link.findtext("signal", ""))
    except ValueError as mistake:
        raise UiMistake(f"{sender.objectName}: {mistake}") from mistake
    signal.connect(getattr(receiver, slot.split("(")[0]))
