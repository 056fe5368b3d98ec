"""No stroke is lost, whatever happens to the case, the scene, the study or the program."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support.benches import bench, draw, paint
from support.studies import GRID, everything_in, label_of, tiny_study, without_the_right_to_write

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.model import Structure
from DualSSLSegLib.study.writing import CannotWrite

pytestmark = pytest.mark.panel


def draft(folder, case):
    study = StudyFolder.open(folder)
    return read_label(study.drafts.path(case), GRID, study.structures)


@pytest.fixture
def at_work(tmp_path):
    """Case a is open and something is drawn on it."""
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of(2))
    return workbench


def test_strokes_are_kept_after_a_minute_and_only_once(at_work, tmp_path):
    at_work.poll()
    assert not list(at_work.controller.study.drafts.ids())
    at_work.clock.now += 61
    at_work.poll()
    assert np.array_equal(draft(tmp_path / "s", "a"), label_of(2)) and not at_work.changed
    written = at_work.controller.study.drafts.path("a").stat().st_mtime_ns
    at_work.clock.now += 61
    at_work.poll()
    assert at_work.controller.study.drafts.path("a").stat().st_mtime_ns == written
    paint(at_work, label_of(1))
    assert at_work.changed
    at_work.clock.now += 61
    at_work.poll()
    assert np.array_equal(draft(tmp_path / "s", "a"), label_of(1))


@pytest.mark.parametrize(
    "leave",
    ["other case", "leave", "close study", "other study", "quit", "scene", "scene without a word", "button"],
)
def test_every_way_of_leaving_keeps_the_strokes(at_work, tmp_path, leave):
    tiny_study(tmp_path / "other")
    {
        "other case": lambda: at_work.open_case("b"),
        "leave": at_work.leave_case,
        "close study": at_work.close_study,
        "other study": lambda: at_work.open_study(tmp_path / "other"),
        "quit": at_work.close,
        "scene": lambda: (at_work.scene_closing(), close_scene(), at_work.scene_closed()),
        "scene without a word": lambda: (close_scene(), at_work.scene_closed()),
        "button": at_work.save_draft,
    }[leave]()
    assert np.array_equal(draft(tmp_path / "s", "a"), label_of(2))
    if leave.startswith("scene"):
        assert at_work.case is None and at_work.study_path == tmp_path / "s"
    again = bench(tmp_path / "s") if leave in ("close study", "other study", "quit") else at_work
    again.open_case("a")
    assert again.opened.source == "draft" and np.array_equal(again.case_scene.label(), label_of(2))


def close_scene():
    import slicer

    slicer.mrmlScene.Clear(0)


def test_a_draft_is_discarded_only_when_asked(at_work):
    at_work.save_draft()
    at_work.discard_draft()
    assert at_work.controller.study.drafts.ids() == set() and at_work.opened.source == "empty"
    assert not at_work.case_scene.label().any() and not at_work.changed


def test_a_label_that_cannot_be_written_stays_on_screen_and_becomes_a_draft(at_work, monkeypatch, tmp_path):
    def full(*_, **__):
        raise CannotWrite("the disk is full; nothing was changed.", hint="Free some space and try again.")

    monkeypatch.setattr(at_work.controller, "label", full)
    with pytest.raises(CannotWrite):
        at_work.submit()
    assert (
        at_work.case == "a"
        and "unfinished work" in at_work.message.text
        and "disk is full" in at_work.message.text
    )
    assert at_work.message.kind == "error" and at_work.message.hint.startswith("Free some space")
    assert np.array_equal(draft(tmp_path / "s", "a"), label_of(2))
    assert np.array_equal(at_work.case_scene.label(), label_of(2))
    monkeypatch.undo()
    at_work.submit(then_next=False)
    assert at_work.controller.study.latest("a").number == 1 and at_work.controller.study.drafts.ids() == set()


def test_a_study_that_cannot_be_written_any_more_keeps_the_label_on_screen(at_work, tmp_path):
    with without_the_right_to_write(tmp_path / "s"):
        with pytest.raises(BadInput, match="read-only"):
            at_work.submit()
        assert "another place" in at_work.message.hint and at_work.changed
        with pytest.raises(BadInput):
            at_work.leave_case()  # not left without a draft
        assert at_work.case == "a" and at_work.changed
    at_work.submit(then_next=False)
    assert at_work.controller.study.latest("a").number == 1


def test_quitting_with_the_study_out_of_reach_writes_the_label_elsewhere(at_work, tmp_path):
    shutil.move(tmp_path / "s", tmp_path / "unplugged")
    (tmp_path / "s").write_text("no folder")  # so that it cannot be made anew
    at_work.close()
    (kept,) = (tmp_path / "rescued").iterdir()
    assert kept.name.startswith("s a ") and str(kept) in at_work.message.text
    structures = StudyFolder.open(tmp_path / "unplugged").structures
    assert np.array_equal(read_label(kept, GRID, structures), label_of(2))


@pytest.mark.parametrize("letter", ["ä", "e", "字"])
@pytest.mark.parametrize(("study", "case"), [(100, 220), (250, 220), (250, 20), (20, 225)])
def test_the_label_of_a_long_name_is_written_elsewhere_too(tmp_path, letter, study, case):
    def long(name, size):
        return f"{name} {letter * ((size - 8) // len(letter.encode()))} 0007"

    folder, scan = tmp_path / long("s", study), long("T1", case)
    workbench = bench(folder, cases=(scan, "b"))
    workbench.open_case(scan)
    paint(workbench, label_of(2))
    shutil.move(folder, tmp_path / "unplugged")
    folder.write_text("no folder")
    workbench.close()
    (kept,) = (tmp_path / "rescued").iterdir()
    name = kept.name
    assert str(kept) in workbench.message.text and scan in workbench.message.text
    assert name.startswith("s ") and " T1 " in name and "0007 20" in name
    assert len(f"{name} (99).seg.nrrd".encode()) <= 255 and "\ufffd" not in name
    structures = StudyFolder.open(tmp_path / "unplugged").structures
    assert np.array_equal(read_label(kept, GRID, structures), label_of(2))


def test_a_study_for_looking_only_lets_nobody_leave_with_strokes_unkept(tmp_path):
    first = bench(tmp_path / "s", author="Bob")
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of())
    workbench.clock.now += 100
    workbench.poll()  # no autosave, no error
    with pytest.raises(BadInput, match="cannot be kept here"):
        workbench.open_case("b")
    assert workbench.case == "a"
    workbench.save_label_as(tmp_path / "mine.nii.gz")
    workbench.open_case("b")
    assert workbench.case == "b" and first.controller.study.drafts.ids() == set()


def test_a_copy_for_somebody_else_is_no_substitute_for_the_studys_own(at_work, tmp_path):
    at_work.save_label_as(tmp_path / "copy.nii.gz")
    assert (tmp_path / "copy.nii.gz").is_file() and at_work.changed
    at_work.leave_case()
    assert np.array_equal(draft(tmp_path / "s", "a"), label_of(2))


@pytest.mark.parametrize("place", ["a.nii.gz", "c.nii.gz", "a label.nii.gz", "labels/final/a.nii.gz"])
def test_a_copy_never_takes_the_place_of_a_scan_or_of_a_label_in_force(at_work, tmp_path, place):
    at_work.controller.study.add_revision("a", label_of(1), author="Ada", origin="manual")
    before = everything_in(tmp_path / "s")
    with pytest.raises(BadInput):
        at_work.save_label_as(tmp_path / "s" / place)
    assert everything_in(tmp_path / "s") == before and at_work.changed


def test_a_refused_place_leaves_the_label_unsaved_where_only_a_copy_can_keep_it(tmp_path):
    first = bench(tmp_path / "s", author="Bob")
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of())
    scan = (tmp_path / "s" / "a.nii.gz").read_bytes()
    with pytest.raises(BadInput, match="is a scan"):
        workbench.save_label_as(tmp_path / "s" / "a.nii.gz")
    assert (tmp_path / "s" / "a.nii.gz").read_bytes() == scan and workbench.changed
    first.close()


def test_saving_elsewhere_that_fails_leaves_the_label_unsaved(at_work, tmp_path):
    with pytest.raises(BadInput):
        at_work.save_label_as(tmp_path / "label.xyz")
    assert at_work.changed


def test_nodes_that_the_user_deletes_close_the_case_and_lose_nothing(at_work, tmp_path):
    import slicer

    slicer.mrmlScene.RemoveNode(at_work.case_scene.volume_node)
    at_work.poll()
    assert at_work.case is None and "deleted" in at_work.message.text and "kept" in at_work.message.text
    assert np.array_equal(draft(tmp_path / "s", "a"), label_of(2))
    at_work.open_case("b")
    assert at_work.case == "b"


def test_time_on_a_case_that_is_left_is_kept(at_work):
    at_work.clock.now += 20
    at_work.leave_case()
    assert at_work.controller.study.review("a").seconds == {"Ada": 20.0}


def test_segments_that_are_no_structures_are_kept_when_the_scene_closes(at_work, tmp_path):
    segmentation = at_work.case_scene.segmentation_node.GetSegmentation()
    stranger = segmentation.AddEmptySegment("", "spleen")
    mask = np.zeros(label_of().shape, bool)
    mask[-1, -2:, -1] = True
    draw(at_work, stranger, mask)
    with pytest.raises(BadInput, match="spleen"):
        at_work.leave_case()
    assert at_work.case == "a"
    at_work.scene_closing()
    close_scene()
    at_work.scene_closed()
    (kept,) = (tmp_path / "rescued").iterdir()
    assert str(kept) in at_work.message.text and "spleen" in at_work.message.text
    structures = [*StudyFolder.open(tmp_path / "s").structures, Structure("spleen", 7, "#000000")]
    found = read_label(kept, GRID, structures)
    assert (found == np.where(mask, 7, label_of(2))).all()
