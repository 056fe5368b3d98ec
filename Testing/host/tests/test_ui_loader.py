""".ui files: everything named in them must exist in Slicer."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = [pytest.mark.panel, pytest.mark.usefixtures("clean_host")]

SLIDER = '<widget class="ctkSliderWidget" name="slider">{}</widget>'
FORM = """<?xml version="1.0"?>
<ui version="4.0"><class>Form</class>
 <widget class="qMRMLWidget" name="Form"><layout class="QVBoxLayout" name="column">
  <item><widget class="ctkCollapsibleButton" name="section">
   <property name="text"><string>Section</string></property>
   <property name="collapsed"><bool>true</bool></property>
   <layout class="QFormLayout" name="rows">
    <item row="0" column="0"><widget class="QLabel" name="label">
     <property name="text"><string>&amp;Node:</string></property>
     <property name="buddy"><cstring>nodes</cstring></property></widget></item>
    <item row="0" column="1"><widget class="qMRMLNodeComboBox" name="nodes">
     <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
     <property name="SlicerParameterName" stdset="0"><string>volume</string></property></widget></item>
    <item row="1" column="1"><widget class="ctkPathLineEdit" name="path">
     <property name="filters"><set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Readable</set></property></widget></item>
   </layout></widget></item>
  <item>MORE</item>
 </layout></widget>
 <connections><connection><sender>Form</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
  <receiver>nodes</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection>LINKS</connections>
</ui>"""
PROPERTY = '<widget class="{}" name="w"><property name="{}"><number>1</number></property></widget>'
LINK = "<connection><sender>{}</sender><signal>{}</signal><receiver>{}</receiver><slot>{}</slot></connection>"


def load(folder: Path, more: str = '<spacer name="space"/>', links: str = ""):
    import slicer

    path = folder / "Form.ui"
    path.write_text(FORM.replace("MORE", more).replace("LINKS", links), "utf-8")
    return slicer.util.loadUI(str(path))


def test_a_form_of_slicers_widgets(tmp_path: Path) -> None:
    import slicer

    top = load(tmp_path, SLIDER.format('<property name="maximum"><double>2.5</double></property>'))
    ui = slicer.util.childWidgetVariables(top)
    assert ui.section.collapsed
    assert ui.slider.maximum == 2.5
    assert ui.path.filters == ui.path.Dirs | ui.path.Readable
    assert ui.nodes.property("SlicerParameterName") == "volume"
    assert ui.label.buddy() is ui.nodes
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    assert ui.nodes.currentNode() is None
    top.setMRMLScene(slicer.mrmlScene)  # arrives through the connection in the file
    assert ui.nodes.currentNode() is volume


MISTAKES = {
    "a class that Slicer lacks": ('<widget class="ctkWonderWidget" name="w"/>', ""),
    "a class that Qt lacks": ('<widget class="QWonderWidget" name="w"/>', ""),
    "a property that the contract lacks": (PROPERTY.format("ctkSliderWidget", "speed"), ""),
    "a property that Qt lacks": (PROPERTY.format("QLabel", "speed"), ""),
    "a read-only property": (PROPERTY.format("qMRMLSegmentsTableView", "segmentCount"), ""),
    "the same name twice": ('<widget class="QLabel" name="label"/>', ""),
    "a signal of another widget": (SLIDER.format(""), LINK.format("slider", "clicked()", "label", "clear()")),
    "a signal with the wrong type": (SLIDER.format(""), LINK.format("slider", "valueChanged(int)", "label", "clear()")),
    "a slot that does not exist": (SLIDER.format(""), LINK.format("slider", "valueChanged(double)", "label", "go()")),
    "a slot that PythonQt could not call": (
        SLIDER.format(""),
        LINK.format("label", "linkActivated(QString)", "slider", "setMaximum(double)"),
    ),
    "a widget that is not in the file": ("", LINK.format("nobody", "clicked()", "label", "clear()")),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_is_refused(mistake: str, tmp_path: Path) -> None:
    from host.ui_loader import UiMistake

    with pytest.raises(UiMistake):
        load(tmp_path, *MISTAKES[mistake])


def test_a_class_that_the_host_lacks_says_so(tmp_path: Path) -> None:
    from host.errors import HostLimitation

    with pytest.raises(HostLimitation, match="qMRMLPlotWidget"):
        load(tmp_path, '<widget class="qMRMLPlotWidget" name="plot"/>')
