"""Cold start and evaluation, the two runs that need no network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.tiny_runs import tiny_inputs, tiny_run

from DualSSLSegLib.commands.evaluate import show
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.worker.session import serve


def test_a_cold_start_says_where_to_begin_and_names_what_it_could_not_read(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=0, unlabelled=5)
    Path(cases[2]["paths"][0]).write_bytes(b"\x1f\x8b")
    run = tiny_run(tmp_path, cases, kind="rank", suggestions=2)
    assert serve(run) == 0
    queue = json.loads(run.scores_path.read_text())
    assert len(queue["suggestions"]) == 2 and list(queue["unusable"]) == ["case_02"]
    assert all(row["case"] != "case_02" and row["reason"] for row in queue["suggestions"])
    again = tiny_run(tmp_path, cases, kind="rank", suggestions=2)
    serve(again)
    assert json.loads(again.scores_path.read_text())["suggestions"] == queue["suggestions"]


def test_a_cold_start_without_a_single_readable_scan_fails_with_words(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=0, unlabelled=1)
    Path(cases[0]["paths"][0]).write_bytes(b"")
    run = tiny_run(tmp_path, cases, kind="rank")
    assert serve(run) == 2
    assert "none of the 1 scans" in state_of(run).error_text


@pytest.fixture
def comparison(tmp_path) -> RunFolder:
    """Three predictions: one perfect, one that is another case's, one whose reference lies on another grid."""
    rows = []
    for row in tiny_inputs(tmp_path, labelled=3, unlabelled=0):
        prediction = tmp_path / "predicted" / f"{row['id']}.nii.gz"
        prediction.parent.mkdir(exist_ok=True)
        shutil.copy(row["label"]["path"], prediction)
        group = "held_out" if row["id"] == "case_00" else "unlabelled"
        rows.append({**row, "prediction": str(prediction), "reference": row["label"]["path"], "group": group})
    rows[2]["reference"] = rows[0]["reference"]
    return tiny_run(tmp_path, rows, kind="evaluate", of_run="some-run", transductive=True)


def test_predictions_are_measured_and_a_reference_that_does_not_fit_is_named(comparison):
    assert serve(comparison) == 0
    report = json.loads(comparison.evaluation_path.read_text())
    assert set(report["cases"]) == {"case_00", "case_01"} and list(report["failed"]) == ["case_02"]
    ball = report["cases"]["case_00"]["structures"]["ball"]
    assert ball["dice"] == 1.0 and ball["hd95_mm"] == 0.0 and ball["state"] == "present"
    assert {case: row["group"] for case, row in report["cases"].items()} == {
        "case_00": "held_out",
        "case_01": "unlabelled",
    }
    assert report["groups"]["held_out"]["cases"] == report["groups"]["unlabelled"]["cases"] == 1
    assert report["transductive"] is True and report["of_run"] == "some-run"
    assert state_of(comparison).result["mean_dice"] == 1.0


def test_what_is_said_tells_unseen_scans_from_those_that_trained(comparison, capsys):
    assert serve(comparison) == 0
    show(json.loads(comparison.evaluation_path.read_text()), Screen())
    said = capsys.readouterr().out
    assert "1 case held out of training, neither image nor label was used: mean Dice 1.000" in said
    assert "1 case whose images trained, without their labels: mean Dice 1.000" in said


def test_neither_loads_torch():
    code = "import sys, DualSSLSegLib.worker.rank, DualSSLSegLib.worker.evaluate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
