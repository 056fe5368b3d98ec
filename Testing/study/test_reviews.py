"""What a person has looked at, rejected and spent on a case, and unfinished labels, survive the sitting."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from support.studies import label_of, tiny_study, write_label_file

from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.reviews import Review, Verdict


def test_a_review_goes_on_where_it_was_left(tmp_path):
    study = tiny_study(tmp_path)
    assert study.review("a") == Review()
    study.update_review("a", lambda review: review.with_seen("run1", [2, 0]).with_time("Ada", 12.5))
    study.update_review("a", lambda review: review.with_rejected(Verdict("run1", "Ada", 1.0, "leaks")))
    again = StudyFolder.open(tmp_path)
    again.update_review("a", lambda review: review.with_seen("run1", [1, 2]).with_time("Bob", 7.5))
    again.update_review("a", lambda review: review.with_accepted(Verdict("run2", "Bob", 2.0)))
    review = study.review("a")
    assert review.seen == {"run1": (0, 1, 2)} and review.total_seconds == 20.0
    assert review.seconds == {"Ada": 12.5, "Bob": 7.5}
    assert review.rejected == (Verdict("run1", "Ada", 1.0, "leaks"),)
    assert review.accepted == Verdict("run2", "Bob", 2.0)
    assert study.review("b") == Review()


def test_a_rejection_ends_an_acceptance_and_time_cannot_run_backwards():
    review = Review().with_accepted(Verdict("r", "Ada", 1.0)).with_rejected(Verdict("r", "Ada", 2.0))
    assert review.accepted is None
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BadInput):
            review.with_time("Ada", seconds)


@pytest.mark.parametrize(
    ("text", "error"), [("{", BadInput), ('{"v": 1}', BadInput), ('{"v": 2}', ProtocolError)]
)
def test_a_damaged_review_is_named(tmp_path, text, error):
    study = tiny_study(tmp_path)
    study.layout.reviews.mkdir(parents=True)
    (study.layout.reviews / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(error, match=r"a\.json"):
        study.review("a")


def test_a_draft_is_kept_until_it_is_discarded(tmp_path):
    study = tiny_study(tmp_path / "s", ["a", "a.seg", "b"])
    assert study.drafts.path("a") is None
    file = write_label_file(tmp_path / "x.nii.gz")
    path = study.drafts.save("a", file)
    assert path.read_bytes() == file.read_bytes() and study.drafts.path("a") == path
    newer = study.drafts.save("a", lambda target: target.write_bytes(b"segments"))
    assert newer.name == "a.seg.nrrd" and not path.exists(), "one draft per case"
    assert study.drafts.ids() == {"a"}
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    assert study.drafts.path("a") == newer, "unfinished work of somebody else is not thrown away"
    study.drafts.discard("a")
    assert study.drafts.ids() == set()
    with pytest.raises(BadInput, match="cannot be kept"):
        study.drafts.save("a", tmp_path / "x.png")
    with pytest.raises(ValueError, match="half"):
        study.drafts.save("b", _fails)
    assert study.drafts.path("b") is None


def _fails(target):
    target.write_bytes(b"half")
    raise ValueError("half written")


def test_a_draft_that_the_drive_does_not_tell_of_does_not_count_as_none(tmp_path, monkeypatch):
    study = tiny_study(tmp_path)
    study.drafts.save("a", write_label_file(tmp_path / "outside" / "label.nii.gz"))

    def broken(path, **_options):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(Path, "is_file", lambda _: False)  # as Python answers from 3.14 on
    monkeypatch.setattr(Path, "stat", broken)
    with pytest.raises(OSError, match="Input/output"):
        study.drafts.path("a")


def test_a_draft_put_aside_is_no_draft_any_more_and_is_kept(tmp_path):
    study = tiny_study(tmp_path)
    file = write_label_file(tmp_path / "outside" / "label.nii.gz")
    study.drafts.save("a", file)
    aside = study.drafts.put_aside("a")
    assert aside.read_bytes() == file.read_bytes()
    assert study.drafts.path("a") is None and study.drafts.ids() == set()
    assert {case.id: case.state for case in study.status().cases}["a"] == "new"
    with pytest.raises(BadInput, match="no unfinished work"):
        study.drafts.put_aside("a")
