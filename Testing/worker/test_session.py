"""A worker's lifetime: what the journal says whatever the work does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from DualSSLSegLib.errors import BadInput, RunFailed
from DualSSLSegLib.jobs.control import write_want
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.worker_lock import WorkerBusy, WorkerLock
from DualSSLSegLib.processes import host_name
from DualSSLSegLib.worker import machine
from DualSSLSegLib.worker.machine import free_memory_bytes, peak_memory_mb
from DualSSLSegLib.worker.session import Session, serve


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", {"kind": "train", "device": "cpu"}, {"cases": []})


def events(run: RunFolder) -> list[dict]:
    return EventReader(run.events_path).read()


def types(run: RunFolder) -> list[str]:
    return [event["type"] for event in events(run)]


def test_a_run_says_who_does_it_and_how_it_ended(run):
    def work(session: Session) -> dict:
        session.phase("train", total=2)
        for step in (1, 2):
            session.report("progress", step=step, total=2)
        return {"model": "checkpoints/model.pt"}

    assert serve(run, work) == 0
    started, *_, last = events(run)
    assert (started["attempt"], started["pid"], started["host"]) == (1, os.getpid(), host_name())
    assert started["versions"]["python"].startswith("3.") and len(started["inputs"]) == 64
    assert last["type"] == "finished" and last["model"] == "checkpoints/model.pt" and last["memory_mb"] > 10
    assert types(run) == ["started", "phase", "progress", "progress", "finished"]


def test_progress_is_thinned_to_one_a_second_but_the_last_step_is_told(run):
    def work(session: Session) -> dict:
        session.phase("train", total=500)
        for step in range(1, 501):
            session.report("progress", step=step, total=500)
        return {}

    serve(run, work)
    steps = [event["step"] for event in events(run) if event["type"] == "progress"]
    assert steps[0] == 1 and steps[-1] == 500 and len(steps) < 10


@pytest.mark.parametrize(
    "error, code, exit_code, says",
    [
        (
            BadInput("it is empty.", hint="Export it again.", path="/a/b.nii"),
            "bad_input",
            2,
            "/a/b.nii: it is empty.",
        ),
        (MemoryError("12 GB"), "out_of_memory", 3, "memory did not suffice"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "out_of_memory", 3, "memory"),
        (
            ZeroDivisionError("division by zero"),
            "run_failed",
            1,
            "unexpected ZeroDivisionError: division by zero",
        ),
    ],
)
def test_a_failure_has_a_code_words_and_a_next_step(run, error, code, exit_code, says):
    def work(session: Session) -> dict:
        raise error

    assert serve(run, work) == exit_code
    last = events(run)[-1]
    assert (last["type"], last["code"]) == ("failed", code)
    assert says in last["text"] and last["hint"]
    assert type(error).__name__ in (run.path / last["traceback"]).read_text()
    assert types(run).count("failed") == 1


def test_a_pause_waits_and_a_stop_ends_the_run(run):
    steps = []
    begun, paused_s = time.monotonic(), 0.3

    def work(session: Session) -> dict:
        session.phase("cache", total=9)
        while True:
            session.check()
            steps.append((session.worked_s, time.monotonic() - begun))
            time.sleep(0.01)

    worker = threading.Thread(target=serve, args=(run, work))
    worker.start()
    wait_for(lambda: steps)
    write_want(run, "pause")
    wait_for(lambda: state_of(run).status == "paused")
    count = len(steps)
    time.sleep(paused_s)
    assert len(steps) == count and state_of(run).phase == "cache"
    write_want(run, "run")
    wait_for(lambda: len(steps) > count)
    assert state_of(run).status == "running"
    write_want(run, "stop")
    worker.join(timeout=120)
    assert types(run) == ["started", "phase", "phase", "phase", "stopped"]
    assert events(run)[-1]["by"] == "request"
    assert all(worked < passed for worked, passed in steps[:count])
    assert all(worked < passed - paused_s for worked, passed in steps[count:]), "a pause is no work"


def wait_for(condition, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_wish_nobody_understands_is_told_once_and_the_run_goes_on(run):
    def work(session: Session) -> dict:
        for _ in range(3):
            session.check()
            time.sleep(0.11)
        return {}

    run.control_path.write_text('{"want": "dance"}')
    assert serve(run, work) == 0
    assert types(run) == ["started", "warning", "finished"]


def test_a_run_is_resumed_as_the_next_attempt_until_it_is_finished(run):
    def fails(session: Session) -> dict:
        raise BadInput("not yet.")

    def works(session: Session) -> dict:
        return {"attempt": session.attempt}

    serve(run, fails)
    assert serve(run, works) == 0
    assert events(run)[-1]["attempt"] == 2
    before = run.events_path.read_bytes()
    with pytest.raises(RunFailed, match="finished"):
        serve(run, works)
    assert run.events_path.read_bytes() == before


def test_a_second_worker_on_a_live_run_is_refused_and_leaves_the_journal_alone(run):
    with WorkerLock(run):
        done = subprocess.run(
            [sys.executable, "-m", "DualSSLSegLib.worker", str(run.path)],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            timeout=300,
        )
    assert done.returncode == WorkerBusy.exit_code and "another worker" in done.stderr
    assert not run.events_path.exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(BadInput, match="not a run folder"):
        serve(RunFolder(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_a_signal_to_end_is_a_stop(run):
    def work(session: Session) -> dict:
        os.kill(os.getpid(), signal.SIGTERM)
        while True:
            session.check()
            time.sleep(0.01)

    before = signal.getsignal(signal.SIGTERM)
    assert serve(run, work) == 130
    assert types(run) == ["started", "stopped"] and events(run)[-1]["by"] == "signal"
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_machine_tells_its_memory():
    assert free_memory_bytes() > 1 << 20
    peak = peak_memory_mb()
    assert peak is not None and 10 < peak < 1 << 20


def test_the_page_cache_of_a_container_counts_as_free(tmp_path):
    assert machine._container_room(tmp_path) == []
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 100\nfile 800\ninactive_file 300\nactive_file 200\n")
    assert machine._container_room(tmp_path) == [600]
    (tmp_path / "memory.max").write_text("max\n")
    assert machine._container_room(tmp_path) == []
