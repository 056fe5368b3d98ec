"""A worker that is killed, loses its power, or writes rubbish; the panel goes on, and so can the training."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal

import pytest
from support.benches import Clock, ToldWorkers
from support.predictions import tell
from support.quick_worker import QuickLauncher
from support.slow_worker import SlowLauncher

pytestmark = pytest.mark.panel


@pytest.fixture
def labelled(panel, scans):
    """A study with one label, ready to train."""
    panel.new_study(scans, "liver, tumour")
    panel.open_next()
    panel.paint("liver")
    panel.submit()
    panel.wait_until(lambda: panel.panel.train.ui.trainButton.enabled)
    return panel


@pytest.fixture
def slow_worker(labelled):
    labelled.workbench.launcher = SlowLauncher()
    labelled.workbench.controller.runs._launcher = labelled.workbench.launcher
    yield labelled.workbench.launcher
    labelled.workbench.launcher.end()


@pytest.fixture
def told(labelled):
    """A training whose worker's words are written by the test."""
    labelled.workbench.controller.runs._launcher = ToldWorkers()
    labelled.click(labelled.panel.train.ui.trainButton)
    labelled.wait_until(lambda: labelled.workbench.run_words is not None)
    return labelled


def test_a_killed_worker_is_noticed_at_once_and_resume_goes_on_from_the_saved_step(labelled, slow_worker):
    train, workbench = labelled.panel.train, labelled.workbench
    labelled.click(train.ui.trainButton)
    labelled.wait_until(lambda: workbench.run_state is not None and workbench.run_state.step > 25)
    assert train.ui.resumeButton.enabled is False and train.ui.stopButton.enabled
    os.kill(workbench.run_state.pid, signal.SIGKILL)
    labelled.wait_until(lambda: workbench.run_state.status == "lost")
    saved = workbench.run_state.checkpoint_step
    assert train.run_view.text("Status") == "Interrupted" and "killed" in train.run_view.text("Detail")
    assert any("was interrupted" in text for text in labelled.said())
    labelled.click(train.ui.resumeButton)
    labelled.wait_until(lambda: workbench.run_state.attempt == 2 and workbench.run_state.step > saved + 3)
    steps = [step for step, _ in workbench.run_state.curve]
    assert steps == sorted(set(steps)) and steps[0] == 1 and workbench.curves[0].points[-1][0] > saved
    labelled.click(train.ui.stopButton)
    labelled.wait_until(lambda: workbench.run_state.status == "stopped")
    assert any("the work is kept" in text for text in labelled.said())


def test_a_worker_that_is_out_of_reach_counts_as_lost_after_a_minute_of_silence(told, monkeypatch):
    """On another machine no process can be looked at: only the journal tells, by the reader's clock."""
    workbench, clock = told.workbench, Clock()
    monitor = workbench.controller.runs._monitors[workbench.run]
    tell(workbench.run, {"type": "phase", "name": "train", "total": 10})
    tell(workbench.run, {"type": "progress", "step": 3, "total": 10, "loss": 1.0})
    told.wait_until(lambda: workbench.run_state.step == 3)
    clock.now = monitor._last_growth + 59
    monkeypatch.setattr(monitor, "_clock", clock)
    told.wait_until(lambda: not workbench._looking)
    workbench._watch_now()
    told.wait_until(lambda: not workbench._looking)
    assert workbench.run_state.active
    clock.now += 2
    told.wait_until(lambda: workbench.run_state.status == "lost")
    assert told.panel.train.ui.resumeButton.enabled
    tell(workbench.run, {"type": "progress", "step": 4, "total": 10})  # it had only been asleep
    told.wait_until(lambda: workbench.run_state.active and workbench.run_state.step == 4)


RUBBISH = {
    "bytes": bytes(range(256)) * 40 + b"\n",
    "half lines": b'{"v":1,"seq":9,"type":"prog\n}\n{"v":1,\n',
    "no objects": b'[]\n7\n"text"\nnull\ntrue\n[[[[]]]]\n',
    "deep": b"[" * 100_000 + b"\n",
    "a long number": b'{"v":1,"seq":1' + b"0" * 5000 + b',"type":"finished"}\n',
    "missing fields": b'{"v":1}\n{"seq":4}\n{"type":"progress"}\n{"v":1,"seq":4}\n',
    "a number far ahead": b'{"v":1,"seq":900719925474099,"type":"heartbeat"}\n',
    "an end from before the start": b'{"v":1,"seq":-5,"type":"finished"}\n',
}


def test_lines_that_are_no_events_are_passed_over(told):
    workbench = told.workbench
    tell(workbench.run, {"type": "phase", "name": "train", "total": 1000})
    for step, rubbish in enumerate(RUBBISH, 1):
        before = workbench.run_state.warning_count
        with open(workbench.run.events_path, "ab") as journal:
            journal.write(RUBBISH[rubbish])
        tell(workbench.run, {"type": "progress", "step": step, "total": 1000, "loss": 0.5})
        told.wait_until(lambda: told.panel.train.run_view.progress.value == step)  # noqa: B023
        assert workbench.run_state.warning_count > before, rubbish
        assert workbench.run_state.active, rubbish
    assert "not an event" in told.panel.train.run_view.text("Warnings")
    tell(workbench.run, {"type": "finished"})
    told.wait_until(lambda: workbench.run_state.status == "finished")


