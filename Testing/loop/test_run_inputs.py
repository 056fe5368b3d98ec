"""What a run is given: validation and test scans never train, in no role."""

from __future__ import annotations

import shutil

import pytest
from support.tiny_scans import write_tiny_scan

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.cli import main
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.next_case import newest_queue
from DualSSLSegLib.loop.run_inputs import evaluation_rows, study_rows
from DualSSLSegLib.study.folder import StudyFolder


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    for number in range(6):
        write_tiny_scan(tmp_path / "study", f"c{number}", number, label_folder=tmp_path / "truth")
    return StudyFolder.create(tmp_path / "study", ["ball", "two", "three", "four", "block"])


def roles(rows) -> dict[str, str]:
    return {row["id"]: row["role"] for row in rows}


def label(study, tmp_path, *cases: str, origin: str = "manual") -> None:
    for case in cases:
        study.add_revision(case, tmp_path / "truth" / f"{case}.nii.gz", author="Ada", origin=origin)


def test_frozen_cases_never_train_neither_labelled_nor_unlabelled(study, tmp_path):
    study.set_split(["c1", "c2"], "validation")
    study.set_split(["c3", "c4"], "test")
    label(study, tmp_path, "c0", "c1", "c3")
    found = roles(study_rows(study))
    assert found == {
        "c0": "labelled",
        "c1": "validation",
        "c2": "predict",
        "c3": "predict",
        "c4": "predict",
        "c5": "unlabelled",
    }
    for case in ("c1", "c3"):
        with pytest.raises(BadInput, match="must not train"):
            study_rows(study, train_on=["c0", case])


def test_origins_decide_what_trains(study, tmp_path):
    label(study, tmp_path, "c0", origin="corrected")
    label(study, tmp_path, "c1", origin="accepted")
    label(study, tmp_path, "c2")
    assert roles(study_rows(study))["c1"] == "accepted"
    assert roles(study_rows(study, use_accepted=True))["c1"] == "labelled"
    chosen = roles(study_rows(study, train_on=["c0"]))
    assert (chosen["c0"], chosen["c2"]) == ("labelled", "unlabelled")


def test_rows_freeze_revision_and_digests(study, tmp_path):
    label(study, tmp_path, "c0", "c0")
    row = next(row for row in study_rows(study) if row["id"] == "c0")
    revision = study.latest("c0")
    assert row["label"] == {
        "path": str(revision.path),
        "revision": 2,
        "digest": revision.label_digest,
        "origin": "manual",
        "known_values": [1, 2, 3, 4, 5],
    }
    assert row["image_digest"] == revision.image_digest


def test_a_label_whose_image_was_replaced_stops_the_start_and_is_named(study, tmp_path):
    label(study, tmp_path, "c0", "c1")
    write_tiny_scan(tmp_path / "study", "c1", 77)
    with pytest.raises(BadInput, match=r"1 label\(s\) must not be used") as caught:
        study_rows(study)
    assert "c1" in str(caught.value) and "replaced" in str(caught.value)


def test_all_labels_that_are_damaged_are_named_together(study, tmp_path):
    label(study, tmp_path, "c0", "c1", "c2")
    study.latest("c0").path.with_name("0001.json").write_bytes(b"")
    study.latest("c1").path.unlink()
    with pytest.raises(BadInput, match=r"2 label\(s\) must not be used") as caught:
        study_rows(study)
    assert str(caught.value).count("Put it back from a backup, or label the case again.") == 2


def predicted(study, kind: str, truth, known: dict[str, int], **facts) -> RunFolder:
    """A run with the study's structures of now that has predicted c0 with a model that knows `known`."""
    table = [structure.to_dict() for structure in study.structures]
    run = RunFolder.create(study.runs_dir, {"kind": kind, "structures": table}, {"cases": []})
    run.predictions.mkdir()
    run.prediction_path("c0").write_bytes((truth / "c0.nii.gz").read_bytes())
    write_json(run.prediction_facts_path("c0"), {"v": 1, "volumes_mm3": dict.fromkeys(known, 0.0), **facts})
    return run


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("train", {"ball": 1, "two": 2, "three": 3, "four": 4, "block": 5}),
        ("predict", {"ball": 1, "block": 5}),
    ],
)
def test_an_accepted_prediction_says_nothing_of_structures_that_its_model_did_not_know(
    study, tmp_path, kind, known
):
    run = predicted(study, kind, tmp_path / "truth", known)
    study.add_structure("tumour")
    study.rename_structure("ball", "sphere")
    loop = Controller(study)

    def taught() -> list[int]:
        row = next(row for row in study_rows(study, use_accepted=True) if row["id"] == "c0")
        return row["label"]["known_values"]

    assert loop.accept("c0", author="Ada").run == run.id and taught() == list(known.values())
    unchanged = {"author": "Ada", "origin": "accepted", "run": run.id}
    loop.label("c0", run.prediction_path("c0"), **unchanged)  # as the panel submits it
    assert taught() == list(known.values())
    loop.label("c0", run.prediction_path("c0"), **{**unchanged, "origin": "corrected"})
    assert taught() == [1, 2, 3, 4, 5, 6], "somebody has drawn, and could have drawn any structure"


