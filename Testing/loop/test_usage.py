"""A score counts as one on an unseen scan only when no training behind the model has seen the scan."""

from __future__ import annotations

from pathlib import Path

from support.studies import tiny_study

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.usage import groups_of, seen_by_parent, used_by
from DualSSLSegLib.study.trained import trained_cases


def training(folder: Path, roles: dict[str, str], parent: RunFolder | None = None, **spec) -> RunFolder:
    rows = [{"id": case, "role": role} for case, role in roles.items()]
    spec = {"kind": "train", "parent": str(parent.path) if parent else None, **spec}
    return RunFolder.create(folder, spec, {"cases": rows})


def test_a_scan_kept_for_testing_after_it_trained_is_not_called_unseen(tmp_path):
    first = training(tmp_path, {"a": "labelled", "b": "unlabelled", "c": "unlabelled", "d": "predict"})
    rows = [{"id": case, "role": "predict"} for case in "bd"] + [{"id": "c", "role": "unlabelled"}]
    assert seen_by_parent({"parent": str(first.path)}, rows) == {"b": "unlabelled"}
    assert seen_by_parent({"parent": None}, rows) == {}
    second = training(tmp_path, {"a": "labelled", "b": "predict", "c": "labelled", "d": "predict"}, first)
    assert used_by(second) == {"a": "labelled", "b": "unlabelled", "c": "labelled"}
    assert groups_of(second, [first, second], ["b", "d"]) == {"b": "unlabelled", "d": "held_out"}

    # The earlier run may be gone: what was written down about it stands in.
    third = training(
        tmp_path, {"b": "test"}, RunFolder(tmp_path / "gone"), seen_by_parent={"b": "unlabelled"}
    )
    assert used_by(third) == {"b": "unlabelled"}
    assert used_by(training(tmp_path, {"d": "predict"}, transductive=True)) == {"d": "unlabelled"}


def test_the_baseline_has_seen_no_scan_without_its_label(tmp_path):
    roles = {"a": "labelled", "b": "unlabelled", "c": "accepted", "d": "predict"}
    alone = training(tmp_path, roles, method="labels_only", transductive=True)
    assert used_by(alone) == {"a": "labelled"}
    assert groups_of(alone, [alone], ["b"]) == {"b": "held_out"}

    # What it went on from may have seen them: then they are no unseen scans.
    first = training(tmp_path, {"a": "labelled", "b": "unlabelled"}, method="dual")
    spec = {"parent": str(first.path), "method": "labels_only"}
    rows = [{"id": case, "role": role} for case, role in roles.items()]
    assert seen_by_parent(spec, rows) == {"b": "unlabelled"}
    assert used_by(training(tmp_path, roles, first, method="labels_only")) == {
        "a": "labelled",
        "b": "unlabelled",
    }


def test_predictions_without_training_belong_to_the_training_of_their_model(tmp_path):
    trained = training(tmp_path, {"a": "labelled", "b": "unlabelled"})
    run = RunFolder.create(tmp_path, {"kind": "predict"}, {"cases": []})
    write_json(run.prediction_facts_path("b"), {"model": {"run": trained.id}})
    assert groups_of(run, [trained, run], ["b", "c"]) == {"b": "unlabelled", "c": "held_out"}
    write_json(run.prediction_facts_path("b"), {"model": {}})
    assert groups_of(run, [trained, run], ["b"]) == {"b": "unknown"}


def test_only_trainings_count_as_training(tmp_path):
    study = tiny_study(tmp_path)
    rows = {"cases": [{"id": "a", "role": "labelled"}]}
    RunFolder.create(study.runs_dir, {"kind": "evaluate"}, rows)
    assert trained_cases(study.layout) == set()
    RunFolder.create(study.runs_dir, {"kind": "train"}, rows)
    assert trained_cases(study.layout) == {"a"}
