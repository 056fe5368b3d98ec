"""Section Study: a folder becomes a study, is remembered, and its structures are changed."""

from __future__ import annotations

import shutil

import pytest
from support.studies import tiny_study, write_label_file, write_scan

pytestmark = pytest.mark.panel


def names(workbench) -> list[str]:
    return [structure.name for structure in workbench.structures]


def test_a_folder_of_scans_becomes_a_study(panel, scans):
    ui, workbench = panel.panel.study.ui, panel.workbench
    assert ui.openStudyArea.isHidden() and ui.newStudyArea.isHidden() and ui.reopenButton.isHidden()
    assert not ui.recentButton.enabled and "No study" in ui.recentButton.toolTip
    panel.choose_folder(scans)
    assert not ui.newStudyArea.isHidden() and ui.folderEdit.text == str(scans)
    assert not ui.createButton.enabled and "Type the name" in ui.createButton.toolTip
    ui.namesEdit.text = " liver, tumour ,"
    panel.click(ui.createButton)
    panel.wait_until(lambda: workbench.rows)
    assert names(workbench) == ["liver", "tumour"]
    assert ui.newStudyArea.isHidden() and not ui.openStudyArea.isHidden()
    shown = [row.id for row in panel.panel.study.cases.model.rows]
    assert shown == ["scan_1", "scan_2", "scan_10", "scan_11"]
    assert ui.countsLabel.text == "4 new"
    assert ui.structuresBox.title == "Structures: liver, tumour"


def test_a_study_opens_at_once_and_is_remembered(panel, tmp_path):
    ui, workbench = panel.panel.study.ui, panel.workbench
    for name in ("first", "second"):
        tiny_study(tmp_path / name)
        panel.choose_folder(tmp_path / name)
        panel.wait_until(lambda name=name: workbench.study_path == tmp_path / name)
    assert ui.newStudyArea.isHidden()
    recent = panel.panel.study.recent_actions
    assert [action.text for action in recent] == [str(tmp_path / "second"), str(tmp_path / "first")]
    recent[1].trigger()
    panel.wait_until(lambda: workbench.study_path == tmp_path / "first")
    workbench.close_study()
    panel.wait_until(lambda: workbench.study_path is None)
    assert ui.reopenButton.text == "Open first again"
    panel.click(ui.reopenButton)
    panel.wait_until(lambda: workbench.study_path == tmp_path / "first")


def test_a_remembered_study_that_is_gone_is_said(panel, tmp_path):
    study = tiny_study(tmp_path / "study")
    panel.choose_folder(study.path)
    panel.wait_until(lambda: panel.workbench.study_path is not None)
    panel.workbench.close_study()
    panel.wait_until(lambda: panel.workbench.study_path is None)
    shutil.rmtree(study.path)
    panel.click(panel.panel.study.ui.reopenButton)
    panel.wait_until(panel.said)
    assert str(study.path) in panel.said()[-1]
    assert panel.panel.study.ui.newStudyArea.isHidden()
    assert not panel.panel.study.ui.reopenButton.isHidden()  # it may be on a drive that comes back


def test_a_folder_of_monai_label_opens_by_itself(panel, tmp_path):
    folder = tmp_path / "monai"
    write_scan(folder / "a.nii.gz")
    write_scan(folder / "b.nii.gz", 1)
    write_label_file(folder / "labels" / "final" / "a.nii.gz")
    (folder / "datastore_v2.json").write_text(
        '{"objects": {"a": {"image": {"ext": ".nii.gz"}, "labels": {"final": {"ext": ".nii.gz", "info": '
        '{"label_info": [{"name": "liver", "idx": 1}]}}}}, "b": {"image": {"ext": ".nii.gz"}, "labels": {}}}}'
    )
    panel.choose_folder(folder)
    panel.wait_until(lambda: panel.workbench.rows)
    assert names(panel.workbench) == ["liver"]
    assert {row.id: row.state for row in panel.workbench.rows} == {"a": "labelled", "b": "new"}


def test_a_folder_without_scans_is_refused_with_words(panel, tmp_path):
    (tmp_path / "empty").mkdir()
    panel.choose_folder(tmp_path / "empty")
    panel.press_enter(panel.panel.study.ui.namesEdit, "liver")
    panel.wait_until(panel.said)
    assert "no scans were found" in panel.said()[0].lower()
    assert not panel.panel.study.ui.newStudyArea.isHidden()  # another name or folder can be tried


