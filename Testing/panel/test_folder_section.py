"""Segmenting a folder of scans from the panel; the worker's words are written into the journal by the test."""

from __future__ import annotations

import pytest
from support.benches import ToldWorkers
from support.predictions import tell
from support.studies import label_of, write_label_file, write_scan

pytestmark = pytest.mark.panel


@pytest.fixture
def folder(panel, tmp_path):
    """The section, unfolded; three scans and a model file lie ready."""
    for name in ("a", "b", "c"):
        write_scan(tmp_path / "Ärzte & Co" / f"{name}.nii.gz")
    (tmp_path / "model.pt").write_bytes(b"networks")
    panel.workbench.launcher = ToldWorkers()
    section = next(section for section in panel.panel.sections if hasattr(section.ui, "segmentButton"))
    section.ui.folderSection.collapsed = False
    return section


@pytest.fixture
def segmenting(panel, folder, tmp_path):
    """a is done, b could not be read, c is to come."""
    folder.ui.scansEdit.currentPath = str(tmp_path / "Ärzte & Co")
    folder.ui.modelEdit.currentPath = str(tmp_path / "model.pt")
    panel.click(folder.ui.segmentButton)
    panel.wait_until(lambda: panel.workbench.folder_rows)
    output = tmp_path / "Ärzte & Co segmented"
    write_label_file(output / "a.nii.gz", 1)
    tell(
        panel.workbench.folder_run,
        {"type": "phase", "name": "segment", "total": 3},
        {"type": "predicted", "case": "a"},
        {
            "type": "warning",
            "code": "bad_scan",
            "case": "b",
            "text": "b was not segmented: the file ends early.",
        },
        {"type": "progress", "step": 2, "total": 3},
    )
    panel.wait_until(lambda: "failed" in folder.ui.batchSummary.text)
    return folder


def cells(model) -> list[tuple[str, str]]:
    return [(model.data(model.index(r, 0)), model.data(model.index(r, 1))) for r in range(model.rowCount())]


def test_the_button_asks_for_one_thing_after_the_other(panel, folder, tmp_path):
    ui = folder.ui
    assert ui.modelCombo.currentIndex == 1 and not ui.modelEdit.isHidden()  # no study is open
    reasons = [ui.segmentButton.toolTip]
    ui.scansEdit.currentPath = str(tmp_path / "Ärzte & Co")
    assert ui.outputEdit.currentPath == str(tmp_path / "Ärzte & Co segmented")
    reasons.append(ui.segmentButton.toolTip)
    ui.modelCombo.setCurrentIndex(0)
    assert ui.modelEdit.isHidden()
    reasons.append(ui.segmentButton.toolTip)
    assert ["scans" in reasons[0], "model file" in reasons[1], "No study" in reasons[2]] == [True] * 3
    ui.modelCombo.setCurrentIndex(1)
    ui.modelEdit.currentPath = str(tmp_path / "model.pt")
    assert ui.segmentButton.enabled and folder.run_view.part.isHidden()


def test_a_place_that_was_chosen_is_not_replaced_by_a_suggestion(folder, tmp_path):
    folder.ui.scansEdit.currentPath = str(tmp_path / "one")
    assert folder.ui.outputEdit.currentPath == str(tmp_path / "one segmented")
    folder.ui.scansEdit.currentPath = str(tmp_path / "two")
    assert folder.ui.outputEdit.currentPath == str(tmp_path / "two segmented")
    folder.ui.outputEdit.currentPath = str(tmp_path / "mine")
    folder.ui.scansEdit.currentPath = str(tmp_path / "three")
    assert folder.ui.outputEdit.currentPath == str(tmp_path / "mine")


