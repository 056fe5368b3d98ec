"""From a folder of scans to predictions, a queue, numbers, a page and segmented folders: all of it by command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest
from support.command_line import Said, dualsslseg, write_scans

from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import list_runs


@dataclass(frozen=True)
class Trained:
    """A study of six scans after one round by command, and what the commands had said."""

    path: Path
    references: Path
    first: Said
    trained: Said


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    root = tmp_path_factory.mktemp("loop")
    path, references = root / "study", root / "references"
    names = write_scans(path, references, 6)
    assert dualsslseg("init", path, "--labels", "ball,block").code == 0
    first = dualsslseg("next", path, "-n", 2)
    for name in names[:2]:
        assert dualsslseg("label", path, name, references / f"{name}.nii.gz", "--author", "ann").code == 0
    assert dualsslseg("split", path, "--test", names[5]).code == 0
    trained = dualsslseg("train", path, "--iterations", 3, "--device", "cpu", "--cross-weight", 0.5)
    return Trained(path, references, first, trained)


def test_without_labels_typical_scans_are_suggested(study: Trained) -> None:
    assert study.first.code == 0, study.first.err
    assert "Nothing is trained yet" in study.first.out
    assert "1. scan_" in study.first.out


def test_training_by_command_ends_with_predictions_in_place(study: Trained) -> None:
    assert study.trained.code == 0, study.trained.err
    assert "training: 3 of 3" in study.trained.out
    published = sorted(path.name for path in (study.path / "labels" / "original").glob("*.nii.gz"))
    assert published == [f"scan_{number}.nii.gz" for number in (3, 4, 5, 6)]
    image = nibabel.load(study.path / "scan_3.nii.gz")
    predicted = nibabel.load(study.path / "labels" / "original" / "scan_3.nii.gz")
    assert predicted.shape == image.shape
    np.testing.assert_allclose(predicted.affine, image.affine)


def test_the_options_of_the_method_reach_the_run(study: Trained) -> None:
    (run,) = [run for run in list_runs(study.path / ".dualsslseg" / "runs") if run.spec()["kind"] == "train"]
    assert run.spec()["options"]["cross_weight"] == 0.5
    assert run.spec()["budget"] == {"iterations": 3}


def test_the_status_says_where_everything_stands(study: Trained) -> None:
    answer = dualsslseg("status", study.path, "--json").answer
    assert answer["counts"]["labelled"] == 2
    assert answer["counts"]["predicted"] == 4
    assert {run["status"] for run in answer["runs"]} == {"finished"}
    told = dualsslseg("status", study.path).out
    assert "predicted, waiting for review" in told
    assert "ann" in told


def test_the_queue_has_reasons_and_leaves_out_test_scans(study: Trained) -> None:
    answer = dualsslseg("next", study.path, "-n", 9, "--json").answer
    assert {place["case"] for place in answer["cases"]} == {"scan_3", "scan_4", "scan_5"}
    assert all(place["reason"].endswith(".") for place in answer["cases"])
    told = dualsslseg("next", study.path, "-n", 1).out
    assert answer["cases"][0]["reason"] in told
    assert "2. " not in told


def test_predictions_are_measured_and_the_page_shows_it(study: Trained, tmp_path: Path) -> None:
    before = dualsslseg("report", study.path, "--out", tmp_path / "before.html")
    assert before.code == 0, before.err
    assert "Hausdorff" not in (tmp_path / "before.html").read_text(encoding="utf-8")
    measured = dualsslseg("evaluate", study.path, "--reference", study.references, "--json")
    assert measured.code == 0, measured.err
    assert sorted(measured.answer["cases"]) == ["scan_3", "scan_4", "scan_5", "scan_6"]
    written = dualsslseg("report", study.path)
    assert written.code == 0, written.err
    text = (study.path / ".dualsslseg" / "report" / "index.html").read_text(encoding="utf-8")
    assert "Hausdorff" in text
    assert "1 scan kept out of training" in text
    assert "3 scans trained on without their label" in text
    assert text.count('<article class="card">') == 4
    mean = measured.answer["summary"]["structures"]["ball"]["measures"]["dice"]["mean"]
    assert f"{mean:.3f}"[:4] in text


def test_a_scan_that_was_replaced_is_neither_measured_nor_shown(study: Trained, tmp_path: Path) -> None:
    scan = study.path / "scan_4.nii.gz"
    kept, times = scan.read_bytes(), scan.stat()
    scan.write_bytes((study.path / "scan_3.nii.gz").read_bytes())
    try:
        measured = dualsslseg("evaluate", study.path, "--reference", study.references, "--json")
        written = dualsslseg("report", study.path, "--out", tmp_path / "page.html")
    finally:
        scan.write_bytes(kept)
        os.utime(scan, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert measured.code == 1
    assert sorted(measured.answer["cases"]) == ["scan_3", "scan_5", "scan_6"]
    assert "scan_4.nii.gz" in measured.answer["failed"]["scan_4"]
    assert "replaced since it was predicted" in measured.answer["failed"]["scan_4"]
    assert written.code == 0, written.err
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "predicted other scans under these names, so they are not shown: scan_4." in text
    assert text.count('<article class="card">') == 3


def test_a_folder_is_segmented_and_one_bad_scan_stops_nothing(study: Trained, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    write_scans(scans, tmp_path / "unused", 2)
    (scans / "broken.nii.gz").write_bytes((scans / "scan_1.nii.gz").read_bytes()[:500])
    assert dualsslseg("export-model", study.path, tmp_path / "model.pt").code == 0
    said = dualsslseg("segment", "--model", tmp_path / "model.pt", scans, out, "--uncertainty")
    assert said.code == 1
    assert "broken" in said.err
    results = sorted(path.name for path in out.glob("*.nii.gz"))
    assert [name for name in results if "uncertainty" not in name] == ["scan_1.nii.gz", "scan_2.nii.gz"]
    assert (out / "scan_1_uncertainty.nii.gz").is_file()
    (scans / "broken.nii.gz").unlink()
    written = (out / "scan_1.nii.gz").stat().st_mtime_ns
    again = dualsslseg("segment", "--model", study.path, scans, out, "--uncertainty")
    assert again.code == 0, again.err
    assert "2 were done already" in again.out
    assert (out / "scan_1.nii.gz").stat().st_mtime_ns == written


def test_a_prediction_can_be_accepted(study: Trained) -> None:
    said = dualsslseg("label", study.path, "scan_5", "--accept", "--author", "ben")
    assert said.code == 0, said.err
    cases = {case["id"]: case for case in dualsslseg("status", study.path, "--json").answer["cases"]}
    assert (cases["scan_5"]["state"], cases["scan_5"]["author"]) == ("reviewed", "ben")


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["label", "{study}", "scan_9", "{references}/scan_1.nii.gz"], "scan_9"),
        (["label", "{study}", "scan_3", "{references}/absent.nii.gz"], "absent.nii.gz"),
        (["label", "{study}", "scan_3"], "FILE or --accept"),
        (["init", "{study}", "--labels", "ball"], "a study already"),
        (["evaluate", "{study}", "--reference", "{study}/absent"], "does not exist"),
        (["watch", "{study}", "nothing"], "nothing"),
        (["train", "{study}", "--cross-weight", "99"], "cross_weight"),
        (["train", "{study}", "--train-on", "scan_6"], "frozen as test"),
        (["segment", "--model", "{study}/absent", "{study}", "{study}-out"], "absent"),
        (["export-model", "{study}", "{study}"], "a folder, not a file"),
        (["pause", "{study}"], "no run is at work"),
        (["split", "{study}", "--test", "scan_1"], "trained on"),
    ],
)
def test_bad_input_is_named_and_nothing_is_started(study: Trained, words: list[str], complaint: str) -> None:
    runs = list_runs(study.path / ".dualsslseg" / "runs")
    filled = [word.format(study=study.path, references=study.references) for word in words]
    said = dualsslseg(*filled)
    assert said.code == 2
    assert complaint in said.err
    assert list_runs(study.path / ".dualsslseg" / "runs") == runs


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a console program")
def test_ctrl_c_stops_a_training_keeps_its_work_and_resume_goes_on(study: Trained) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "DualSSLSegLib", "train", str(study.path), "--iterations", "2000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A test run started in the background ignores Ctrl-C and hands that down; a person's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    run = _wait_for(lambda: _training(study, ["train", "progress"]))
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=600)
    assert process.returncode == 130, told
    assert f"dualsslseg resume {study.path}" in told
    assert (run.checkpoints / "last.pt").is_file()
    resumed = dualsslseg("resume", study.path)
    assert resumed.code == 0, resumed.err
    _wait_for(lambda: _training(study, ["started", "started", "train", "progress"]))
    stopped = dualsslseg("stop", study.path)
    assert stopped.code == 0
    assert "Stopped; the work is kept" in stopped.out


def _training(study: Trained, marks: list[str]):
    """The newest training run when its journal shows these event types or phases in this order."""
    runs = [run for run in list_runs(study.path / ".dualsslseg" / "runs") if run.spec()["kind"] == "train"]
    left = list(marks)
    for event in EventReader(runs[-1].events_path).read() if len(runs) > 1 else []:
        if left and left[0] in (event["type"], event.get("name")):
            left.pop(0)
    return runs[-1] if len(runs) > 1 and not left else None


def _wait_for(found, limit_s: float = 600.0):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if (result := found()) is not None:
            return result
        time.sleep(0.1)
    raise AssertionError(f"nothing happened in {limit_s} s")
