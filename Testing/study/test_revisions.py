"""A label once committed is never lost, changed or mixed up; a wrong one changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import threading

import numpy as np
import pytest
from support.other_writers import write_with_itk
from support.studies import GRID, SHAPE, everything_in, label_of, tiny_study, write_label_file, write_scan

from DualSSLSegLib.errors import BadInput, ProtocolError, StudyBusy
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.reconciling import Reconciled


def test_every_label_becomes_a_revision_and_the_newest_is_published(tmp_path):
    study = tiny_study(tmp_path / "s")
    first = study.add_revision("a", label_of(1), author="Ada", origin="manual")
    file = write_label_file(tmp_path / "corrected.nrrd", 2, 4)
    second = study.add_revision("a", file, author="Bob", origin="corrected", run="20260101-train")
    assert [r.number for r in study.revisions("a")] == [1, 2]
    assert study.latest("a") == second and second.run == "20260101-train" and second.author == "Bob"
    assert np.array_equal(read_label(first.path, GRID, study.structures), label_of(1))
    final = tmp_path / "s" / "labels" / "final" / "a.nii.gz"
    assert final.read_bytes() == second.path.read_bytes()
    assert first.label_digest == file_digest([first.path])
    assert first.image_digest == file_digest([tmp_path / "s" / "a.nii.gz"])
    assert study.usable_label("a") == second and study.usable_label("b") is None
    assert study.revisions("b") == [] and study.latest("b") is None
    assert sorted(p.name for p in (tmp_path / "s").iterdir() if not p.name.startswith(".")) == [
        "a.nii.gz", "b.nii.gz", "c.nii.gz", "labels",
    ]  # fmt: skip


def test_whole_numbers_stored_as_floats_are_a_label(tmp_path):
    study = tiny_study(tmp_path / "s")
    write_with_itk(tmp_path / "float.mha", label_of(2).astype(np.float32), GRID)
    for source in (tmp_path / "float.mha", label_of(2).astype(np.float64), label_of(2) > 0):
        study.add_revision("a", source, author="Ada", origin="manual")
    assert len(study.revisions("a")) == 3


def _bad_labels(folder):
    with_nan = label_of().astype(np.float32)
    with_nan[0, 0, 0] = np.nan
    other_grid = Grid(
        SHAPE, GRID.affine @ np.array([[1, 0, 0, 3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    )
    write_with_itk(folder / "nan.nrrd", with_nan, GRID)
    write_label_file(folder / "moved.nii.gz", grid=other_grid)
    write_label_file(folder / "unknown.nii.gz", 9)
    write_label_file(folder / "cut.nii.gz")
    (folder / "cut.nii.gz").write_bytes((folder / "cut.nii.gz").read_bytes()[:60])
    (folder / "empty.nii.gz").write_bytes(b"")
    (folder / "text.txt").write_text("no label")
    files = [
        "nan.nrrd",
        "moved.nii.gz",
        "unknown.nii.gz",
        "cut.nii.gz",
        "empty.nii.gz",
        "text.txt",
        "none.nii.gz",
    ]
    arrays = [
        with_nan,
        label_of()[:-1],
        label_of(9),
        label_of() + 0.5,
        np.full(SHAPE, -1),
        np.full(SHAPE, "x"),
    ]
    return [*(folder / name for name in files), *arrays]


def test_a_wrong_label_is_refused_and_nothing_has_changed(tmp_path):
    study = tiny_study(tmp_path / "s")
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    before = everything_in(tmp_path / "s")
    for source in _bad_labels(tmp_path):
        with pytest.raises(BadInput) as caught:
            study.add_revision("a", source, author="Ada", origin="manual")
        assert caught.value.message
        if not isinstance(source, np.ndarray):
            with pytest.raises(BadInput):
                study.publish_prediction("a", source)
    with pytest.raises(BadInput, match="manual, corrected"):
        study.add_revision("a", label_of(), author="Ada", origin="guessed")
    with pytest.raises(BadInput, match="author"):
        study.add_revision("a", label_of(), author=" ", origin="manual")
    with pytest.raises(BadInput, match="no case"):
        study.add_revision("z", label_of(), author="Ada", origin="manual")
    assert everything_in(tmp_path / "s") == before


def test_a_label_without_its_commit_mark_is_no_revision_and_its_number_is_not_reused(tmp_path):
    study = tiny_study(tmp_path)
    first = study.add_revision("a", label_of(), author="Ada", origin="manual")
    torn = first.path.with_name("0002.nii.gz")
    torn.write_bytes(b"half a label")
    assert study.latest("a") == first
    assert study.add_revision("a", label_of(2), author="Ada", origin="manual").number == 3
    assert torn.read_bytes() == b"half a label", "its writer may still live on another machine"
    os.utime(torn, (1.0, 1.0))
    study.add_revision("a", label_of(2), author="Ada", origin="manual")
    assert not torn.exists()
    assert [r.number for r in study.revisions("a")] == [1, 3, 4]


def test_writers_at_the_same_time_get_numbers_of_their_own(tmp_path):
    tiny_study(tmp_path)
    studies = [StudyFolder.open(tmp_path) for _ in range(4)]
    numbers, errors = [], []

    def label(study, value):
        try:
            for _ in range(3):
                numbers.append(study.add_revision("a", label_of(value), author="x", origin="manual").number)
        except StudyBusy as error:  # pragma: no cover - only on a machine that stands still
            errors.append(error)

    threads = [threading.Thread(target=label, args=(s, 1 + n % 2)) for n, s in enumerate(studies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and sorted(numbers) == list(range(1, 13))
    for revision in studies[0].revisions("a"):
        assert file_digest([revision.path]) == revision.label_digest


def test_an_image_replaced_under_its_label_is_noticed(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    original = (tmp_path / "a.nii.gz").read_bytes()
    write_scan(tmp_path / "a.nii.gz", seed=77)
    with pytest.raises(BadInput, match="replaced since revision 1"):
        study.usable_label("a")
    (case,) = [c for c in study.status().cases if c.id == "a"]
    assert case.state == "failed" and "replaced" in case.problem and case.revisions == 1
    (tmp_path / "a.nii.gz").write_bytes(original)  # the same content, at another time
    assert study.usable_label("a").number == 1
    assert study.status().counts["failed"] == 0
    write_scan(tmp_path / "a.nii.gz", seed=77)
    assert study.add_revision("a", label_of(), author="Ada", origin="manual").number == 2
    assert study.usable_label("a").number == 2


def test_damaged_revisions_are_refused_by_name_not_passed_over(tmp_path):
    study = tiny_study(tmp_path)
    for value in (1, 2):
        revision = study.add_revision("a", label_of(value), author="Ada", origin="manual")
    mark = revision.path.with_name("0002.json")
    whole = mark.read_text(encoding="utf-8")
    label = revision.path.read_bytes()
    revision.path.write_bytes(label[:-9])
    with pytest.raises(BadInput, match="damaged"):
        study.usable_label("a")
    revision.path.unlink()
    assert "missing" in study.status().cases[0].problem
    revision.path.write_bytes(label)
    mark.write_text(whole[:50], encoding="utf-8")
    with pytest.raises(BadInput, match=r"0002\.json"):
        study.latest("a")
    assert study.status().cases[0].state == "failed" and study.status().counts["new"] == 2
    mark.write_text(json.dumps({**json.loads(whole), "v": 2}), encoding="utf-8")
    with pytest.raises(ProtocolError, match="newer version"):
        study.latest("a")


def _empty_mark(revision, final):
    revision.path.with_suffix("").with_suffix(".json").write_bytes(b"")


def _label_gone(revision, final):
    revision.path.unlink()
    final.unlink()


def _mark_of_the_older_one_gone_wrong(revision, final):
    revision.path.with_name("0001.json").write_text("{}")
    write_label_file(final, 2, 2)  # a copy of the damaged one, or somebody else's: nobody can tell


@pytest.mark.parametrize("damage", [_empty_mark, _label_gone, _mark_of_the_older_one_gone_wrong])
def test_a_damaged_revision_is_named_and_stops_no_other_case(tmp_path, damage):
    study = tiny_study(tmp_path)
    final = tmp_path / "labels" / "final"
    for case in "aab":
        revision = study.add_revision(case, label_of(1), author="Ada", origin="manual")
    damage(study.latest("a"), final / "a.nii.gz")
    (final / "b.nii.gz").unlink()
    write_label_file(final / "c.nii.gz", 2)
    before = everything_in(tmp_path)
    result = study.reconcile()
    (problem,) = result.problems
    assert problem.cases == ("a",) and problem.path.parent.name == "a"
    assert "Put it back from a backup, or label the case again." in problem.reason
    assert result.published == ("b",) and [r.case for r in result.imported] == ["c"]
    assert study.reconcile().problems == result.problems and study.latest("b") == revision

    assert study.add_revision("a", label_of(2), author="Ada", origin="manual").trains
    assert study.reconcile() == Reconciled() and study.usable_label("a").author == "Ada"
    after = everything_in(tmp_path)
    kept = [content for name, content in after.items() if name.startswith(".dualsslseg/labels/a/")]
    assert all(content in kept for name, content in before.items() if "/a" in name and "labels" in name)


def test_a_label_of_another_program_is_kept_where_the_revision_before_it_is_gone(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(1), author="Ada", origin="manual").path.unlink()
    write_label_file(tmp_path / "labels" / "final" / "a.nii.gz", 2)
    assert [r.number for r in study.reconcile().imported] == [2]


def test_a_moved_study_keeps_its_labels(tmp_path):
    study = tiny_study(tmp_path / "here")
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    shutil.copytree(tmp_path / "here", tmp_path / "there", copy_function=shutil.copyfile)
    moved = StudyFolder.open(tmp_path / "there")
    assert moved.usable_label("a").number == 1
    assert moved.status().counts["labelled"] == 1
    assert moved.reconcile() == Reconciled()


def test_a_scan_that_vanishes_while_it_is_looked_at_is_named(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    study.cases()
    (tmp_path / "a.nii.gz").unlink()
    for use in (lambda: study.usable_label("a"), lambda: study.image_digest("a")):
        with pytest.raises(BadInput, match=r"a\.nii\.gz: this scan cannot be opened"):
            use()
