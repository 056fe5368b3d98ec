"""Predicting a study with an existing model: a structure never changes its meaning on the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from support.tiny_runs import tiny_inputs, tiny_run
from support.tiny_scans import STRUCTURES

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.training.model_file import Model, save_model
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.worker.label_table import structures_from
from DualSSLSegLib.worker.predict import matched
from DualSSLSegLib.worker.session import serve


def always_ball(path: Path) -> Path:
    """A model that takes every voxel for its first structure, the ball (value 1 in the model's own table)."""
    plan = TrainingPlan(working_spacing_mm=(1.0, 1.0, 1.25), patch_size=(32, 32, 32), width=2)
    architectures = {"a": "vnet", "b": "vnet"}
    networks = {}
    for role, name in architectures.items():
        network = build(name, in_channels=1, num_classes=3, width=2, norm="instance").eval()
        last = [module for module in network.modules() if getattr(module, "out_channels", 0) == 3][-1]
        last.weight.data.zero_()
        last.bias.data.copy_(last.bias.data.new_tensor([0.0, 9.0, 0.0]))
        networks[role] = network
    mr = {"mode": "mr", "low": 0.0, "high": 0.0, "mean": 0.0, "std": 1.0}
    intensity = {"channels": [mr], "explanation": ""}
    save_model(path, Model(networks, architectures, plan, intensity, STRUCTURES, channels=1))
    return path


def test_a_model_from_elsewhere_is_matched_by_name_and_written_with_the_values_of_the_study(tmp_path):
    model = always_ball(tmp_path / "model.pt")
    swapped = [{**STRUCTURES[1], "name": "block", "value": 1}, {**STRUCTURES[0], "name": "Ball", "value": 2}]
    cases = tiny_inputs(tmp_path, labelled=0, unlabelled=1)
    run = tiny_run(tmp_path, cases, kind="predict", model=str(model), structures=swapped)
    assert serve(run) == 0, state_of(run).error_text
    written = np.asarray(nibabel.load(run.prediction_path("case_00")).dataobj)
    assert set(np.unique(written)) == {2}


def test_a_structure_that_the_model_does_not_know_is_said_to_be_missing(tmp_path):
    model = always_ball(tmp_path / "model.pt")
    study = [{"name": "vein", "value": 3, "color": "#0000ff"}, *STRUCTURES]
    run = tiny_run(
        tmp_path,
        tiny_inputs(tmp_path, labelled=1, unlabelled=1),
        kind="predict",
        model=str(model),
        structures=study,
    )
    assert serve(run) == 0, state_of(run).error_text
    assert [code for code, text in state_of(run).warnings if "vein" in text] == ["structures_unknown"]
    assert set(json.loads(run.prediction_facts_path("case_01").read_text())["volumes_mm3"]) == {
        "ball",
        "block",
    }


def test_facts_say_which_scan_was_predicted_and_those_of_another_scan_are_not_kept(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=0, unlabelled=2)
    scans = [Path(case["paths"][0]) for case in cases]
    model = always_ball(tmp_path / "model.pt")
    run = tiny_run(tmp_path, cases, kind="predict", model=str(model), own_model=True)
    assert serve(run) == 0
    kept = run.prediction_facts_path("case_00").read_bytes()
    shutil.copyfile(scans[0], scans[1])  # replaced before the run is taken up again
    run.events_path.unlink()  # as if it had not come to its end
    assert serve(run) == 0
    facts = [json.loads(run.prediction_facts_path(case["id"]).read_text()) for case in cases]
    assert [one["image_digest"] for one in facts] == [file_digest([scans[0]])] * 2
    assert run.prediction_facts_path("case_00").read_bytes() == kept


def test_values_decide_in_a_model_of_the_study_itself_and_names_in_any_other():
    study = structures_from(
        [
            {"name": "tumour", "value": 1},
            {"name": "liver", "value": 2},
            {"name": "vein", "value": 3},
        ]
    )
    model = [{"name": "Liver", "value": 1}, {"name": "tumour", "value": 2}]
    path = Path("model.pt")
    assert [row.value for row in matched(model, study, own=False, path=path)] == [2, 1]
    assert [row.value for row in matched(model, study, own=True, path=path)] == [1, 2]
    with pytest.raises(
        BadInput, match=r"segments Liver, spleen, the study knows tumour, liver, vein: spleen"
    ):
        matched([model[0], {"name": "spleen", "value": 3}], study, own=False, path=path)