ODD_VALUES = (
    *(None, True, -1, -(10**9), 0, 10**15, 10**400, 1e308, -1e308, float("nan"), float("inf")),
    *("", "three", "x" * 100_000, "<b>bold</b>", [], [1], {}, {"a": None}, {"a": "b", "c": float("nan")}),
    *({"a": [1]}, {"a": 10**400}, {"": {"": {}}}),
)
FIELDS = {
    "started": ("attempt", "pid", "host", "device", "versions", "inputs", "t"),
    "device": ("device", "versions"),
    "phase": ("name", "total"),
    "progress": ("step", "total", "eta_s", "case", "part", "terms", "weights", "lr", "loss"),
    "validated": ("step", "measure", "dice", "agreement"),
    "checkpoint": ("path", "step"),
    "predicted": ("case",),
    "warning": ("code", "text"),
    "heartbeat": ("memory_mb",),
    "no_such_type": ("step",),
}


def test_events_with_any_content_keep_the_panel_going(told):
    """Every field of every event holds everything that JSON, or Python's idea of it, can hold."""
    workbench, chance = told.workbench, random.Random(7)
    tell(workbench.run, {"type": "phase", "name": "train", "total": 50})
    number = workbench.run.events_path.read_bytes().count(b"\n")
    for kind, fields in FIELDS.items():
        with open(workbench.run.events_path, "a", encoding="utf-8") as journal:
            for field, value in itertools.product(fields, ODD_VALUES):
                number += 1
                others = {name: chance.choice(ODD_VALUES) for name in fields if name != field}
                event = {"v": 1, "seq": number, "t": 5.0, "type": kind, **others, field: value}
                journal.write(json.dumps(event) + "\n")
        told.wait_until(lambda: workbench.run_state.seq >= number)  # noqa: B023 - waited for at once
    tell(workbench.run, {"type": "started", "attempt": 2, "pid": 1, "host": "elsewhere", "device": "cpu"})
    tell(workbench.run, {"type": "phase", "name": "train", "total": 50})
    tell(workbench.run, {"type": "progress", "step": 25, "total": 50, "loss": 0.5, "eta_s": 120})
    view = told.panel.train.run_view
    told.wait_until(lambda: view.progress.value == 500)
    assert view.text("Detail") == "Step 25 of 50 on the processor" and "2 min" in view.text("TimeLeft")


def test_a_last_word_with_any_content_ends_the_run(told):
    event = {"predicted": "lots", "failed": 5, "unusable": {"a": 1}, "segmented": None}
    event |= {"code": 7, "text": ["no"], "hint": None, "memory_mb": "much"}
    for last in ("failed", "stopped", "finished"):
        if last != "failed":
            told.click(told.panel.train.ui.resumeButton)
            told.wait_until(lambda: told.workbench.run_state.active)
        tell(told.workbench.run, {"type": last, **event})
        told.wait_until(lambda: told.workbench.run_state.status == last)  # noqa: B023
        assert told.panel.train.run_view.text("Status")


DAMAGED_RANKINGS = (
    b"\xff\xfe rubbish",
    b"[]",
    b'{"v": 1}',
    b'{"v": "one", "suggestions": [{"case": 5}]}',
    b'{"v": 1, "suggestions": [{"case": "scan_2", "score": "high", "reason": "", "values": {}}]}',
    b'{"v": 99, "suggestions": []}',
)


def test_a_damaged_ranking_is_named_and_hides_nothing_else(labelled):
    workbench = labelled.workbench
    workbench.controller.runs._launcher = QuickLauncher()
    labelled.click(labelled.panel.train.ui.trainButton)
    labelled.wait_until(
        lambda: any(row.state == "predicted" for row in workbench.rows) and not workbench.busy
    )
    for scores in DAMAGED_RANKINGS:
        workbench.problems = ()
        workbench.run.scores_path.write_bytes(scores)
        labelled.click(labelled.panel.study.ui.refreshButton)
        labelled.wait_until(lambda: any(p.path == workbench.run.scores_path for p in workbench.problems))
        assert len(workbench.rows) == 4 and workbench.queue is None
    again = labelled.panel.review
    assert again.ui.reviewNextButton.enabled
    labelled.click(again.ui.reviewNextButton)
    labelled.wait_until(lambda: workbench.prediction is not None)


@pytest.mark.parametrize("damaged", ["facts", "label", "uncertainty"])
def test_a_damaged_prediction_is_said_in_words_and_the_next_one_can_be_reviewed(labelled, damaged):
    workbench, review = labelled.workbench, labelled.panel.review
    workbench.controller.runs._launcher = QuickLauncher()
    labelled.click(labelled.panel.train.ui.trainButton)
    labelled.wait_until(
        lambda: any(row.state == "predicted" for row in workbench.rows) and not workbench.busy
    )
    case, other = [row.id for row in workbench.rows if row.state == "predicted"][:2]
    path = {
        "facts": workbench.run.prediction_facts_path(case),
        "label": workbench.run.prediction_path(case),
        "uncertainty": workbench.run.uncertainty_path(case),
    }[damaged]
    path.write_bytes(b'{"hot_spots": [{"number": "x"}]}' if damaged == "facts" else b"rubbish")
    workbench.review(case)
    labelled.wait_until(lambda: workbench.message.kind == "error" and not workbench.busy)
    assert path.name in workbench.message.text and workbench.prediction is None
    workbench.review(other)
    labelled.wait_until(lambda: workbench.prediction is not None and workbench.prediction.case == other)
    assert review.ui.acceptButton.enabled
