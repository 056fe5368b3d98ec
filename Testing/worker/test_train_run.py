"""A training run from request to queue, on tiny scans, done by the worker's own code in this process."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from support.mapped_files import keep_mapped_files
from support.tiny_runs import tiny_inputs, tiny_run
from support.tiny_scans import STRUCTURES, tiny_grid

from DualSSLSegLib.errors import OutOfMemory, Stopped
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.training.model_file import load_model
from DualSSLSegLib.uncertainty import calibration
from DualSSLSegLib.worker import case_prediction, prediction_round, train
from DualSSLSegLib.worker.case_prediction import Predictor
from DualSSLSegLib.worker.session import serve


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> RunFolder:
    """One short training, looked at by several tests."""
    folder = tmp_path_factory.mktemp("trained")
    run = tiny_run(folder, tiny_inputs(folder, labelled=2, unlabelled=2, validation=1))
    assert serve(run) == 0, run.console_path.read_text() if run.console_path.exists() else ""
    return run


def test_every_scan_without_a_training_label_is_predicted_on_its_own_grid(trained):
    for number, name in ((2, "case_02"), (3, "case_03"), (4, "case_04")):
        image = nibabel.load(trained.prediction_path(name))
        grid = tiny_grid(number)
        assert image.shape == grid.shape and np.allclose(image.affine, grid.affine, atol=1e-5)
        assert set(np.unique(np.asarray(image.dataobj))) <= {0, 1, 5}
        for path in (trained.uncertainty_path(name), trained.disagreement_path(name)):
            values = np.asarray(nibabel.load(path).dataobj)
            assert values.shape == grid.shape and values.min() >= 0 and values.max() <= 1
        facts = json.loads(trained.prediction_facts_path(name).read_text())
        assert facts["case"] == name and facts["score"]["risk"] >= 0 and not facts["calibrated"]
        assert set(facts["volumes_mm3"]) == {"ball", "block"}
    assert not trained.prediction_path("case_00").exists()


def test_the_queue_holds_the_unlabelled_scans_with_reasons_and_a_shadow_choice(trained):
    queue = json.loads(trained.scores_path.read_text())
    assert {row["case"] for row in queue["suggestions"]} == {"case_03", "case_04"}
    assert all(row["reason"].endswith(".") for row in queue["suggestions"])
    assert set(queue["shadow"]) <= {"case_03", "case_04"} and queue["labelled"] == 2


def test_the_journal_tells_the_whole_story(trained):
    state = state_of(trained)
    assert (state.status, state.phase, state.predicted) == ("finished", "rank", 3)
    assert state.result["steps"] == 3 and state.validated[-1]["measure"] == "dice"
    phases = [e["name"] for e in EventReader(trained.events_path).read() if e["type"] == "phase"]
    assert phases == ["cache", "train", "calibrate", "predict", "rank"]


def test_the_model_carries_all_that_is_needed_to_use_it(trained):
    model = load_model(trained.model_path)
    assert [row["name"] for row in model.structures] == ["ball", "block"]
    assert model.info["complete"] and model.info["labelled"] == 2 and model.info["unlabelled"] == 2


def test_a_predict_run_with_that_model_finds_the_same_again(trained, tmp_path):
    cases = trained.inputs()["cases"]
    spec = trained.spec()
    run = tiny_run(tmp_path, cases, kind="predict", model=str(trained.model_path), cache=spec["cache"])
    assert serve(run) == 0
    for name in ("case_02", "case_03", "case_04"):
        again, first = (nibabel.load(r.prediction_path(name)).dataobj for r in (run, trained))
        assert np.array_equal(np.asarray(again), np.asarray(first))
    assert {row["case"] for row in json.loads(run.scores_path.read_text())["suggestions"]} == {
        "case_03",
        "case_04",
    }


def test_a_scan_whose_maps_do_not_fit_into_memory_does_not_stop_the_others(trained, tmp_path, monkeypatch):
    whole, asked = prediction_round.assess, []

    def short_of_memory(*arguments):
        asked.append(arguments)
        if len(asked) == 2:
            raise MemoryError("Unable to allocate 12 GiB")
        return whole(*arguments)

    monkeypatch.setattr(prediction_round, "assess", short_of_memory)
    spec = trained.spec()
    run = tiny_run(
        tmp_path,
        trained.inputs()["cases"],
        kind="predict",
        model=str(trained.model_path),
        cache=spec["cache"],
    )
    left = run.predictions / "probabilities-of-a-killed-worker.npy"
    left.parent.mkdir(parents=True)
    left.touch()
    assert serve(run) == 0
    assert not left.exists()
    state = state_of(run)
    assert state.predicted == 2 and len(state.result["unusable"]) == 1
    assert any("12 GiB" in text for _, text in state.warnings)


@pytest.mark.parametrize(
    "options, trained",
    [
        ({"networks": "residual"}, ["short_resvnet"]),
        ({"networks": "vnet"}, ["vnet"]),
        ({"residual_network": "resvnet"}, ["resvnet", "vnet"]),
    ],
)
def test_a_study_trained_with_other_networks_gets_its_predictions_and_its_queue(tmp_path, options, trained):
    inputs = tiny_inputs(tmp_path, labelled=2, unlabelled=2)
    run = tiny_run(tmp_path, inputs, method="labels_only", options=options)
    assert serve(run) == 0, run.console_path.read_text() if run.console_path.exists() else ""
    assert list(load_model(run.model_path).architectures.values()) == trained
    assert run.prediction_path("case_02").exists() and run.uncertainty_path("case_03").exists()
    assert len(json.loads(run.scores_path.read_text())["suggestions"]) == 2


def test_a_run_stopped_while_calibrating_leaves_its_model_and_calibrates_when_resumed(tmp_path, monkeypatch):
    whole = train.fit_temperature

    def stopped(*_arguments, **_options):
        raise Stopped("the run was asked to stop.")

    monkeypatch.setattr(train, "fit_temperature", stopped)
    run = tiny_run(
        tmp_path, tiny_inputs(tmp_path, labelled=1, unlabelled=0, validation=1), method="labels_only"
    )
    assert serve(run) == 130
    model = load_model(run.model_path)
    assert not model.info["complete"] and model.info["step"] == 3
    monkeypatch.setattr(train, "fit_temperature", whole)
    assert serve(run) == 0
    assert load_model(run.model_path).info["complete"]


def test_a_held_back_scan_too_large_for_memory_is_left_out_of_the_calibration(tmp_path, monkeypatch):
    whole, asked = Predictor.predict, []

    def short_of_memory(self, image, report=None):
        asked.append(image)
        if len(asked) == 1:
            raise OutOfMemory("memory did not suffice for a window.")
        return whole(self, image, report)

    monkeypatch.setattr(Predictor, "predict", short_of_memory)
    monkeypatch.setattr(calibration, "MIN_LABELLED_CASES", 3)
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=0, validation=2)
    run = tiny_run(tmp_path, cases, method="labels_only")
    assert serve(run) == 0
    (told,) = [e for e in EventReader(run.events_path).read() if e["type"] == "calibrated"]
    assert told["calibrated"] and told["cases"] == 1
    assert any("case_01 is left out of the calibration" in text for _, text in state_of(run).warnings)


def test_the_minutes_count_from_the_start_of_the_run(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=0)
    run = tiny_run(tmp_path, cases, method="labels_only", budget={"minutes": 1e-6})
    assert serve(run) == 0
    story = EventReader(run.events_path).read()
    (budget,) = [event for event in story if event["type"] == "budget"]
    assert 0 < budget["seconds_preparation"] <= story[-1]["seconds"]
    assert [code for code, _ in state_of(run).warnings] == ["long_preparation", "short_budget"]


def test_a_run_that_predicts_by_way_of_the_disk_has_let_go_of_every_file_it_removes(tmp_path, monkeypatch):
    removed, refused = keep_mapped_files(monkeypatch)
    for module in (train, case_prediction):
        monkeypatch.setattr(module, "memory_limit", lambda _free: 0)
    monkeypatch.setattr(calibration, "MIN_LABELLED_CASES", 3)
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=1, validation=2)
    run = tiny_run(tmp_path, cases, method="labels_only", budget={"minutes": 0.001})
    assert serve(run) == 0
    looks = [e for e in EventReader(run.events_path).read() if e["type"] == "validated"]
    timed = 1  # prediction, to know what a look costs
    assert len(removed) == timed + sum(len(e["cases"]) for e in looks) + 2 + 4  # calibrated, predicted
    assert not refused and not list(run.predictions.glob("*.npy"))


def test_the_next_round_starts_from_the_weights_of_this_one_and_may_know_one_structure_more(
    trained, tmp_path
):
    scans = sorted(Path(trained.spec()["cache"]).glob("*/image.npy"))
    prepared = [path.stat().st_mtime_ns for path in scans]
    more = [*STRUCTURES, {"name": "vessel", "value": 2, "color": "#0000ff", "codes": None}]
    run = tiny_run(
        tmp_path,
        trained.inputs()["cases"],
        parent=str(trained.path),
        structures=more,
        cache=trained.spec()["cache"],
        budget={"iterations": 1},
        options={"optimiser": "sgd"},
    )
    assert serve(run) == 0
    assert scans == sorted(Path(trained.spec()["cache"]).glob("*/image.npy"))
    assert prepared == [path.stat().st_mtime_ns for path in scans], "scans are prepared once"
    model = load_model(run.model_path)
    assert model.plan.optimiser == "sgd" != load_model(trained.model_path).plan.optimiser
    assert model.plan.precision == "float32" and "--from-scratch" in model.plan.explanation[0]
    assert model.num_classes == 4 and model.info["parent"] == str(trained.path)
    assert model.plan.working_spacing_mm == load_model(trained.model_path).plan.working_spacing_mm


def test_a_bad_unlabelled_scan_is_named_and_the_others_are_done(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=2)
    (tmp_path / "scans" / "case_02.nii.gz").write_bytes(b"")
    run = tiny_run(tmp_path, cases, budget={"iterations": 1})
    assert serve(run) == 0
    state = state_of(run)
    assert state.result["unusable"] == ["case_02"] and state.predicted == 1
    warnings = [text for code, text in state.warnings if code == "bad_scan"]
    assert len(warnings) == 1 and "case_02" in warnings[0] and "empty" in warnings[0]


def test_a_bad_labelled_scan_fails_before_anything_is_trained_and_all_are_named(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=3, unlabelled=1)
    scan = tmp_path / "scans" / "case_00.nii.gz"
    scan.write_bytes(scan.read_bytes()[:200])
    (tmp_path / "truth" / "case_02.nii.gz").unlink()
    run = tiny_run(tmp_path, cases)
    assert serve(run) == 2
    state = state_of(run)
    assert state.status == "failed" and state.error_code == "bad_input"
    assert "2 labelled case(s)" in state.error_text
    assert "case_00" in state.error_text and "case_02" in state.error_text
    assert state.step == 0 and not run.model_path.exists()
