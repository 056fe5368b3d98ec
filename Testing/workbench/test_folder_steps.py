"""Segmenting a folder without a study, and looking at a result."""

from __future__ import annotations

import pytest
from support.benches import Clock, ToldWorkers, paint
from support.predictions import tell
from support.studies import label_of, write_label_file, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.background import Inline
from DualSSLSegLib.workbench.workbench import Workbench

pytestmark = pytest.mark.panel


@pytest.fixture
def started(tmp_path):
    """Three scans are being segmented."""
    for name in ("a", "b", "c"):
        write_scan(tmp_path / "in" / f"{name}.nii.gz")
    (tmp_path / "model.pt").write_bytes(b"networks")
    workbench = Workbench(Inline(), author="Ada", launcher=ToldWorkers())
    workbench.clock = Clock()
    workbench.segment_folder(tmp_path / "model.pt", tmp_path / "in", tmp_path / "out", device="cpu")
    return workbench


def look(workbench):
    workbench.clock.now += 1
    workbench.poll()


def test_a_folder_from_start_to_a_result_on_screen(started, tmp_path):
    assert [(row.name, row.state) for row in started.folder_rows] == [(name, "waiting") for name in "abc"]
    assert started.why_not("segment_folder") and not started.why_not("stop_folder")
    write_label_file(tmp_path / "out" / "a.nii.gz", 1)
    tell(
        started.folder_run,
        {"type": "phase", "name": "segment", "total": 3},
        {"type": "predicted", "case": "a"},
    )
    tell(started.folder_run, {"type": "progress", "step": 1, "total": 3})
    tell(
        started.folder_run,
        {"type": "warning", "code": "bad_scan", "case": "b", "text": "b was not segmented: cut."},
    )
    look(started)
    assert [row.state for row in started.folder_rows] == ["done", "failed", "waiting"]
    assert started.folder_words.detail == "Scan 1 of 3"
    with pytest.raises(BadInput, match="no result"):
        started.open_result("c")
    started.open_result("a")
    assert (
        started.case is None
        and started.opened.id == "a"
        and (started.case_scene.label() == label_of(1)).all()
    )
    assert "no study" in started.why_not("submit") or "study" in started.why_not("submit")
    tell(started.folder_run, {"type": "finished", "segmented": 1, "skipped": 0, "failed": {"b": "cut"}})
    look(started)
    assert started.folder_words.status == "Finished" and started.why_not("stop_folder")


def test_strokes_on_a_result_are_not_lost_by_the_next_click(started, tmp_path):
    for name in ("a", "b"):
        write_label_file(tmp_path / "out" / f"{name}.nii.gz", 1)
    tell(started.folder_run, {"type": "predicted", "case": "a"}, {"type": "predicted", "case": "b"})
    look(started)
    started.open_result("a")
    started.structures = started.opened.structures
    paint(started, label_of(1, 2))
    with pytest.raises(BadInput, match="cannot be kept here"):
        started.open_result("b")
    started.discard_draft()
    started.open_result("b")
    assert started.opened.id == "b"


def test_a_corrected_result_never_takes_the_place_of_a_scan(started, tmp_path):
    write_label_file(tmp_path / "out" / "a.nii.gz", 1)
    tell(started.folder_run, {"type": "predicted", "case": "a"})
    look(started)
    started.open_result("a")
    started.find_folder_run(tmp_path)  # no segmentation is shown any more
    scan = (tmp_path / "in" / "a.nii.gz").read_bytes()
    with pytest.raises(BadInput, match="is a scan"):
        started.save_label_as(tmp_path / "in" / "a.nii.gz")
    started.find_folder_run(tmp_path / "out")
    with pytest.raises(BadInput, match="is a scan"):
        started.save_label_as(tmp_path / "in" / "b.nii.gz")
    assert (tmp_path / "in" / "a.nii.gz").read_bytes() == scan
    started.save_label_as(tmp_path / "in" / "a label.nii.gz")
    assert (tmp_path / "in" / "a label.nii.gz").is_file()


def test_stopped_and_resumed_and_found_again(started, tmp_path):
    run = started.folder_run
    started.stop_folder()
    tell(run, {"type": "stopped"})
    look(started)
    assert started.folder_words.can_resume
    again = Workbench(Inline(), author="Ada", launcher=ToldWorkers())
    again.find_folder_run(tmp_path / "out")
    assert again.folder_run == run and again.folder_words.status.startswith("Stopped")
    again.resume_folder()
    assert again.launcher.launched == [run] and again.folder_state.active
    again.find_folder_run(tmp_path / "in")
    assert again.folder_run is None and again.folder_rows == []


def test_a_wrong_model_or_folder_is_refused(started, tmp_path):
    tell(started.folder_run, {"type": "finished"})
    look(started)
    with pytest.raises(BadInput, match="no such model"):
        started.segment_folder(tmp_path / "no.pt", tmp_path / "in", tmp_path / "out2")
    with pytest.raises(BadInput, match="among the scans"):
        started.segment_folder(tmp_path / "model.pt", tmp_path / "in", tmp_path / "in")
