"""A run is shown as it goes, and its end becomes the exit code that scripts rely on."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from DualSSLSegLib.commands.following import ended_badly, follow
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.jobs.control import read_want
from DualSSLSegLib.jobs.journal import EventWriter
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.runs import Runs
from DualSSLSegLib.processes import host_name


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, {"kind": "train"}, {"cases": []})


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path, tmp_path)


@pytest.fixture
def writer(run: RunFolder):
    events = EventWriter(run.events_path)
    events.emit("started", attempt=1, pid=os.getpid(), host=host_name())
    yield events
    events.close()


def _screen() -> tuple[Screen, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Screen(out=out, err=err), out, err


def test_a_finished_run_is_told_from_start_to_end(run: RunFolder, runs: Runs, writer: EventWriter) -> None:
    writer.emit("plan", explanation=["Crops are 32 x 48 x 32 voxels."], intensity="MR-like.")
    writer.emit("phase", name="train", total=2)
    writer.emit("progress", step=2, total=2, seconds_per_step=0.5, eta_s=0.0)
    writer.emit("validated", step=2, measure="agreement", mean=0.81, cases=["a"])
    writer.emit("warning", code="bad_scan", text="Case b is left out: it is empty.")
    writer.emit("finished", seconds=75.0)
    screen, out, err = _screen()
    state = follow(run, runs, screen, stop_on_interrupt=True)
    told = out.getvalue()
    assert "Crops are 32 x 48 x 32 voxels." in told
    assert "training: 2 of 2, 0.50 s a step" in told
    assert "agreement of the two networks 0.810" in told
    assert "Finished after 1 min 15 s." in told
    assert "Case b is left out" in err.getvalue()
    assert ended_badly(run, state, "study") is None


def test_progress_is_told_under_the_phase_it_belongs_to(
    run: RunFolder, runs: Runs, writer: EventWriter
) -> None:
    writer.emit("phase", name="shapes", total=6)
    writer.emit("progress", step=6, total=6)
    writer.emit("phase", name="train", total=3)
    writer.emit("progress", step=3, total=3)
    writer.emit("finished", seconds=1.0)
    screen, out, _ = _screen()
    follow(run, runs, screen, stop_on_interrupt=True)
    told = [line for line in out.getvalue().splitlines() if " of " in line]
    assert told == ["comparing shapes: 6 of 6", "training: 3 of 3"]


@pytest.mark.parametrize(
    "code, exit_code", [("out_of_memory", 3), ("bad_input", 2), ("run_failed", 1), ("something_new", 1)]
)
def test_a_failure_has_its_exit_code_and_its_next_step(
    run: RunFolder, runs: Runs, writer: EventWriter, code: str, exit_code: int
) -> None:
    writer.emit("failed", code=code, text="it did not work.", hint="Do this instead.")
    problem = ended_badly(run, follow(run, runs, _screen()[0], stop_on_interrupt=True), "study")
    assert problem is not None
    assert problem.exit_code == exit_code
    assert problem.message == "it did not work."
    assert problem.hint == "Do this instead."


class _Interrupting(Runs):
    """Runs whose watcher is interrupted by Ctrl-C after the first looks; `between` happens before each look."""

    def __init__(self, folder: Path, interruptions: int, between: Callable[[], None] = lambda: None) -> None:
        super().__init__(folder, folder)
        self.interruptions = interruptions
        self.between = between

    def watch(self, run: RunFolder) -> Iterator[tuple[RunState, list[dict[str, Any]]]]:
        for found in super().watch(run):
            yield found
            if self.interruptions:
                self.interruptions -= 1
                raise KeyboardInterrupt
            self.between()


def test_ctrl_c_asks_the_run_to_stop_and_waits_until_it_has_saved(
    run: RunFolder, writer: EventWriter
) -> None:
    def saves() -> None:
        assert read_want(run) == "stop"
        if not writer.ended:
            writer.emit("checkpoint", step=1)
            writer.emit("stopped", seconds=1.0)

    screen, out, _ = _screen()
    state = follow(run, _Interrupting(run.path.parent, 1, saves), screen, stop_on_interrupt=True)
    problem = ended_badly(run, state, "dualsslseg resume my-study")
    assert problem is not None
    assert problem.exit_code == 130
    assert "the work so far is being saved" in out.getvalue()
    assert out.getvalue().count("Started") == 1
    assert "dualsslseg resume my-study" in problem.hint


def test_a_second_ctrl_c_leaves_the_run_to_itself(run: RunFolder, writer: EventWriter) -> None:
    with pytest.raises(KeyboardInterrupt):
        follow(run, _Interrupting(run.path.parent, 2), _screen()[0], stop_on_interrupt=True)
    assert read_want(run) == "stop"


def test_watching_never_touches_the_run(run: RunFolder, writer: EventWriter) -> None:
    with pytest.raises(KeyboardInterrupt):
        follow(run, _Interrupting(run.path.parent, 1), _screen()[0], stop_on_interrupt=False)
    assert read_want(run) == "run"


def test_a_lost_run_says_how_to_go_on(run: RunFolder) -> None:
    problem = ended_badly(run, RunState(status="lost"), "dualsslseg resume study")
    assert problem is not None
    assert problem.exit_code == 1
    assert "dualsslseg resume study" in problem.hint
