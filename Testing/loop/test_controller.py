"""The annotation loop as a person drives it: real workers, tiny scans."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from support.tiny_scans import tiny_scan, write_tiny_scan

from DualSSLSegLib.errors import BadInput, RunFailed
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.launcher import Launcher
from DualSSLSegLib.loop.segmenting import start_segmentation
from DualSSLSegLib.study.model import Structure

TABLE = [Structure("ball", 1, "#ff0000"), Structure("block", 5, "#00ff00")]
SCANS = 6


def make_study(folder: Path, scans: int = SCANS) -> Controller:
    for number in range(scans):
        write_tiny_scan(folder / "study", f"case_{number:02d}", number, label_folder=folder / "truth")
    return Controller.create(folder / "study", TABLE)


def wait(controller: Controller, run: RunFolder) -> RunState:
    state = [state for state, _ in controller.watch(run)][-1]
    console = run.console_path.read_text() if run.console_path.exists() else ""
    assert state.status == "finished", f"{state.status}: {state.error_text}\n{console}"
    return state


def stop_when(loop: Controller, run: RunFolder, reached: Callable[[RunState], bool]) -> RunState:
    asked = False
    for state, _ in loop.watch(run):
        if not asked and state.active and reached(state):
            loop.runs.stop(run)
            asked = True
    return state


@pytest.mark.slow
def test_twice_round_the_loop(tmp_path):
    loop = make_study(tmp_path)

    # Nothing is labelled: a cold start says what to begin with.
    assert loop.next_cases() is None
    with pytest.raises(BadInput, match="no case has a label"):
        loop.start("train", iterations=2)
    wait(loop, loop.start("rank", suggestions=3))
    queue = loop.next_cases(2)
    assert not queue.by_model and len(queue.cases) == 2 and queue.cases[0].reason

    # Label them, train, and look at what comes next.
    first = [entry.case for entry in queue.cases]
    for case in first:
        loop.label(case, tmp_path / "truth" / f"{case}.nii.gz", author="Ada")
    run = loop.start("train", iterations=2, seed=1, device="cpu")
    with pytest.raises(BadInput, match="is at work"):
        loop.start("train", iterations=2)
    state = wait(loop, run)
    assert state.predicted == SCANS - 2
    queue = loop.next_cases()
    assert queue.by_model and queue.run == run.id
    assert {entry.case for entry in queue.cases} == {f"case_{n:02d}" for n in range(SCANS)} - set(first)
    assert [entry.rank for entry in queue.cases] == [1, 2, 3, 4]

    # Predictions are published for everybody, and only once.
    published = sorted(path.name for path in (loop.study.path / "labels" / "original").iterdir())
    assert published == sorted(f"{entry.case}.nii.gz" for entry in queue.cases)
    assert loop.publish() == []

    # One suggestion is accepted, one corrected: both leave the queue.
    accepted, corrected = queue.cases[0].case, queue.cases[1].case
    assert loop.accept(accepted, author="Ada").origin == "accepted"
    image_label = tiny_scan(int(corrected[-2:]))[1]
    loop.label(corrected, image_label, author="Ada", origin="corrected")
    left = loop.next_cases()
    assert len(left.cases) == 2 and set(left.labelled_since) == {accepted, corrected}
    assert loop.study.review(accepted).accepted.run == run.id

    # Round two goes on from round one; what was accepted trains only like an unlabelled scan.
    second = loop.start("train", iterations=1, device="cpu")
    assert second.spec()["parent"] == str(run.path) and second.spec()["round"] == 2
    roles = {row["id"]: row["role"] for row in second.inputs()["cases"]}
    assert roles[accepted] == "accepted" and roles[corrected] == "labelled"
    assert list(roles.values()).count("labelled") == 3
    frozen = {row["id"]: row["label"] for row in second.inputs()["cases"]}[corrected]
    assert frozen["revision"] == 1 and frozen["digest"] == loop.study.latest(corrected).label_digest
    wait(loop, second)
    assert loop.prediction(left.cases[0].case).run == second

    # Against the truth.
    evaluation = loop.start("evaluate", reference=tmp_path / "truth")
    assert wait(loop, evaluation).result["evaluated"] == 3
    report = json.loads(evaluation.evaluation_path.read_text())
    assert report["of_run"] == second.id and report["transductive"] is False
    assert set(report["cases"]) == {entry.case for entry in left.cases} | {accepted}
    assert report["summary"]["structures"]["ball"]["measures"]["dice"]["mean"] is not None

    # The model leaves the study as one file and segments any folder.
    model = loop.export_model(tmp_path / "model.pt")
    runs, segmentation = start_segmentation(model, tmp_path / "study", tmp_path / "out", device="cpu")
    state = [state for state, _ in runs.watch(segmentation)][-1]
    assert state.result["segmented"] == SCANS and not state.result["failed"]
    assert len(list((tmp_path / "out").glob("*.nii.gz"))) == SCANS


@pytest.mark.slow
def test_stop_saves_and_resume_goes_on_to_the_same_end(tmp_path):
    loop = make_study(tmp_path, scans=3)
    loop.label("case_00", tmp_path / "truth" / "case_00.nii.gz", author="Ada")
    run = loop.start("train", iterations=100_000, device="cpu", seed=3)
    state = stop_when(loop, run, lambda state: state.phase == "train" and state.step >= 2)
    assert state.status == "stopped" and state.checkpoint_step >= 2
    assert run.model_path.is_file()
    assert loop.prediction("case_01") is None

    # The stopped run has a model, so the next training can start from it; here it is resumed and stopped again.
    loop.runs.resume(run)
    state = stop_when(
        loop, run, lambda state: state.attempt == 2 and state.step > 0 and state.phase == "train"
    )
    assert state.status == "stopped" and state.attempt == 2
    events = EventReader(run.events_path).read()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    steps = [event["step"] for event in events if event["type"] == "checkpoint"]
    assert steps == sorted(steps)


def test_a_worker_that_dies_before_its_first_word_is_lost_at_once(tmp_path):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho no such module\nexit 3\n")
    script.chmod(0o755)
    make_study(tmp_path, scans=3)
    loop = Controller.open(tmp_path / "study", launcher=Launcher(python=str(script)))
    run = loop.start("rank")
    states = [state.status for state, _ in loop.watch(run)]
    script.unlink()
    assert states[-1] == "lost" and "no such module" in run.console_path.read_text()
    with pytest.raises(RunFailed, match="could not be started") as caught:
        loop.runs.resume(run)
    assert str(script) in str(caught.value)


@pytest.mark.parametrize(
    "request_, says",
    [
        ({"method": "meanteacher"}, "dual"),
        ({"options": {"no_such": 1}}, "no_such"),
        ({"minutes": 1, "iterations": 1}, "not both"),
        ({"minutes": 0}, "above 0"),
        ({"minutes": float("nan")}, "above 0"),
        ({"iterations": 0}, "from 1 on"),
        ({"seed": -1}, "seed"),
        ({"device": "abacus"}, "auto, cpu, cuda"),
        ({"train_on": ["case_99"]}, "case_99"),
        ({"train_on": ["case_01"]}, "has no label"),
    ],
)
def test_a_wrong_word_is_refused_before_anything_is_started(tmp_path, request_, says):
    loop = make_study(tmp_path, scans=2)
    loop.label("case_00", tmp_path / "truth" / "case_00.nii.gz", author="Ada")
    with pytest.raises(BadInput) as caught:
        loop.start("train", **request_)
    assert says in str(caught.value)
    assert loop.runs.all() == []


def test_a_label_that_cannot_be_read_stops_the_training_before_it_starts(tmp_path):
    loop = make_study(tmp_path, scans=2)
    loop.label("case_00", tmp_path / "truth" / "case_00.nii.gz", author="Ada")
    (loop.study.path / "labels" / "final" / "case_01.nii.gz").write_bytes(b"no label")
    with pytest.raises(BadInput, match=r"1 label file\(s\) cannot be used") as caught:
        loop.start("train", iterations=1)
    assert "case_01.nii.gz" in str(caught.value) and loop.runs.all() == []


def test_of_two_commands_at_the_same_moment_one_is_refused(tmp_path):
    class Idle(Launcher):
        def launch(self, run: RunFolder) -> None:
            pass

    make_study(tmp_path, scans=2)
    loops = [Controller.open(tmp_path / "study", launcher=Idle()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        ends = [end.exception() for end in [pool.submit(loop.start, "rank") for loop in loops]]
    assert [end is None for end in ends].count(True) == 1
    assert all("is at work" in str(end) for end in ends if end is not None)
    assert len(loops[0].runs.all()) == 1


def test_labels_in_memory_and_files_are_the_same_to_the_study(tmp_path):
    loop = make_study(tmp_path, scans=1)
    loop.label("case_00", tiny_scan(0)[1], author="Ada")
    loop.label("case_00", tmp_path / "truth" / "case_00.nii.gz", author="Bob", origin="corrected")
    first, second = loop.study.revisions("case_00")
    assert np.array_equal(first.path.read_bytes(), second.path.read_bytes()) or first.label_digest
    assert (first.author, second.origin) == ("Ada", "corrected")
