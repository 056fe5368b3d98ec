"""Progress over many scans: a large one moves too, and the time left is that of what must still be computed."""

from __future__ import annotations

import pytest

from DualSSLSegLib.jobs.journal import EventReader, EventWriter
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.worker.case_progress import CaseProgress
from DualSSLSegLib.worker.session import Session


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def journal(tmp_path):
    """A run, its session and the clock of both."""
    run = RunFolder.create(tmp_path / "runs", {"kind": "segment", "device": "cpu"}, {"cases": []})
    writer = EventWriter(run.events_path)
    clock = Clock()
    session = Session(run, writer, clock=clock)
    yield run, session, clock
    writer.close()


def rows(run: RunFolder) -> list[dict]:
    return [event for event in EventReader(run.events_path).read() if event["type"] == "progress"]


def test_the_windows_of_a_large_scan_are_seen_and_the_time_left_follows(journal):
    run, session, clock = journal
    session.phase("segment", total=2)
    progress = CaseProgress(session, 2, clock)
    progress.begin("large")
    clock.now += 30.0
    progress.hear("progress", step=300, total=1200)
    (event,) = rows(run)
    assert (event["step"], event["total"], event["case"], event["part"]) == (0, 2, "large", 0.25)
    assert event["eta_s"] == pytest.approx(30.0 / 0.25 * 1.75)
    state = state_of(run)
    assert (state.case, state.part, state.step) == ("large", 0.25, 0)
    clock.now += 90.0
    progress.end()
    assert rows(run)[-1]["step"] == 1 and "part" not in rows(run)[-1]
    assert rows(run)[-1]["eta_s"] == pytest.approx(120.0)
    assert state_of(run).part == 0.0


def test_scans_that_are_skipped_do_not_promise_a_fast_rest(journal):
    run, session, clock = journal
    progress = CaseProgress(session, 4, clock)
    for name in ("a", "b"):
        progress.begin(name)
        clock.now += 0.01
        progress.end(skipped=True)
    progress.begin("c")
    clock.now += 60.0
    progress.end()
    assert rows(run)[-1]["eta_s"] == pytest.approx(60.0, rel=0.01)  # one left, which takes as long as the one


def test_a_warning_of_the_prediction_reaches_the_journal(journal):
    run, session, clock = journal
    progress = CaseProgress(session, 1, clock)
    progress.begin("a")
    progress.hear("warning", code="out_of_memory", text="smaller windows")
    assert ("out_of_memory", "smaller windows") in state_of(run).warnings


def test_the_last_scan_leaves_no_time(journal):
    run, session, clock = journal
    progress = CaseProgress(session, 1, clock)
    progress.begin("a")
    clock.now += 5.0
    progress.end()
    assert rows(run)[-1]["step"] == rows(run)[-1]["total"] == 1 and "eta_s" not in rows(run)[-1]