def test_structures_are_added_renamed_recoloured_and_coded(panel, scans):
    from host import dialogs

    panel.new_study(scans, "liver")
    section, workbench = panel.panel.study, panel.workbench
    section.ui.structuresBox.collapsed = False
    assert not section.ui.addButton.enabled and "Type the name" in section.ui.addButton.toolTip
    assert "not removed" in section.ui.structuresTable.toolTip
    panel.press_enter(section.ui.newStructureEdit, "tumor")
    panel.wait_until(lambda: names(workbench) == ["liver", "tumor"])
    section.ui.structuresTable.item(1, 1).setText("tumour")
    panel.wait_until(lambda: names(workbench) == ["liver", "tumour"])
    section.ui.structuresTable.item(1, 1).setText("Liver")
    panel.wait_until(panel.said)
    assert names(workbench) == ["liver", "tumour"]
    assert section.ui.structuresTable.item(1, 1).text() == "tumour"
    dialogs.answer("colour", "#123456")
    panel.click(section.structures.color_buttons[1])
    panel.wait_until(lambda: workbench.structures[1].color == "#123456")
    panel.click(section.structures.code_buttons[0])
    dialog = section.structures._dialog
    assert not dialog.ok_button.enabled and "need" in dialog.ok_button.toolTip
    dialog.edits["type", "meaning"].text = "Liver"
    dialog.edits["type", "value"].text = "10200004"
    panel.click(dialog.ok_button)
    panel.wait_until(lambda: workbench.structures[0].codes)
    assert workbench.structures[0].codes["type"] == {
        "scheme": "SCT", "value": "10200004", "meaning": "Liver",
    }  # fmt: skip
    assert "region" not in workbench.structures[0].codes
    assert section.structures.code_buttons[0].text == "Liver"


def test_a_code_is_picked_from_the_lists_of_slicer(panel, scans):
    import slicer

    panel.new_study(scans, "my liver")
    section, workbench = panel.panel.study, panel.workbench
    section.ui.structuresBox.collapsed = False
    panel.click(section.structures.code_buttons[0])
    dialog = section.structures._dialog
    panel.click(dialog.pick_button)
    picker = dialog._picker
    assert not picker.ok_button.enabled and "Choose a category" in picker.ok_button.toolTip
    entry = slicer.vtkSlicerTerminologyEntry()
    category, kind = entry.GetCategoryObject(), entry.GetTypeObject()
    for code, value in ((category, "123037004"), (kind, "10200004")):
        code.SetCodingSchemeDesignator("SCT")
        code.SetCodeValue(value)
    assert picker.navigator.setTerminologyEntry(entry)
    panel.click(picker.ok_button)
    assert dialog.edits["type", "value"].text == "10200004"
    panel.click(dialog.ok_button)
    panel.wait_until(lambda: workbench.structures[0].codes)
    assert workbench.structures[0].codes["type"] == {"scheme": "SCT", "value": "10200004", "meaning": "Liver"}
    assert section.structures.code_buttons[0].text == "Liver"


def test_what_cannot_be_used_is_listed(panel, scans):
    (scans / "broken.nii.gz").write_bytes(b"not a scan")
    panel.new_study(scans, "liver")
    ui = panel.panel.study.ui
    assert ui.problemsBox.isHidden()
    panel.workbench.open_case("broken")
    panel.wait_until(panel.said)
    (scans / "scan_1.nrrd").write_bytes((scans / "scan_1.nii.gz").read_bytes())
    panel.click(ui.refreshButton)

    def listed() -> str:
        return "\n".join(ui.problemsList.item(row).text() for row in range(ui.problemsList.count))

    panel.wait_until(lambda: "scan_1" in listed() and "broken.nii.gz" in listed())
    assert not ui.problemsBox.isHidden()
    assert "failed" in ui.countsLabel.text


def test_a_second_slicer_may_look_and_not_change(panel, scans):
    from DualSSLSegLib.loop.editor_lock import EditorLock

    panel.new_study(scans, "liver")
    panel.workbench.close_study()
    panel.wait_until(lambda: panel.workbench.study_path is None)
    other = EditorLock(scans, "Bob")
    assert other.acquire()
    panel.choose_folder(scans)
    panel.wait_until(lambda: panel.workbench.rows)
    ui = panel.panel.study.ui
    assert "Bob" in ui.readOnlyLabel.text and not ui.readOnlyLabel.isHidden()
    assert not ui.newStructureEdit.enabled and "Bob" in ui.addButton.toolTip
    other.release()
