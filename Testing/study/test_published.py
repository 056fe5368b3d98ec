"""labels/final belongs to others too: what they wrote is kept before anything of ours takes its place."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support.studies import (
    GRID,
    everything_in,
    label_of,
    tiny_study,
    without_the_right_to_write,
    write_label_file,
    write_scan,
)

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import digest
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.reconciling import Reconciled


def _shown(study, path):
    return read_label(path, GRID, study.structures)


def test_a_label_of_another_program_is_kept_as_imported_first(tmp_path):
    study = tiny_study(tmp_path)
    final = write_label_file(tmp_path / "labels" / "final" / "a.nii.gz", 2, 4)
    waiting = study.status().cases[0]
    assert (waiting.id, waiting.state, waiting.pending) == ("a", "labelled", True)
    ours = study.add_revision("a", label_of(1), author="Ada", origin="manual")
    kept = study.revisions("a")
    assert [r.origin for r in kept] == ["imported", "manual"]
    assert np.array_equal(_shown(study, kept[0].path), label_of(2, 4))
    assert final.read_bytes() == ours.path.read_bytes()


def test_reconcile_imports_what_others_wrote_and_leaves_it_in_force(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(1), author="Ada", origin="manual")
    theirs = write_label_file(tmp_path / "labels" / "final" / "a.nii.gz", 2, 4).read_bytes()
    other = write_label_file(tmp_path / "labels" / "final" / "b.nrrd", 1, 2).read_bytes()
    steps = []
    result = study.reconcile(lambda done, of: steps.append((done, of)))
    assert [(r.case, r.number, r.origin) for r in result.imported] == [
        ("a", 2, "imported"),
        ("b", 1, "imported"),
    ]
    assert steps == [(0, 2), (1, 2), (2, 2)] and result.problems == ()
    assert (tmp_path / "labels" / "final" / "a.nii.gz").read_bytes() == theirs
    assert (tmp_path / "labels" / "final" / "b.nrrd").read_bytes() == other
    assert study.reconcile().imported == ()
    assert [c.pending for c in study.status().cases] == [False] * 3


def test_our_next_label_moves_a_foreign_format_aside_so_that_one_label_is_in_force(tmp_path):
    study = tiny_study(tmp_path)
    content = write_label_file(tmp_path / "labels" / "final" / "b.nrrd", 1, 2).read_bytes()
    study.reconcile()
    revision = study.add_revision("b", label_of(2), author="Ada", origin="corrected")
    assert [p.name for p in (tmp_path / "labels" / "final").iterdir()] == ["b.nii.gz"]
    assert revision.path.with_name("0002.source.nrrd").read_bytes() == content
    assert study.reconcile().imported == ()


def test_a_foreign_label_that_cannot_be_read_is_never_overwritten(tmp_path):
    study = tiny_study(tmp_path)
    bad = tmp_path / "labels" / "final" / "a.nii.gz"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(b"not a label at all")
    write_label_file(tmp_path / "labels" / "final" / "b.nii.gz", 1)
    with pytest.raises(BadInput):
        study.add_revision("a", label_of(), author="Ada", origin="manual")
    assert bad.read_bytes() == b"not a label at all" and study.revisions("a") == []
    result = study.reconcile()
    assert [p.cases for p in result.problems] == [("a",)] and [r.case for r in result.imported] == ["b"]
    assert bad.read_bytes() == b"not a label at all"


def test_the_same_label_saved_again_is_no_new_revision(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(1), author="Ada", origin="manual")
    final = tmp_path / "labels" / "final" / "a.nii.gz"
    array = _shown(study, final)
    write_label_file(tmp_path / "again.nii", 1)
    final.unlink()
    (tmp_path / "again.nii").rename(final.with_name("a.nii"))
    assert np.array_equal(_shown(study, final.with_name("a.nii")), array)
    assert study.reconcile().imported == ()
    assert len(study.revisions("a")) == 1 and final.exists()


def test_a_published_label_that_is_missing_or_old_is_put_right(tmp_path):
    study = tiny_study(tmp_path)
    first = study.add_revision("a", label_of(1), author="Ada", origin="manual")
    second = study.add_revision("a", label_of(2), author="Ada", origin="manual")
    final = tmp_path / "labels" / "final" / "a.nii.gz"
    final.write_bytes(first.path.read_bytes())  # as a kill between commit and publishing leaves it
    assert study.reconcile().published == ("a",)
    assert final.read_bytes() == second.path.read_bytes()
    final.unlink()
    assert study.reconcile().published == ("a",) and final.exists()
    assert len(study.revisions("a")) == 2


@pytest.fixture
def copied(tmp_path):
    """A study with labels of ours and another program's, copied without file times."""
    study = tiny_study(tmp_path / "s")
    study.add_revision("a", label_of(1), author="Ada", origin="manual")
    write_label_file(tmp_path / "s" / "labels" / "final" / "b.nrrd", 2)
    study.reconcile()
    shutil.copytree(tmp_path / "s", tmp_path / "copy", copy_function=shutil.copyfile)
    return tmp_path / "copy"


