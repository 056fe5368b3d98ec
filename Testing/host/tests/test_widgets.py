"""The ctk and qMRML widgets behave as their documentation says."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.panel


@pytest.fixture
def slicer(clean_host):
    import slicer

    return slicer


def test_a_section_folds_and_keeps_what_was_hidden(clean_host) -> None:
    import ctk
    import qt

    section = ctk.ctkCollapsibleButton()
    section.text = "Train"
    rows = qt.QVBoxLayout(section)
    shown, hidden = qt.QLabel("shown"), qt.QLabel("hidden")
    for part in (shown, hidden):
        rows.addWidget(part)
    hidden.visible = False
    section.show()
    clean_host.settle(20)
    heard: list[bool] = []
    section.contentsCollapsed.connect(heard.append)
    tall = section.sizeHint.height() if not callable(section.sizeHint) else section.sizeHint().height()
    section.collapsed = True
    assert not shown.visible
    assert section.maximumHeight < tall
    section.collapsed = False
    assert shown.visible
    assert not hidden.visible
    assert heard == [True, False]
    section.close()


def test_a_slider_keeps_its_limits_and_tells_once(clean_host) -> None:
    import ctk

    slider, heard = ctk.ctkSliderWidget(), []
    slider.maximum, slider.singleStep, slider.decimals = 1.0, 0.05, 2
    slider.valueChanged.connect(heard.append)
    slider.value = 0.333
    slider.value = 0.333
    slider.value = 7
    slider.setValue(0.5)
    assert heard == [0.33, 1.0, 0.5]
    slider.reset()
    assert slider.value == 0.0


def test_a_range_and_a_spin_box(clean_host) -> None:
    import ctk

    span, box, heard = ctk.ctkRangeWidget(), ctk.ctkDoubleSpinBox(), []
    span.valuesChanged.connect(lambda low, high: heard.append((low, high)))
    span.setValues(10, 20)
    span.minimumValue = 30
    assert heard == [(10.0, 20.0), (20.0, 30.0)]  # always in order
    box.maximum, box.suffix = 10.0, " min"
    box.value = 12
    assert box.value == 10.0


def test_checked_items_of_a_combo_box(clean_host) -> None:
    import ctk
    import qt

    combo, heard = ctk.ctkCheckableComboBox(), []
    combo.checkedIndexesChanged.connect(
        lambda: heard.append([index.row() for index in combo.checkedIndexes()])
    )
    combo.addItems(["new", "labelled", "predicted"])
    assert combo.noneChecked()
    model = combo.checkableModel()
    combo.setCheckState(model.index(1, 0), qt.Qt.Checked)
    combo.setCheckState(model.index(2, 0), qt.Qt.Checked)
    combo.setCheckState(model.index(1, 0), qt.Qt.Unchecked)
    assert heard == [[1], [1, 2], [2]]
    assert not combo.allChecked()


def test_the_node_combo_box_follows_the_scene(slicer) -> None:
    combo, heard = slicer.qMRMLNodeComboBox(), []
    combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    combo.hideChildNodeTypes = ["vtkMRMLLabelMapVolumeNode"]
    combo.noneEnabled = True
    combo.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    assert not combo.enabled  # without a scene
    combo.setMRMLScene(slicer.mrmlScene)
    first = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "first")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "label")
    ours = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "ours")
    ours.SetAttribute("Role", "map")
    assert combo.nodeCount() == 2
    combo.setCurrentNode(first)
    first.SetName("renamed")
    assert combo.currentNode() is first
    slicer.mrmlScene.RemoveNode(first)
    assert combo.currentNode() is None
    assert heard == [first, None]
    combo.addAttribute("vtkMRMLScalarVolumeNode", "Role", "map")
    assert [combo.nodeFromIndex(i) for i in range(combo.nodeCount())] == [ours]
    added = combo.addNode()
    assert combo.currentNode() is added
    assert added.GetAttribute("Role") == "map"


def test_a_widget_that_is_gone_hears_nothing_of_the_scene(slicer, clean_host) -> None:
    combo = slicer.qMRMLNodeComboBox()
    combo.nodeTypes = ["vtkMRMLTextNode"]
    combo.setMRMLScene(slicer.mrmlScene)
    combo.deleteLater()
    clean_host.settle(10)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "late")
    assert clean_host.errors == []


def test_the_segment_editor_keeps_its_state_in_its_node(slicer) -> None:
    import numpy as np

    volume = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4)), name="CT")
    label = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Label")
    label.CreateDefaultDisplayNodes()
    label.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    first = label.GetSegmentation().AddEmptySegment("a", "A")
    second = label.GetSegmentation().AddEmptySegment("b", "B")
    node = slicer.vtkMRMLSegmentEditorNode()
    node.SetSingletonTag("Test")
    node = slicer.mrmlScene.AddNode(node)
    editor, heard = slicer.qMRMLSegmentEditorWidget(), []
    editor.currentSegmentIDChanged.connect(heard.append)
    editor.setMRMLScene(slicer.mrmlScene)
    editor.setMRMLSegmentEditorNode(node)
    editor.setSegmentationNode(label)
    assert editor.sourceVolumeNode() is volume
    assert editor.currentSegmentID() == first
    editor.setCurrentSegmentID(second)
    assert heard == [first, second]
    editor.setActiveEffectByName("Paint")
    assert node.GetActiveEffectName() == "Paint"
    assert editor.activeEffect().name == "Paint"
    editor.setActiveEffect(None)
    assert editor.activeEffect() is None
    mask = np.ones((4, 4, 4), np.uint8)
    editor.saveStateForUndo()
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, label, second, volume)
    editor.undo()
    assert slicer.util.arrayFromSegmentBinaryLabelmap(label, second, volume).sum() == 0
    editor.redo()
    assert slicer.util.arrayFromSegmentBinaryLabelmap(label, second, volume).sum() == 64


def test_a_segments_table_shows_names_and_visibility(slicer) -> None:
    label = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Label")
    label.CreateDefaultDisplayNodes()
    table = slicer.qMRMLSegmentsTableView()
    table.setSegmentationNode(label)
    liver = label.GetSegmentation().AddEmptySegment("liver", "Liver")
    assert table.segmentCount == 1
    assert table.segmentIDForRow(0) == liver
    table.setSelectedSegmentIDs([liver])
    assert table.selectedSegmentIDs() == [liver]
    label.GetSegmentation().RemoveSegment(liver)
    assert table.displayedSegmentIDs() == []


def test_the_terminology_navigator_gives_what_was_chosen(slicer) -> None:
    logic = slicer.modules.terminologies.logic()
    wanted, given = slicer.vtkSlicerTerminologyEntry(), slicer.vtkSlicerTerminologyEntry()
    wanted.GetCategoryObject().SetCodeValue("123037004")
    wanted.GetTypeObject().SetCodeValue("10200004")
    navigator = slicer.qSlicerTerminologyNavigatorWidget()
    heard: list[bool] = []
    navigator.selectionValidityChanged.connect(heard.append)
    assert not navigator.terminologyEntry(given)
    assert navigator.setTerminologyEntry(wanted)
    assert navigator.terminologyEntry(given)
    assert heard == [True]
    assert "Liver" in logic.SerializeTerminologyEntry(given)


def test_volumes_and_scenes_are_written_and_read(slicer, tmp_path) -> None:
    import numpy as np

    voxels = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    volume = slicer.util.addVolumeFromArray(voxels, name="CT")
    for name in ("a.nrrd", "b.nii.gz"):
        assert slicer.util.exportNode(volume, str(tmp_path / name), {})
        read = slicer.util.loadVolume(str(tmp_path / name), {"show": False})
        assert read.GetName() == name.split(".", maxsplit=1)[0]
        assert (slicer.util.arrayFromVolume(read) == voxels).all()
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"), {})
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "scene.mrb"), {})
    assert (slicer.util.arrayFromVolume(slicer.util.getNode("CT")) == voxels).all()
