"""Section Annotate: cases are opened, drawn, submitted and left, and no stroke is lost."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.panel


@pytest.fixture
def study(panel, scans):
    """A new study of four scans with two structures."""
    panel.new_study(scans, "liver, tumour")
    return panel


def label_in(workbench, case: str) -> np.ndarray:
    from DualSSLSegLib.imaging.labels import read_label
    from DualSSLSegLib.imaging.read import read_grid

    study = workbench.controller.study
    return read_label(study.latest(case).path, read_grid(study.case(case).paths[0]), study.structures)


def state_of(workbench, case: str) -> str:
    return next(row.state for row in workbench.rows if row.id == case)


def test_before_a_case_is_open_every_button_says_why(panel):
    ui = panel.panel.annotate.ui
    assert ui.caseArea.isHidden()
    assert not ui.openNextButton.enabled and "No study is open" in ui.openNextButton.toolTip
    assert "No study is open" in ui.reasonLabel.text
    for button in (ui.submitButton, ui.saveButton, ui.discardButton, ui.saveAsButton, ui.useButton):
        assert not button.enabled and button.toolTip


def test_open_next_shows_the_case_and_says_why(study):
    ui = study.panel.annotate.ui
    assert ui.reasonLabel.text.startswith("Next: ")
    case = study.open_next()
    assert ui.caseLabel.text == case and ui.sourceLabel.text == "nothing: there is no label yet"
    editor = study.panel.annotate.editor
    assert editor.segmentation is study.workbench.case_scene.segmentation_node
    assert editor.widget.sourceVolumeNode() is study.workbench.case_scene.volume_node
    assert editor.widget.mrmlSegmentEditorNode().GetSingletonTag() == "DualSSLSeg"
    assert ui.channelCombo.isHidden()
    assert study.panel.study.cases.current == case


def test_a_submitted_label_is_a_revision_and_the_next_case_opens(study):
    first = study.open_next()
    painted = study.paint("tumour")
    study.submit()
    workbench = study.workbench
    assert workbench.case not in (None, first)
    assert (label_in(workbench, first) == 2 * painted.transpose(2, 1, 0)).all()
    assert state_of(workbench, first) == "labelled"
    assert study.panel.annotate.editor.segmentation is workbench.case_scene.segmentation_node


def test_an_empty_label_is_asked_about_once(study):
    first = study.open_next()
    study.click(study.panel.annotate.ui.submitButton)
    study.wait_until(study.said)
    assert "nothing is labelled" in study.said()[-1].lower() and study.workbench.case == first
    study.submit()
    assert not label_in(study.workbench, first).any()


def test_work_is_saved_for_later_and_found_again(study):
    ui, workbench = study.panel.annotate.ui, study.workbench
    first = study.open_next()
    painted = study.paint("liver", size=2)
    study.click(ui.saveButton)
    study.wait_until(lambda: not workbench.changed and not workbench.busy)
    study.panel.study.cases.view.doubleClicked.emit(study.panel.study.cases.model.index(2, 0))
    study.wait_until(lambda: workbench.case == "scan_10")
    assert state_of(workbench, first) == "in_progress"
    workbench.open_case(first)
    study.wait_until(lambda: workbench.case == first)
    assert ui.sourceLabel.text == "unfinished work that was kept"
    assert (workbench.case_scene.label() == painted.transpose(2, 1, 0)).all()


def test_leaving_a_changed_case_keeps_its_strokes(study):
    workbench = study.workbench
    first = study.open_next()
    painted = study.paint("liver")
    study.open_next()
    workbench.open_case(first)
    study.wait_until(lambda: workbench.case == first)
    assert (workbench.case_scene.label() == painted.transpose(2, 1, 0)).all()


def test_unfinished_work_is_discarded_after_a_question(study):
    from host import dialogs

    ui, workbench = study.panel.annotate.ui, study.workbench
    study.open_next()
    study.paint("liver")
    dialogs.answer("message", "Cancel")
    study.click(ui.discardButton)
    assert workbench.case_scene.label().any()
    dialogs.answer("message", "Ok")
    study.click(ui.discardButton)
    study.wait_until(lambda: workbench.opened is not None and not workbench.case_scene.label().any())
    assert not workbench.changed


def test_a_segmentation_of_another_module_becomes_the_label(study):
    import slicer

    ui, workbench = study.panel.annotate.ui, study.workbench
    study.open_next()
    assert not ui.useButton.enabled and "Choose a segmentation" in ui.useButton.toolTip
    volume = workbench.case_scene.volume_node
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "From elsewhere")
    other.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segment = other.GetSegmentation().AddEmptySegment("", "tumour")
    mask = np.zeros(slicer.util.arrayFromVolume(volume).shape, np.uint8)
    mask[2, 3, 4] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, other, segment, volume)
    ui.otherCombo.setCurrentNode(other)
    study.panel.annotate.editor.widget.setActiveEffectByName("Paint")
    ui.otherBox.collapsed = False
    study.click(ui.useButton)
    study.wait_until(lambda: workbench.case_scene.label().any())
    assert (workbench.case_scene.label() == 2 * mask.transpose(2, 1, 0)).all()
    assert study.panel.annotate.editor.widget.activeEffect() is None


def test_a_label_is_saved_to_another_place(study, tmp_path):
    from host import dialogs

    study.open_next()
    study.paint("liver")
    dialogs.answer("file", str(tmp_path / "mine.nii.gz"))
    study.click(study.panel.annotate.ui.saveAsButton)
    study.wait_until(lambda: (tmp_path / "mine.nii.gz").exists() and not study.workbench.busy)
    assert any("mine.nii.gz" in text for text in study.said())


def test_the_name_offered_for_a_copy_is_not_that_of_the_scan(study, scans, monkeypatch):
    import qt

    offered = []

    def choose(_parent, _title, name, _kinds):
        offered.append(name)
        return str(scans / f"{study.workbench.case}.nii.gz")

    case = study.open_next()
    study.paint("liver")
    scan = (scans / f"{case}.nii.gz").read_bytes()
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", choose)
    study.click(study.panel.annotate.ui.saveAsButton)
    study.wait_until(lambda: any("is a scan" in text for text in study.said()) and not study.workbench.busy)
    assert offered == [f"{case} label.nii.gz"]
    assert (scans / f"{case}.nii.gz").read_bytes() == scan and study.workbench.changed


def test_the_channel_shown_can_be_chosen(panel, tmp_path):
    import slicer
    from support.studies import write_scan

    from DualSSLSegLib.study.folder import StudyFolder

    for channel in (0, 1):
        write_scan(tmp_path / "two" / f"a_000{channel}.nii.gz", channel)
    StudyFolder.create(tmp_path / "two", ["liver"], channels=2)
    panel.choose_folder(tmp_path / "two")
    panel.wait_until(lambda: panel.workbench.rows)
    panel.open_next()
    ui = panel.panel.annotate.ui
    assert not ui.channelCombo.isHidden() and ui.channelCombo.count == 2
    before = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID()
    ui.channelCombo.setCurrentIndex(1)
    after = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID()
    assert after and after != before


def test_the_editor_lets_go_of_nodes_that_are_deleted(study):
    import slicer

    study.open_next()
    editor = study.panel.annotate.editor
    editor.widget.setActiveEffectByName("Paint")
    slicer.mrmlScene.RemoveNode(study.workbench.case_scene.segmentation_node)
    assert editor.segmentation is None and editor.widget.activeEffect() is None
    study.wait_until(lambda: study.workbench.case is None)
    study.open_next()
    assert editor.segmentation is study.workbench.case_scene.segmentation_node


def test_closing_the_scene_keeps_the_strokes_and_the_panel(study):
    import slicer

    first = study.open_next()
    painted = study.paint("tumour")
    slicer.mrmlScene.Clear(0)
    assert study.panel.annotate.editor.segmentation is None
    study.wait_until(lambda: study.workbench.case is None)
    assert study.said()[-1].endswith(f"What you have drawn on {first} is kept as unfinished work.")
    assert state_of(study.workbench, first) == "in_progress"
    study.workbench.open_case(first)
    study.wait_until(lambda: study.workbench.case == first)
    assert (study.workbench.case_scene.label() == 2 * painted.transpose(2, 1, 0)).all()
    assert study.panel.annotate.editor.segmentation is study.workbench.case_scene.segmentation_node


def test_the_editor_has_shortcuts_only_while_the_module_is_on_screen(study):
    import slicer

    study.open_next()
    editor = study.panel.annotate.editor.widget
    editor.setActiveEffectByName("Paint")
    widget = slicer.modules.dualsslseg.widgetRepresentation()
    assert editor._shortcuts_on and editor._observing
    widget.exit()
    assert not editor._shortcuts_on and not editor._observing and editor.activeEffect() is None
    widget.enter()
    assert editor._shortcuts_on and editor._observing


def test_scrolling_counts_as_work(study):
    import slicer

    clock = [100.0]
    study.workbench.clock = lambda: clock[0]
    study.open_next()
    label = study.panel.annotate.ui.timeLabel
    assert label.text == "0 s"
    logic = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    for _ in range(3):
        clock[0] += 50
        logic.SetSliceOffset(logic.GetSliceOffset() + 1)
    study.wait_until(lambda: label.text == "2 min 30 s")


def test_times_are_read_by_people(clean_host):
    from DualSSLSegLib.panel.annotate_section import duration_words

    assert [duration_words(s) for s in (0, 59.6, 200, 7325)] == [
        "0 s",
        "1 min 0 s",
        "3 min 20 s",
        "2 h 2 min",
    ]


def test_a_label_is_saved_elsewhere_when_the_study_is_gone(study, scans, tmp_path):
    from host import dialogs

    from DualSSLSegLib.imaging.labels import read_label

    first = study.open_next()
    painted = study.paint("tumour")
    opened = study.workbench.opened
    scans.rename(tmp_path / "moved")
    study.click(study.panel.annotate.ui.submitButton)
    study.wait_until(lambda: any(row.kind == "error" for row in study.panel.messages.rows))
    study.wait_until(lambda: not study.workbench.busy)
    assert study.workbench.case == first and study.workbench.case_scene.label().any()
    dialogs.answer("file", str(tmp_path / "mine.nrrd"))
    study.click(study.panel.annotate.ui.saveAsButton)
    study.wait_until(lambda: (tmp_path / "mine.nrrd").exists() and not study.workbench.busy)
    saved = read_label(tmp_path / "mine.nrrd", opened.grid, opened.structures)
    assert (saved == 2 * painted.transpose(2, 1, 0)).all()


def test_a_study_that_is_only_looked_at_cannot_be_drawn_on(panel, scans):
    from DualSSLSegLib.loop.editor_lock import EditorLock
    from DualSSLSegLib.study.folder import StudyFolder

    StudyFolder.create(scans, ["liver"])
    other = EditorLock(scans, "Bob")
    assert other.acquire()
    try:
        panel.choose_folder(scans)
        panel.wait_until(lambda: panel.workbench.rows)
        panel.open_next()
        assert panel.panel.annotate.editor.widget.readOnly
        button = panel.panel.annotate.ui.submitButton
        assert not button.enabled and "Bob" in button.toolTip
    finally:
        other.release()
