"""Stopping, killing and resuming: nothing is lost, and the numbers are those of a run that was never disturbed."""

from __future__ import annotations

import random
import threading
import time

import numpy as np
import pytest
import torch
from support.tiny_runs import start_worker, tiny_inputs, tiny_run

from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.jobs.control import write_want
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.process import end_hard
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.processes import host_name
from DualSSLSegLib.training.model_file import load_model
from DualSSLSegLib.worker.session import serve

ITERATIONS = 6


def events(run: RunFolder) -> list[dict]:
    return EventReader(run.events_path).read()


def weights(run: RunFolder) -> dict[str, torch.Tensor]:
    networks = load_model(run.model_path).networks
    return {
        f"{role}.{name}": value for role, net in networks.items() for name, value in net.state_dict().items()
    }


def curve(run: RunFolder) -> dict[int, object]:
    return {event["step"]: event["agreement"] for event in events(run) if event["type"] == "validated"}


def serve_and_stop(run: RunFolder, at_step: int) -> None:
    """Do the run in a thread and ask it to stop once it has come to `at_step`."""
    worker = threading.Thread(target=serve, args=(run,))
    worker.start()
    while worker.is_alive():
        if any(event["type"] == "validated" and event["step"] >= at_step for event in events(run)):
            write_want(run, "stop")
        time.sleep(0.01)
    worker.join()


@pytest.mark.slow
def test_same_seed_same_numbers_also_after_a_stop_and_a_resume(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=2)
    undisturbed = tiny_run(tmp_path, cases, budget={"iterations": ITERATIONS})
    assert serve(undisturbed) == 0
    stopped = tiny_run(tmp_path, cases, budget={"iterations": ITERATIONS})
    serve_and_stop(stopped, at_step=2)
    state = state_of(stopped)
    assert state.status == "stopped" and 2 <= state.checkpoint_step < ITERATIONS
    assert not load_model(stopped.model_path).info["complete"]
    write_want(stopped, "run")
    assert serve(stopped) == 0
    assert curve(stopped) == curve(undisturbed)
    ours, theirs = weights(stopped), weights(undisturbed)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for name in ("case_01", "case_02"):
        pair = (run.prediction_path(name) for run in (stopped, undisturbed))
        assert len({file_digest([path]) for path in pair}) == 1


def test_a_stop_is_obeyed_in_the_cache_phase_and_in_the_predict_phase(tmp_path):
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=2)
    run = tiny_run(tmp_path, cases, budget={"iterations": 1})
    write_want(run, "stop")
    assert serve(run) == 130
    assert [event["type"] for event in events(run)][-1] == "stopped" and not run.model_path.exists()
    write_want(run, "run")
    worker = threading.Thread(target=serve, args=(run,))
    worker.start()
    while worker.is_alive() and not any(event["type"] == "predicted" for event in events(run)):
        time.sleep(0.005)
    write_want(run, "stop")
    worker.join()
    if state_of(run).status == "stopped":  # else the last case was done before the wish was seen
        model = run.model_path.read_bytes()
        write_want(run, "run")
        assert serve(run) == 0
        assert run.model_path.read_bytes() == model, "a finished training is not repeated"
    assert all(run.prediction_facts_path(name).exists() for name in ("case_01", "case_02"))


@pytest.mark.slow
def test_killed_at_random_moments_the_run_resumes_and_comes_to_its_end(tmp_path):
    rng = random.Random(2025)
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=2)
    labels = {case["id"]: file_digest([case["label"]["path"]]) for case in cases if case["label"]}
    run = tiny_run(tmp_path, cases, budget={"iterations": ITERATIONS})
    for _ in range(4):
        worker = start_worker(run)
        deadline = time.monotonic() + rng.uniform(0.1, 8.0)
        while worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if worker.poll() is None:
            end_hard(worker.pid, host_name())
        worker.wait()
        if state_of(run).status == "finished":
            break
    state = state_of(run)
    if state.status != "finished":
        assert serve(run) == 0
    whole = [event for event in events(run) if "seq" in event]
    assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
    attempts = [event["attempt"] for event in whole if event["type"] == "started"]
    assert attempts == list(range(1, len(attempts) + 1))
    assert [event["type"] for event in whole].count("finished") == 1
    for case in cases[1:]:
        assert run.prediction_facts_path(case["id"]).exists()
    for entry in (tmp_path / "cache").iterdir():
        if not entry.name.startswith("."):
            assert np.load(entry / "image.npy").ndim == 4
    assert labels == {case["id"]: file_digest([case["label"]["path"]]) for case in cases if case["label"]}
    assert not list(run.predictions.glob(".*.tmp*"))


def test_the_first_event_comes_before_torch_is_loaded(tmp_path):
    run = tiny_run(tmp_path, tiny_inputs(tmp_path, labelled=1, unlabelled=0), budget={"iterations": 1})
    write_want(run, "stop")
    worker = start_worker(run)
    assert worker.wait() == 130
    story = events(run)
    assert [event["type"] for event in story if event["type"] != "heartbeat"] in (
        ["started", "device", "stopped"],
        ["started", "device", "plan", "stopped"],
        ["started", "device", "plan", "phase", "stopped"],
    )
    assert story[0]["pid"] == worker.pid and "torch" in story[0]["versions"]