@pytest.fixture
def read_again(monkeypatch):
    """Names of the files that are read for their digest."""
    read = []

    def spy(paths):
        read.extend(path.name for path in paths)
        return file_digest(paths)

    monkeypatch.setattr(digest, "file_digest", spy)
    return read


def test_labels_of_a_study_that_was_copied_without_file_times_are_read_once(copied, read_again):
    study = StudyFolder.open(copied)
    before = everything_in(study.layout.final)
    assert study.status().counts["labelled"] == 2
    assert {"a.nii.gz", "b.nrrd"} <= set(read_again)
    read_again.clear()
    for again in (study, StudyFolder.open(copied)):  # in this process and in the next
        assert again.status().counts["labelled"] == 2 and again.reconcile() == Reconciled()
    assert read_again == [] and everything_in(study.layout.final) == before
    write_label_file(study.layout.final / "a.nii.gz", 2, 4)
    assert [revision.case for revision in study.reconcile().imported] == ["a"]


def test_a_preparation_for_training_remembers_the_labels_that_it_has_read(copied, read_again):
    StudyFolder.open(copied).reconcile()
    read_again.clear()
    StudyFolder.open(copied).reconcile()
    assert read_again == []


def test_a_copied_study_that_cannot_be_written_is_read_once_too(copied, read_again):
    study = StudyFolder.open(copied)
    with without_the_right_to_write(copied):
        assert study.status().counts["labelled"] == 2 and study.reconcile() == Reconciled()
        read_again.clear()
        assert study.status().counts["labelled"] == 2 and study.reconcile() == Reconciled()
    assert read_again == []
    write_scan(copied / "a.nii.gz", 9)
    assert [case.id for case in study.status().cases if case.problem] == ["a"]


def test_a_damaged_memory_of_labels_is_made_anew(copied, read_again):
    study = StudyFolder.open(copied)
    for damage in ("no JSON", "[]", '{"files": {"a.nii.gz": {}}}'):
        study.layout.label_digests.write_text(damage, encoding="utf-8")
        assert StudyFolder.open(copied).status().counts["labelled"] == 2
        read_again.clear()
        assert StudyFolder.open(copied).status().counts["labelled"] == 2 and read_again == []


def test_the_newest_prediction_is_in_labels_original(tmp_path):
    study = tiny_study(tmp_path / "s")
    for number, name in enumerate(["p.nii.gz", "q.nrrd"], start=1):
        file = write_label_file(tmp_path / name, number)
        path = study.publish_prediction("a", file)
        assert path == tmp_path / "s" / "labels" / "original" / "a.nii.gz"
        assert np.array_equal(_shown(study, path), label_of(number))
    assert [c.state for c in study.status().cases] == ["predicted", "new", "new"]
    assert study.revisions("a") == []


def test_labels_without_a_scan_and_scans_gone_from_labels_are_named(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    (tmp_path / "a.nii.gz").unlink()
    write_label_file(tmp_path / "labels" / "final" / "stray.nii.gz")
    reasons = sorted(problem.reason for problem in study.problems())
    assert "scan is gone" in " ".join(reasons) and "no scan 'stray'" in " ".join(reasons)
    write_scan(tmp_path / "stray.nii.gz")
    assert [r.case for r in study.reconcile().imported] == ["stray"]
