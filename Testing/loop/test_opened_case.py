"""Opening a case: what it goes on from, and what is said when a label no longer fits its scan."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support.drives import bad_sector
from support.predictions import predicted_run
from support.studies import GRID, SHAPE, label_of, tiny_study, without_the_right_to_write, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.draft_facts import read_draft_facts, save_draft
from DualSSLSegLib.loop.opened_case import open_case
from DualSSLSegLib.study.writing import CannotWrite


@pytest.fixture
def loop(tmp_path):
    return Controller(tiny_study(tmp_path / "s"))


def test_a_new_case_is_empty(loop):
    opened = open_case(loop, "a")
    assert (opened.id, opened.source, opened.label, opened.note, opened.run) == ("a", "empty", None, "", None)
    assert opened.volume.array.shape == (1, *SHAPE) and opened.grid.same_as(GRID)
    assert [structure.name for structure in opened.structures] == ["liver", "tumour"]


def test_the_newest_of_draft_and_revision_and_the_prediction_when_asked(loop):
    with pytest.raises(BadInput, match="no prediction"):
        open_case(loop, "a", correct_prediction=True)
    loop.label("a", label_of(1), author="Ada")
    assert open_case(loop, "a").source == "revision"
    run = predicted_run(loop.study, {"a": label_of(2)})
    opened = open_case(loop, "a", correct_prediction=True)
    assert (opened.source, opened.run) == ("prediction", run.id)
    assert np.array_equal(opened.label, label_of(2)) and np.array_equal(opened.began_as, label_of(2))
    assert open_case(loop, "a").source == "revision"
    save_draft(loop.study, "a", label_of(1, 2), GRID)
    opened = open_case(loop, "a")
    assert opened.source == "draft" and np.array_equal(opened.label, label_of(1, 2)) and opened.run is None
    opened = open_case(
        loop, "a", correct_prediction=True
    )  # unfinished work is not thrown away for a prediction
    assert opened.source == "draft" and "discard" in opened.note


def test_a_draft_remembers_the_prediction_it_began_as(loop):
    run = predicted_run(loop.study, {"a": label_of(2)})
    path = save_draft(loop.study, "a", label_of(2, 2), GRID, run=run.id)
    assert read_draft_facts(path).run == run.id
    opened = open_case(loop, "a")
    assert opened.run == run.id and np.array_equal(opened.began_as, label_of(2))
    loop.study.drafts.discard("a")
    assert read_draft_facts(path).run is None and open_case(loop, "a").source == "empty"


def test_an_image_of_another_size_is_shown_without_the_old_label_and_says_so(loop):
    loop.label("a", label_of(1), author="Ada")
    write_scan(loop.study.path / "a.nii.gz", 9, Grid((9, 7, 8), GRID.affine))
    opened = open_case(loop, "a")
    assert opened.source == "empty" and opened.volume.array.shape == (1, 9, 7, 8)
    assert "image has been replaced" in opened.note and "revision 1" in opened.note


def test_a_draft_on_a_replaced_image_is_put_aside_not_lost(loop):
    draft = save_draft(loop.study, "a", label_of(1), GRID)
    content = draft.read_bytes()
    write_scan(loop.study.path / "a.nii.gz", 9)  # of the same size: only the content tells
    opened = open_case(loop, "a")
    assert opened.source == "empty" and "image has been replaced" in opened.note
    (kept,) = (loop.study.layout.drafts / "aside").iterdir()
    assert kept.read_bytes() == content and str(kept) in opened.note
    assert {case.id: case.state for case in loop.study.status().cases}["a"] == "new"


def test_a_damaged_draft_does_not_keep_the_case_shut(loop):
    draft = save_draft(loop.study, "a", label_of(1), GRID)
    draft.write_bytes(draft.read_bytes()[:40])
    opened = open_case(loop, "a")
    assert opened.source == "empty" and "Unfinished work" in opened.note


@pytest.mark.parametrize("part", ["a.nii.gz", "a.json"])
def test_a_draft_that_cannot_be_read_for_a_moment_keeps_the_case_shut_and_stays(loop, part):
    loop.label("a", label_of(2), author="Ada")
    draft = save_draft(loop.study, "a", label_of(1), GRID)
    with (
        bad_sector(draft.with_name(part)),
        pytest.raises(BadInput, match=r"Input/output.*not opened") as caught,
    ):
        open_case(loop, "a")
    assert "open the case again" in caught.value.hint
    assert open_case(loop, "a").source == "draft" and not (draft.parent / "aside").exists()


def test_a_draft_that_does_not_fit_and_cannot_be_put_aside_keeps_the_case_shut(loop):
    draft = save_draft(loop.study, "a", label_of(1), GRID)
    content = draft.read_bytes()
    write_scan(loop.study.path / "a.nii.gz", 9)
    (draft.parent / "aside").touch()  # no folder can be made here
    with pytest.raises(BadInput, match=r"image has been replaced.*not opened") as caught:
        open_case(loop, "a")
    assert "move it away" in caught.value.hint and draft.read_bytes() == content
    (draft.parent / "aside").unlink()
    assert open_case(loop, "a").source == "empty"


def test_a_draft_that_does_not_fit_hides_no_case_of_a_study_that_can_only_be_looked_at(loop):
    draft = save_draft(loop.study, "a", label_of(1), GRID)
    write_scan(loop.study.path / "a.nii.gz", 9)
    with without_the_right_to_write(loop.study.path):
        opened = open_case(loop, "a")
    assert opened.source == "empty" and f"still there ({draft})" in opened.note and draft.exists()


def test_a_scan_that_cannot_be_read_is_named(loop):
    (loop.study.path / "b.nii.gz").write_bytes(b"no scan")
    with pytest.raises(BadInput) as caught:
        open_case(loop, "b")
    assert str(caught.value.path).endswith("b.nii.gz")


def test_a_study_that_was_moved_away_is_not_made_anew_by_a_draft(loop):
    loop.study.path.rename(loop.study.path.with_name("moved"))
    with pytest.raises(BadInput, match="cannot be reached"):
        save_draft(loop.study, "a", label_of(1), GRID)
    with pytest.raises(BadInput):
        loop.label("a", label_of(1), author="Ada")
    with pytest.raises(BadInput):
        loop.study.add_structure("bone")
    assert not loop.study.path.exists()


@pytest.mark.parametrize("made_here", [True, False])
def test_nothing_is_written_to_the_empty_folder_that_a_drive_leaves(loop, made_here):
    """Where the study itself is the drive, its folder stays, empty; the drive hides what lies there when it is back."""
    if not made_here:
        loop = Controller.open(loop.study.path)
    loop.study.cases()
    place, away = loop.study.path, loop.study.path.with_name("away")
    place.rename(away)
    place.mkdir()
    for write in (
        lambda: loop.study.update_review("a", lambda review: review.with_time("Ada", 5)),
        lambda: save_draft(loop.study, "a", label_of(1), GRID, image_digest="x"),
        lambda: loop.study.add_structure("bone"),
        lambda: loop.study.set_split(["a"], "test"),
        lambda: loop.study.add_revision("a", label_of(1), author="Ada", origin="manual"),
    ):
        with pytest.raises(BadInput) as refusal:
            write()
        assert refusal.value.hint and list(place.iterdir()) == []
    with pytest.raises(CannotWrite, match=r"cannot be reached: it holds no study\.json"):
        save_draft(loop.study, "a", label_of(1), GRID, image_digest="x")
    (place / ".dualsslseg").mkdir()  # of an earlier version, or of a worker that was at work
    with pytest.raises(CannotWrite, match="cannot be reached"):
        save_draft(loop.study, "a", label_of(1), GRID, image_digest="x")
    with pytest.raises(CannotWrite, match="cannot be reached"):
        loop.study.update_review("a", lambda review: review.with_time("Ada", 5))
    shutil.rmtree(place)
    away.rename(place)
    save_draft(loop.study, "a", label_of(1), GRID)
    assert loop.study.update_review("a", lambda review: review.with_time("Ada", 5)).seconds == {"Ada": 5}


def test_names_that_are_long_or_foreign(tmp_path):
    names = ("Müller Jörg 肝臓 01", "x" * 200)
    loop = Controller(tiny_study(tmp_path / "Öffentlich 研究", names))
    for name in names:
        save_draft(loop.study, name, label_of(1), GRID)
        assert open_case(loop, name).source == "draft"
        loop.label(name, label_of(1), author="Zoë")
        loop.study.drafts.discard(name)
        assert open_case(loop, name).source == "revision"
