"""What a reader makes of a journal."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import reduce as fold

import pytest

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.jobs.control import read_want, write_resumed, write_want
from DualSSLSegLib.jobs.journal import EventWriter
from DualSSLSegLib.jobs.monitor import RunMonitor, state_of
from DualSSLSegLib.jobs.process import end_hard
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState, liveness, reduce
from DualSSLSegLib.processes import host_name, is_alive


def numbered(*events: dict) -> list[dict]:
    return [{"v": 1, "seq": number, "t": 100.0 + number, **event} for number, event in enumerate(events, 1)]


STORY = numbered(
    {"type": "started", "attempt": 1, "pid": 4, "host": "here", "device": "cpu", "inputs": "abc"},
    {"type": "phase", "name": "train", "total": 100},
    {"type": "progress", "step": 10, "total": 100, "eta_s": 9, "terms": {"total": 1.5}, "lr": 0.01},
    {"type": "validated", "step": 10, "dice": {"a": [0.5]}},
    {"type": "checkpoint", "step": 10, "path": "checkpoints/last.pt"},
    {"type": "progress", "step": 20, "total": 100, "eta_s": 8, "terms": {"total": 1.25}, "lr": 0.01},
    {"type": "warning", "code": "plateau", "text": "no gain"},
    {"type": "phase", "name": "predict", "total": 2},
    {"type": "predicted", "case": "c1", "path": "predictions/c1.nii.gz"},
    {"type": "finished", "memory_mb": 900.0, "cases": 1},
)


def test_a_run_told_from_start_to_end():
    training = fold(reduce, STORY[:7], RunState())
    assert (training.status, training.phase, training.step, training.total) == ("running", "train", 20, 100)
    assert training.curve == ((10, 1.5), (20, 1.25)) and training.validated[0]["dice"] == {"a": [0.5]}
    assert training.checkpoint_step == 10 and training.warnings == (("plateau", "no gain"),)
    done = fold(reduce, STORY, RunState())
    assert (done.status, done.predicted, done.memory_mb, done.result) == (
        "finished",
        1,
        900.0,
        {"memory_mb": 900.0, "cases": 1},
    )
    assert not done.active


def test_events_seen_twice_and_unknown_events_change_nothing():
    once = fold(reduce, STORY, RunState())
    assert fold(reduce, STORY, once) == once
    unknown = reduce(once, {"v": 1, "seq": 99, "type": "teleported", "where": 1})
    assert (unknown.status, unknown.seq) == ("finished", 99)


def test_a_resumed_run_replaces_the_steps_it_does_again():
    resumed = numbered(
        *STORY[:6],
        {"type": "started", "attempt": 2, "pid": 5, "host": "here"},
        {"type": "phase", "name": "train", "total": 100},
        {"type": "progress", "step": 11, "total": 100, "terms": {"total": 1.4}},
    )
    state = fold(reduce, resumed, RunState())
    assert (state.attempt, state.pid, state.status) == (2, 5, "running")
    assert state.curve == ((10, 1.5), (11, 1.4)) and len(state.validated) == 1


def test_a_pause_keeps_the_phase_and_its_progress():
    state = fold(reduce, STORY[:6], RunState())
    paused = reduce(state, {"seq": 50, "type": "phase", "name": "paused"})
    assert (paused.status, paused.phase, paused.step) == ("paused", "train", 20)
    back = reduce(paused, {"seq": 51, "type": "phase", "name": "train", "total": 100})
    assert (back.status, back.step) == ("running", 20)


def test_a_long_curve_is_thinned_and_keeps_its_last_point():
    state = fold(reduce, STORY[:2], RunState())
    for step in range(5000):
        state = reduce(state, {"seq": 10 + step, "type": "progress", "step": step, "terms": {"total": 1.0}})
    assert len(state.curve) <= 600 and state.curve[0][0] == 0 and state.curve[-1][0] == 4999


def test_silence_of_a_minute_without_a_last_word_is_lost():
    running, done = fold(reduce, STORY[:3], RunState()), fold(reduce, STORY, RunState())
    assert liveness(running, 0.0, 59.9).status == "running"
    assert liveness(running, 0.0, 60.0).status == "lost"
    assert liveness(running, 0.0, 0.0, process_gone=True).status == "lost"
    assert liveness(done, 0.0, 1e9, process_gone=True).status == "finished"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", {"kind": "train"}, {"cases": []})


def test_the_monitor_counts_silence_on_its_own_clock(run):
    clock = Clock()
    monitor = RunMonitor(run, clock=clock)
    assert monitor.poll().status == "waiting"
    writer = EventWriter(run.events_path)
    writer.emit("started", pid=1, host="another machine")
    assert monitor.poll().status == "running"
    clock.now += 59
    assert monitor.poll().status == "running"
    clock.now += 2
    assert monitor.poll().status == "lost"
    writer.emit("heartbeat")
    assert monitor.poll().status == "running"
    writer.emit("finished")
    writer.close()
    clock.now += 1000
    assert monitor.poll().status == "finished"


def test_a_run_that_fell_silent_long_ago_is_lost_at_first_sight(run):
    writer = EventWriter(run.events_path)
    writer.emit("started", pid=1, host="another machine")
    writer.close()
    os.utime(run.events_path, (1.0, 1.0))
    assert state_of(run).status == "lost"


def test_a_worker_known_to_be_dead_on_this_machine_is_lost_without_waiting(run):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    writer = EventWriter(run.events_path)
    writer.emit("started", pid=child.pid, host=host_name())
    writer.close()
    monitor = RunMonitor(run)
    assert [monitor.poll().status for _ in range(3)] == ["running"] * 3
    end_hard(child.pid, host_name())
    child.wait()
    child.stdin.close()
    assert not is_alive(child.pid)
    monitor.poll()
    assert monitor.poll().status == "lost"


def test_a_resumed_run_waits_for_its_worker_in_every_readers_eyes(run):
    writer = EventWriter(run.events_path)
    writer.emit("started")
    writer.emit("stopped")
    writer.close()
    write_want(run, "stop")
    assert state_of(run).status == "stopped"
    write_resumed(run, after_seq=2)
    assert read_want(run) == "run" and state_of(run).status == "waiting"
    write_want(run, "pause")
    assert state_of(run).status == "waiting"
    os.utime(run.control_path, (1.0, 1.0))
    assert state_of(run).status == "lost"
    writer = EventWriter(run.events_path)
    writer.emit("started", attempt=writer.attempt, pid=1, host="another machine")
    writer.close()
    assert (state_of(run).status, state_of(run).attempt) == ("running", 2)


def test_a_lost_run_that_is_resumed_waits_for_its_worker_too(run):
    writer = EventWriter(run.events_path)
    writer.emit("started", pid=1, host="another machine")
    writer.close()
    os.utime(run.events_path, (1.0, 1.0))
    monitor = RunMonitor(run)
    assert monitor.poll().status == "lost"
    write_resumed(run, after_seq=1)
    assert monitor.poll().status == "waiting" and state_of(run).status == "waiting"


def test_a_worker_elsewhere_is_not_killed_by_its_number():
    with pytest.raises(RunFailed, match="can only be ended there"):
        end_hard(os.getpid(), "another machine")
