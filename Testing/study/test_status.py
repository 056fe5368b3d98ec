"""The state of every case is computed from the files, so it is right whoever wrote them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.studies import (
    everything_in,
    label_of,
    tiny_study,
    without_the_right_to_write,
    write_label_file,
    write_scan,
)

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.reviews import Verdict
from DualSSLSegLib.study.status import STATES


def _states(study):
    return {case.id: case.state for case in study.status().cases}


def test_a_case_goes_from_new_to_labelled(tmp_path):
    study = tiny_study(tmp_path / "s")
    assert set(_states(study).values()) == {"new"}
    prediction = write_label_file(tmp_path / "p.nii.gz")
    study.publish_prediction("a", prediction)
    assert _states(study)["a"] == "predicted"
    study.drafts.save("a", prediction)
    assert _states(study)["a"] == "in_progress"
    study.drafts.discard("a")
    study.add_revision("a", prediction, author="Ada", origin="accepted")
    assert _states(study)["a"] == "reviewed"
    study.add_revision("a", label_of(2), author="Bob", origin="corrected")
    status = study.status()
    case = status.cases[0]
    assert (case.state, case.revisions, case.origin, case.author) == ("labelled", 2, "corrected", "Bob")
    assert status.counts == {**dict.fromkeys(STATES, 0), "labelled": 1, "new": 2}
    assert json.loads(json.dumps(status.to_dict()))["cases"][0]["id"] == "a"


def test_a_prediction_of_a_run_counts_before_it_is_published(tmp_path):
    study = tiny_study(tmp_path)
    write_json(study.runs_dir / "20260101T000000000Z-train-abcd" / "predictions" / "b.json", {"v": 1})
    assert _states(study) == {"a": "new", "b": "predicted", "c": "new"}
    assert study.status().runs == ("20260101T000000000Z-train-abcd",)


def test_a_rejected_prediction_waits_no_more_until_there_is_a_newer_one(tmp_path):
    study = tiny_study(tmp_path)
    first, second = "20260101T000000000Z-train-abcd", "20260102T000000000Z-train-abcd"
    write_json(study.runs_dir / first / "predictions" / "b.json", {"v": 1})
    study.update_review("b", lambda review: review.with_rejected(Verdict(first, "Ada", 1.0, "leaks")))
    assert _states(study)["b"] == "new" and study.status().cases[1].predicted
    write_json(study.runs_dir / second / "predictions" / "b.json", {"v": 1})
    assert _states(study)["b"] == "predicted"


def test_looking_at_a_study_writes_nothing(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    before = everything_in(tmp_path)
    again = StudyFolder.open(tmp_path)
    again.status()
    again.problems()
    again.cases()
    assert everything_in(tmp_path) == before


def test_a_study_that_cannot_be_written_can_still_be_looked_at(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    study.image_digest("b")
    with without_the_right_to_write(tmp_path):
        reader = StudyFolder.open(tmp_path)
        assert reader.status().counts["labelled"] == 1
        assert reader.inspect()["c"].spacing_mm == (1.0, 2.0, 3.0)
        assert reader.usable_label("a").number == 1
        for write in (
            lambda: reader.add_revision("a", label_of(), author="Ada", origin="manual"),
            lambda: reader.add_structure("bone"),
            lambda: reader.set_split(["a"], "test"),
            lambda: reader.update_review("a", lambda review: review),
            lambda: reader.drafts.save("a", reader.latest("a").path),
        ):
            with pytest.raises(BadInput, match=r"read-only.*(right to write|copy)"):
                write()
    assert len(study.revisions("a")) == 1 and study.splits.test == ()


def test_a_foreign_folder_that_cannot_be_written_is_shown_as_it_is(tmp_path):
    write_scan(tmp_path / "imagesTr" / "p_0000.nii.gz")
    write_label_file(tmp_path / "labelsTr" / "p.nii.gz", 1)
    write_json(
        tmp_path / "dataset.json", {"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1}}
    )
    with without_the_right_to_write(tmp_path):
        study = StudyFolder.open(tmp_path)
        (case,) = study.status().cases
        assert (case.state, case.pending) == ("labelled", True)
        with pytest.raises(BadInput, match="read-only"):
            study.reconcile()
    assert not (tmp_path / ".dualsslseg").exists()


def test_a_large_study_is_listed_without_opening_scans_or_loading_libraries(tmp_path):
    scan = write_scan(tmp_path / "case 0.nii.gz").read_bytes()[:200]
    for number in range(2_000):
        (tmp_path / f"case {number}.nii.gz").write_bytes(scan)  # cut: reading one header would fail
    StudyFolder.create(tmp_path, ["liver"])
    code = (
        "import sys; from DualSSLSegLib.study.folder import StudyFolder\n"
        "status = StudyFolder.open(sys.argv[1]).status()\n"
        "assert status.counts['new'] == 2_000 and not status.problems, status.counts\n"
        "assert [c.id for c in status.cases[:3]] == ['case 0', 'case 1', 'case 2']\n"
        "heavy = {'numpy', 'SimpleITK', 'torch', 'nibabel', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_a_label_of_another_program_that_cannot_be_read_does_not_count_and_is_named(tmp_path):
    study = tiny_study(tmp_path)
    broken = tmp_path / "labels" / "final" / "a.nii.gz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no label")
    write_label_file(broken.with_name("b.nii.gz"), value=9)  # a value that the study does not know
    write_label_file(broken.with_name("c.nii.gz"))
    status = study.status()
    assert {case.id: (case.state, case.pending) for case in status.cases} == {
        "a": ("new", False),
        "b": ("new", False),
        "c": ("labelled", True),
    }
    assert [problem.cases for problem in status.problems] == [("a",), ("b",)]
    assert status.problems[0].path == broken and "cannot be used" in status.problems[0].reason
    write_label_file(broken)
    assert _states(study)["a"] == "labelled"


def test_a_row_knows_which_structures_the_label_contains_and_the_time_spent(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(2), author="Ada", origin="manual")
    study.add_revision("b", label_of(2) * 0, author="Ada", origin="manual")
    study.update_review("a", lambda review: review.with_time("Ada", 20))
    rows = {case.id: case for case in study.status().cases}
    assert rows["a"].present_values == (2,) and rows["a"].seconds == 20
    assert rows["b"].present_values == () and rows["c"].present_values == () and rows["c"].seconds == 0


def test_a_revision_of_an_earlier_version_shows_what_the_study_knew_then(tmp_path):
    study = tiny_study(tmp_path)
    mark = study.add_revision("a", label_of(2), author="Ada", origin="manual").path.with_name("0001.json")
    content = json.loads(mark.read_text(encoding="utf-8"))
    assert content.pop("present_values") == [2]
    mark.write_text(json.dumps(content), encoding="utf-8")
    assert study.status().cases[0].present_values == (1, 2)


def test_a_damaged_review_is_named_and_stops_nothing(tmp_path):
    study = tiny_study(tmp_path)
    study.update_review("a", lambda review: review.with_time("Ada", 20))
    (study.layout.reviews / "a.json").write_text("no JSON", encoding="utf-8")
    status = study.status()
    assert (status.cases[0].state, status.cases[0].seconds) == ("new", 0)
    assert [problem.path.name for problem in status.problems] == ["a.json"]
