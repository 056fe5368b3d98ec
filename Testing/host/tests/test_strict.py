"""What plain PySide6 would let through and Slicer would not: all of it is refused."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.panel, pytest.mark.usefixtures("clean_host")]

MISTAKES = {
    "a property called like a method": lambda m: m.qt.QLabel("x").text(),
    "a C++ setter that PythonQt does not show": lambda m: m.slicer.qMRMLNodeComboBox().setNodeTypes([]),
    "a C++ method that PythonQt does not show": lambda m: m.slicer.qMRMLNodeComboBox().nodes(),
    "a setter of a ctk property": lambda m: m.ctk.ctkPathLineEdit().setFilters(1),
    "another setter of a ctk property": lambda m: m.ctk.ctkCollapsibleButton().setCollapsed(True),
    "a setter that only Qt's slider has": lambda m: m.ctk.ctkSliderWidget().setMaximum(1),
    "a signal with the wrong type": lambda m: m.ctk.ctkSliderWidget().connect("valueChanged(int)", print),
    "a signal that does not exist": lambda m: m.qt.QPushButton().connect("pushed()", print),
    "a slot that cannot be called": lambda m: m.qt.QPushButton().connect("clicked()", None),
    "a new attribute on a C++ object": lambda m: setattr(m.qt.QPushButton(), "caseId", 3),
    "an overwritten slot": lambda m: setattr(m.qt.QPushButton(), "click", None),
    "a typing error in a property": lambda m: setattr(m.ctk.ctkSliderWidget(), "maximun", 1),
    "a property of the wrong type": lambda m: setattr(m.qt.QLabel(), "text", None),
    "a list of texts given as a text": lambda m: setattr(
        m.slicer.qMRMLNodeComboBox(), "nodeTypes", "vtkMRMLNode"
    ),
    "a read-only property": lambda m: setattr(m.slicer.qMRMLSegmentsTableView(), "segmentCount", 1),
    "slicer.util's functions in slicer": lambda m: m.slicer.loadVolume("x"),
    "a typing error in a method": lambda m: m.slicer.app.layoutManager().sliceWidgets("Red"),
    "a class that does not exist": lambda m: m.slicer.qMRMLFancyWidget(),
    "a class that Qt 6 lost": lambda m: m.qt.QTextCodec,
    "a scoped enum": lambda m: m.qt.Qt.AlignmentFlag.AlignLeft,
    "a subclass of a ctk widget": lambda m: type("Mine", (m.ctk.ctkSliderWidget,), {"__module__": "panel"}),
    "qt.Signal in a Python class": lambda m: m.qt.Signal(str),
    "the segment editor without its node": lambda m: m.slicer.qMRMLSegmentEditorWidget().setSegmentationNode(
        m.slicer.vtkMRMLSegmentationNode()
    ),
}


class Modules:
    def __init__(self) -> None:
        import ctk
        import qt
        import slicer

        self.ctk, self.qt, self.slicer = ctk, qt, slicer


@pytest.mark.parametrize("mistake", MISTAKES)
def test_is_refused(mistake: str) -> None:
    from host.errors import PortingMistake

    with pytest.raises((AttributeError, TypeError, ValueError, PortingMistake)):
        MISTAKES[mistake](Modules())


def test_a_name_that_slicer_has_and_the_host_lacks_says_so() -> None:
    from host.errors import HostLimitation

    slicer = Modules().slicer
    with pytest.raises(HostLimitation, match="effectByName"):
        slicer.qMRMLSegmentEditorWidget().effectByName("Paint")
    with pytest.raises(HostLimitation, match="qMRMLPlotWidget"):
        slicer.qMRMLPlotWidget()


def test_the_host_offers_no_name_that_slicer_lacks() -> None:
    from host import offered
    from host.audit import audit

    assert audit(offered.classes()) == []


def test_the_audit_would_notice_one() -> None:
    from host.audit import audit
    from host.ctk_numbers import ctkSliderWidget

    richer = type("Richer", (ctkSliderWidget,), {"__module__": "host.made_up", "setSpeed": lambda self: None})
    assert audit([richer]) == [("Richer", "setSpeed")]


def test_most_of_the_contract_of_the_offered_classes_is_there() -> None:
    from host import offered
    from host.audit import not_imitated

    names = sum(len(cls._contract) for cls in offered.classes())
    missing = sum(map(len, not_imitated(offered.classes()).values()))
    assert missing < 0.35 * names
