"""A run in words that a clinician reads, from the events a worker writes."""

from __future__ import annotations

import json
from functools import reduce as fold

import pytest

from DualSSLSegLib.jobs.control import write_want
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState, reduce
from DualSSLSegLib.loop.run_words import curves, describe_run, labels_used, time_words

STARTED = {"type": "started", "attempt": 1, "pid": 4, "host": "elsewhere", "device": "cpu"}
TRAINING = [
    STARTED,
    {"type": "phase", "name": "train", "total": 100},
    {"type": "progress", "step": 20, "total": 100, "eta_s": 190, "loss": 1.5},
]


@pytest.fixture
def run(tmp_path):
    rows = [{"id": "a", "role": "labelled"}, {"id": "b", "role": "unlabelled"}]
    return RunFolder.create(tmp_path, {"kind": "train", "round": 2}, {"cases": rows})


def state(*events):
    numbered = [{"v": 1, "seq": n, "t": 1.0, **event} for n, event in enumerate(events, 1)]
    return fold(reduce, numbered, RunState())


def test_a_training_under_way(run):
    words = describe_run(run, state(*TRAINING))
    assert (words.title, words.status) == ("Training, round 2", "Training the networks")
    assert words.detail == "Step 20 of 100 on the processor"
    assert words.fraction == 0.2 and words.time_left == "about 3 min left"
    assert (words.can_pause, words.can_resume, words.can_stop) == (True, False, True)
    assert words.plateau == "" and words.warnings == ()
    assert labels_used(run) == ("a",)


def test_predicting_counts_scans(run):
    words = describe_run(
        run,
        state(
            *TRAINING,
            {"type": "phase", "name": "predict", "total": 9},
            {"type": "progress", "step": 3, "total": 9},
        ),
    )
    assert (words.status, words.detail) == ("Predicting the other scans", "Scan 3 of 9")


def test_a_plateau_is_said_while_it_matters_and_other_warnings_stay(run):
    told = [
        *TRAINING,
        {"type": "warning", "code": "plateau", "text": "Stopping now is fine."},
        {"type": "warning", "code": "bad_scan", "text": "Case x is left out."},
        {"type": "warning", "code": "bad_scan", "text": "Case x is left out."},
    ]
    words = describe_run(run, state(*told))
    assert words.plateau == "Stopping now is fine." and words.warnings == ("Case x is left out.",)
    assert describe_run(run, state(*told, {"type": "finished", "predicted": 1})).plateau == ""


def test_what_was_asked_is_shown_until_it_is_done(run):
    write_want(run, "pause")
    asked = describe_run(run, state(*TRAINING))
    assert (asked.status, asked.can_pause, asked.can_stop) == ("Pausing", False, True)
    paused = describe_run(run, state(*TRAINING, {"type": "phase", "name": "paused"}))
    assert (paused.status, paused.can_resume, paused.fraction) == ("Paused", True, 0.2)
    write_want(run, "stop")
    stopping = describe_run(run, state(*TRAINING))
    assert stopping.status.startswith("Stopping") and not stopping.can_stop


@pytest.mark.parametrize(
    ("last", "status", "says"),
    [
        ({"type": "finished", "predicted": 1}, "Finished", "1 scan was predicted."),
        ({"type": "finished", "predicted": 4, "unusable": ["x"]}, "Finished", "1 could not be used"),
        ({"type": "stopped"}, "Stopped, the work is kept", "Resume"),
        (
            {"type": "failed", "text": "Memory ran out.", "hint": "Use less."},
            "Failed",
            "Memory ran out. Use less.",
        ),
        ({"type": "failed"}, "Failed", "console.log"),
    ],
)
def test_every_end(run, last, status, says):
    words = describe_run(run, state(*TRAINING, last))
    assert words.status == status and says in words.detail
    assert not words.can_stop and words.can_resume == (last["type"] != "finished")


def test_a_lost_run_says_what_resume_does(run):
    run.events_path.write_text(
        "".join(json.dumps({"v": 1, "seq": n, "t": 1.0, **e}) + "\n" for n, e in enumerate(TRAINING, 1))
    )
    from DualSSLSegLib.jobs.state import liveness

    lost = liveness(state_of(run), 0.0, 1e9)
    words = describe_run(run, lost)
    assert words.status == "Interrupted" and "begins it again" in words.detail and words.can_resume
    assert "no space left on the disk" in words.detail
    kept = liveness(state(*TRAINING, {"type": "checkpoint", "path": "c", "step": 20}), 0.0, 1e9)
    assert "last saved state" in describe_run(run, kept).detail


def test_a_run_folder_full_of_rubbish_is_still_described(run):
    run.spec_path.write_text("rubbish")
    run.control_path.write_text("rubbish")
    run.events_path.write_bytes(
        b"\x00\xff rubbish\n{}\n[1]\n"
        + json.dumps(
            {"v": 1, "seq": 1, "type": "progress", "step": "many", "total": None, "eta_s": None}
        ).encode()
        + b"\n"
    )
    words = describe_run(run, state_of(run))
    assert words.title == "Run" and words.warnings


def test_curves_leave_out_what_is_not_defined():
    told = state(
        *TRAINING,
        {
            "type": "validated",
            "step": 20,
            "measure": "agreement",
            "agreement": {"liver": 0.5, "tumour": None},
        },
        {"type": "progress", "step": 40, "total": 100, "loss": 1.0},
        {"type": "validated", "step": 40, "measure": "agreement", "agreement": {"liver": 0.7, "tumour": 0.2}},
    )
    loss, liver, tumour = curves(told)
    assert (loss.kind, loss.points) == ("loss", ((20.0, 1.5), (40.0, 1.0)))
    assert (liver.name, liver.kind, liver.points) == ("liver", "agreement", ((20.0, 0.5), (40.0, 0.7)))
    assert tumour.points == ((40.0, 0.2),)
    assert curves(RunState()) == []


def test_times_as_one_says_them():
    assert [time_words(s) for s in (1, 59, 200, 3600, 4300)] == [
        "1 min",
        "1 min",
        "3 min",
        "1 h",
        "1 h 12 min",
    ]