def test_a_prediction_whose_facts_are_of_an_earlier_version_could_show_all_that_its_run_knew(study, tmp_path):
    predicted(study, "train", tmp_path / "truth", {}, volumes_mm3=None)
    study.add_structure("tumour")
    assert Controller(study).accept("c0", author="Ada").known_values == (1, 2, 3, 4, 5)


def test_references_are_matched_by_name_with_predictions_only(study, tmp_path):
    run = RunFolder.create(tmp_path / "runs", {"kind": "train"}, {"cases": []})
    run.predictions.mkdir()
    for case in ("c0", "c1"):
        run.prediction_facts_path(case).write_text("{}")
    (tmp_path / "truth" / "c1.nii.gz").unlink()
    assert [row["id"] for row in evaluation_rows(study, run, tmp_path / "truth")] == ["c0"]
    (tmp_path / "truth" / "c0.nii.gz").unlink()
    with pytest.raises(BadInput, match="named after their scans"):
        evaluation_rows(study, run, tmp_path / "truth")
    with pytest.raises(BadInput, match="does not exist"):
        evaluation_rows(study, run, tmp_path / "nowhere")


def test_a_prediction_that_cannot_be_published_holds_up_no_other(study, tmp_path):
    run = RunFolder.create(study.runs_dir, {"kind": "train"}, {"cases": []})
    run.predictions.mkdir()
    for case in ("c0", "c1", "c2"):
        run.prediction_facts_path(case).write_text("{}")
        run.prediction_path(case).write_bytes((tmp_path / "truth" / f"{case}.nii.gz").read_bytes())
    run.prediction_path("c1").write_bytes(b"cut")
    loop = Controller(study)
    assert loop.publish() == ["c0", "c2"] and list(loop.unpublished) == ["c1"]
    assert "c1.nii.gz" in loop.unpublished["c1"]
    run.prediction_path("c1").write_bytes((tmp_path / "truth" / "c1.nii.gz").read_bytes())
    assert loop.publish() == ["c1"] and not loop.unpublished


def test_a_case_kept_for_testing_since_the_ranking_is_not_suggested(study):
    run = RunFolder.create(study.runs_dir, {"kind": "train"}, {"cases": []})
    rows = [
        {"case": f"c{n}", "score": 1.0 - n / 10, "reason": "its rim is uncertain.", "values": {}}
        for n in range(3)
    ]
    write_json(run.scores_path, {"v": 1, "suggestions": rows, "shadow": ["c0", "c2"]})
    study.set_split(["c0"], "test")
    queue = newest_queue(study, [run])
    assert [(entry.rank, entry.case) for entry in queue.cases] == [(1, "c1"), (2, "c2")]
    assert queue.shadow == ("c2",)


def test_a_prediction_is_accepted_over_a_label_that_its_run_knew_and_no_newer_one(study, tmp_path, capsys):
    study.set_split(["c0", "c1"], "test")
    label(study, tmp_path, "c0", "c1")
    rows = study_rows(study)
    assert {row["id"]: row["newest_revision"] for row in rows if row["newest_revision"]} == {"c0": 1, "c1": 1}
    run = RunFolder.create(study.runs_dir, {"kind": "predict"}, {"cases": rows})
    for case in ("c0", "c1", "c2", "c3"):
        run.predictions.mkdir(exist_ok=True)
        shutil.copyfile(tmp_path / "truth" / f"{case}.nii.gz", run.prediction_path(case))
        write_json(run.prediction_facts_path(case), {"v": 1})
    label(study, tmp_path, "c1", "c2", origin="corrected")
    loop = Controller(study)
    assert loop.accept("c0", author="Ada").number == 2 and loop.accept("c3", author="Ada").number == 1
    for case, number in (("c1", 2), ("c2", 1)):
        with pytest.raises(BadInput, match=f"revision {number}. is newer than this prediction"):
            loop.accept(case, author="Ada")
        assert main(["label", str(study.path), case, "--accept"]) == 2
        assert "--corrected" in capsys.readouterr().err
        assert study.latest(case).origin == "corrected" and study.review(case).accepted is None