def test_progress_scan_by_scan_and_bad_ones_by_name(panel, segmenting):
    assert cells(segmenting.model) == [("b", "failed"), ("a", "done"), ("c", "to come")]
    lines = segmenting.ui.batchSummary.text.splitlines()
    assert lines == [
        "1 done, 1 failed, 1 to come of 3 scans",
        "✗ b was not segmented: the file ends early.",
    ]
    assert segmenting.run_view.text("Warnings") == ""  # not a second time
    assert segmenting.run_view.progress.value == 667
    assert not segmenting.ui.segmentButton.enabled
    assert segmenting.ui.segmentButton.toolTip == "A folder is being segmented."


def test_a_result_is_opened_by_its_row(panel, segmenting):
    ui = segmenting.ui
    assert not ui.openResultButton.enabled and "Choose a scan" in ui.openResultButton.toolTip
    ui.batchTable.selectRow(0)
    assert not ui.openResultButton.enabled and "no result" in ui.openResultButton.toolTip
    ui.batchTable.doubleClicked.emit(segmenting.model.index(0, 0))
    assert panel.workbench.opened is None and not panel.workbench.busy
    ui.batchTable.doubleClicked.emit(segmenting.model.index(1, 0))
    panel.wait_until(lambda: panel.workbench.opened is not None)
    assert panel.workbench.opened.id == "a" and (panel.workbench.case_scene.label() == label_of(1)).all()


def test_the_chosen_row_stays_chosen_while_results_come(panel, segmenting):
    ui = segmenting.ui
    ui.batchTable.selectRow(1)
    panel.click(ui.openResultButton)
    panel.wait_until(lambda: panel.workbench.opened is not None)
    tell(panel.workbench.folder_run, {"type": "warning", "code": "bad_scan", "case": "c", "text": "cut"})
    panel.wait_until(lambda: cells(segmenting.model)[1] == ("c", "failed"))
    assert ui.batchTable.currentIndex().row() == 2 and ui.openResultButton.enabled  # still a


def test_stop_and_resume(panel, segmenting):
    ui, run = segmenting.ui, panel.workbench.folder_run
    panel.click(ui.stopFolderButton)
    panel.wait_until(lambda: not ui.stopFolderButton.enabled)
    tell(run, {"type": "stopped"})
    panel.wait_until(lambda: ui.resumeFolderButton.enabled)
    panel.click(ui.resumeFolderButton)
    panel.wait_until(lambda: len(panel.workbench.launcher.launched) == 2)
    tell(run, {"type": "skipped", "case": "a"}, {"type": "predicted", "case": "c"})
    tell(run, {"type": "finished", "segmented": 1, "skipped": 1, "failed": {"b": "cut"}})
    panel.wait_until(lambda: segmenting.run_view.text("Status") == "Finished")
    assert "1 done, 1 done before, 1 failed of 3 scans" in ui.batchSummary.text
    assert segmenting.run_view.text("Detail") == "1 segmented, 1 were done before, 1 failed."


def test_earlier_results_are_found_when_their_folder_is_chosen(panel, segmenting, tmp_path):
    ui, run = segmenting.ui, panel.workbench.folder_run
    tell(run, {"type": "predicted", "case": "c"}, {"type": "finished", "segmented": 2})
    panel.wait_until(lambda: segmenting.run_view.text("Status") == "Finished")
    (tmp_path / "elsewhere").mkdir()
    ui.outputEdit.currentPath = str(tmp_path / "elsewhere")
    panel.wait_until(lambda: segmenting.run_view.part.isHidden())
    ui.outputEdit.currentPath = str(tmp_path / "Ärzte & Co segmented")
    panel.wait_until(lambda: len(cells(segmenting.model)) == 3)
    assert panel.workbench.folder_run == run


def test_the_summary_names_a_few_failures_and_counts_the_rest(slicer_host):
    from DualSSLSegLib.loop.folder_results import FolderRow
    from DualSSLSegLib.panel.folder_table_model import summary_words

    rows = [FolderRow(f"s{n}", "failed", "cut") for n in range(5)]
    words = summary_words(rows).splitlines()
    assert words[0] == "5 failed of 5 scans" and len(words) == 5 and words[-1] == "and 2 more, see the table"
    assert summary_words([]) == ""
