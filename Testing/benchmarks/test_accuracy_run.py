"""The study of a bench run is an ordinary one, and measured cases are frozen in it before anything trains."""

from __future__ import annotations

import pytest
import torch
from support.tiny_scans import write_tiny_scan

from benchmarks.accuracy_run import facts_of, kept_study, make_study, roles_of, train_and_predict
from benchmarks.arms import Arm, TrainingTime
from benchmarks.real_sets import Protocol
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.run_inputs import study_rows
from DualSSLSegLib.training.model_file import load_model

STRUCTURES = ["left atrium cavity", "none", "nothing", "no", "block"]  # tiny labels hold the values 1 and 5
NAMES = [f"case_{number:02d}" for number in range(11)]


@pytest.fixture
def scans(tmp_path):
    """A set of eleven tiny scans with labels."""
    for number, name in enumerate(NAMES):
        write_tiny_scan(tmp_path / "images", name, number, label_folder=tmp_path / "labels")
    return tmp_path


@pytest.mark.parametrize(("all_train", "kept"), [(False, 1), (True, 0)])
def test_eight_labels_keep_one_case_for_validation_unless_all_shall_train(scans, tmp_path, all_train, kept):
    who = Protocol(tuple(NAMES[:8]), (NAMES[8],), (NAMES[9],), (NAMES[10],), "validation_1")
    controller = make_study(tmp_path / "study", scans, who, STRUCTURES, all_train=all_train)
    roles = {row["id"]: row["role"] for row in study_rows(controller.study)}
    assert {case: roles[case] for case in NAMES[8:]} == {
        NAMES[8]: "unlabelled",
        NAMES[9]: "predict",
        NAMES[10]: "predict",
    }
    assert [roles[case] for case in NAMES[:8]].count("validation") == kept
    assert roles_of(controller, who) == {
        "trained": 8 - kept,
        "validated": kept,
        "unlabelled": 1,
        "measured_on": "validation_1",
    }


def test_the_facts_of_a_training_come_from_its_journal():
    step = {"type": "progress", "terms": {"ce_a": 1.0}, "total": 2, "peak_bytes": 7, "left_out": {}}
    events = [
        {"type": "started", "t": 10.0, "versions": {"torch": "2"}},
        {"type": "device", "device": "cpu", "name": "2 threads"},
        {**step, "step": 1, "t": 12.0},
        {"type": "validated", "step": 2, "measure": "dice", "mean": 0.5, "cases": ["a", "b"]},
        {**step, "step": 2, "t": 14.5},
    ]
    facts = facts_of(events)
    assert (facts["seconds_to_last_step"], facts["iterations"], facts["budget"]) == (4.5, 2, None)
    assert facts["device"] == {"device": "cpu", "name": "2 threads"}
    assert facts["curve"] == [{"step": 2, "measure": "dice", "mean": 0.5, "cases": 2}]


def test_a_training_in_pieces_ends_as_one_that_was_never_stopped(scans, tmp_path):
    who = Protocol(tuple(NAMES[:2]), (NAMES[8],), (NAMES[9],), (), "validation_1")
    arm, length = Arm("labels_only", "labels_only"), TrainingTime(iterations=30)

    def piece(folder, stop_after_s):
        controller = kept_study(tmp_path / folder, scans, who, STRUCTURES, all_train=False)
        return train_and_predict(controller, arm, length, 0, "cpu", stop_after_s)

    pieces = 1
    while (done := piece("pieces", 0.0 if pieces == 1 else None)) is None:
        pieces += 1
    assert pieces == 2
    events, run, prediction = done
    straight, other, _ = piece("straight", None)
    curves = [
        [(e["step"], e["mean"]) for e in rows if e["type"] == "validated"] for rows in (events, straight)
    ]
    assert curves[0] == curves[1]
    weights = [load_model(one.model_path, "cpu").networks["b"].state_dict() for one in (run, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert prediction.prediction_path(NAMES[9]).is_file()
    assert piece("pieces", None)[2] == prediction  # all is done: nothing begins anew


def test_a_kept_training_of_another_request_is_not_taken_up(scans, tmp_path):
    who = Protocol(tuple(NAMES[:2]), (NAMES[8],), (NAMES[9],), (), "validation_1")
    controller = kept_study(tmp_path / "study", scans, who, STRUCTURES, all_train=False)
    arm = Arm("labels_only", "labels_only")
    assert train_and_predict(controller, arm, TrainingTime(iterations=40), 0, "cpu", 0.0) is None
    for other, length in (
        (arm, TrainingTime(iterations=30)),
        (Arm("labels_only", "labels_only", {"networks": "vnet"}), TrainingTime(iterations=40)),
    ):
        with pytest.raises(BadInput, match="begun with another"):
            train_and_predict(controller, other, length, 0, "cpu")
    assert len(controller.runs.all()) == 1


def test_the_time_of_a_training_in_pieces_leaves_out_the_time_between():
    step = {"type": "progress", "terms": {"ce_a": 1.0}, "total": 9, "peak_bytes": 7, "left_out": {}}
    events = [
        {"type": "started", "t": 10.0},
        {**step, "step": 4, "t": 12.0},
        {"type": "stopped", "t": 12.5},
        {"type": "started", "t": 100.0},
        {"type": "plan", "patch_size": [16, 16, 16], "width": 8, "intensity": "words"},
        {**step, "step": 9, "t": 103.0},
    ]
    facts = facts_of(events)
    assert facts["seconds_to_last_step"] == 5.0
    assert facts["plan"] == {"patch_size": [16, 16, 16], "width": 8}
