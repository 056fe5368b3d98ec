"""The runs of a study: found, watched, started and steered. Nothing here waits for a worker except `watch`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.control import Want, write_resumed, write_want
from DualSSLSegLib.jobs.monitor import RunMonitor
from DualSSLSegLib.jobs.process import end_hard
from DualSSLSegLib.jobs.run_folder import RunFolder, list_runs
from DualSSLSegLib.jobs.state import RunState, liveness
from DualSSLSegLib.loop.launcher import Launcher

_POLL_S = 0.2


class Runs:
    """The runs in one folder. `owner` is the study or output folder that errors name.

    `lock` is held while a run is started, so that of two commands at the same moment one is refused.
    """

    def __init__(
        self,
        folder: Path,
        owner: Path,
        launcher: Launcher | None = None,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self.folder = folder
        self._lock = nullcontext() if lock is None else lock
        self._owner = owner
        self._launcher = launcher or Launcher()
        self._monitors: dict[RunFolder, RunMonitor] = {}

    def all(self) -> list[RunFolder]:
        """All runs, oldest first."""
        return list_runs(self.folder)

    def find(self, run_id: str | None = None, *, active: bool = False) -> RunFolder:
        """The run of this id (or beginning of an id), or the newest one (the newest active one with `active`).

        Raises BadInput when there is none, or more than one of that beginning.
        """
        runs = self.all()
        if run_id is not None:
            found = [run for run in runs if run.id == run_id] or [
                run for run in runs if run.id.startswith(run_id)
            ]
            if len(found) != 1:
                listed = ", ".join(run.id for run in runs[-3:]) or "none"
                text = (
                    f"no run is called {run_id!r}."
                    if not found
                    else f"{len(found)} runs begin with {run_id!r}."
                )
                raise BadInput(text, hint=f"The newest: {listed}.", path=self._owner)
            return found[0]
        if active:
            runs = [run for run in runs if self.state(run).active]
        if not runs:
            text = "no run is at work." if active else "this study has no run yet."
            raise BadInput(text, hint="Start one: dualsslseg train STUDY.", path=self._owner)
        return runs[-1]

    def state(self, run: RunFolder) -> RunState:
        """What a run is doing now; cheap to ask again and again."""
        return self._look(run, self._monitors.setdefault(run, RunMonitor(run)))[0]

    def _look(self, run: RunFolder, monitor: RunMonitor) -> tuple[RunState, list[dict[str, Any]]]:
        ended = self._launcher.ended(
            run
        )  # asked first: a worker that ends after this is seen by the next look
        state, events = monitor.poll_events()
        if ended and state.status == "waiting":  # it died before its first word; the console says why
            state = liveness(state, 0.0, 0.0, process_gone=True)
        return state, events

    def active(self) -> RunFolder | None:
        """The run at work, if any."""
        return next((run for run in reversed(self.all()) if self.state(run).active), None)

    def refuse_when_busy(self) -> None:
        """Raise BadInput when a run is at work: one run works on a study at a time."""
        busy = self.active()
        if busy is not None:
            raise BadInput(
                f"run {busy.id} is at work here.",
                hint="Wait until it is done, or stop it first.",
                path=self._owner,
            )

    def start(self, spec: Mapping[str, Any], inputs: Mapping[str, Any]) -> RunFolder:
        """Write a run folder and start its worker. Raises BadInput when a run is at work, RunFailed when the worker
        cannot be started (the run can then be resumed)."""
        with self._lock:
            self.refuse_when_busy()
            run = RunFolder.create(self.folder, spec, inputs)
        self._launch(run)
        return run

    def _launch(self, run: RunFolder) -> None:
        write_resumed(run, self.state(run).seq)
        self._launcher.launch(run)

    def pause(self, run: RunFolder | None = None) -> RunFolder:
        """Ask a run to wait between two steps. Raises BadInput when it is not at work."""
        return self._ask(run, "pause")

    def stop(self, run: RunFolder | None = None) -> RunFolder:
        """Ask a run to save and end. Raises BadInput when it is not at work."""
        return self._ask(run, "stop")

    def _ask(self, run: RunFolder | None, want: Want) -> RunFolder:
        run = run or self.find(active=True)
        if not self.state(run).active:
            raise BadInput(f"run {run.id} is not at work ({self.state(run).status}).", path=self._owner)
        write_want(run, want)
        return run

    def resume(self, run: RunFolder | None = None) -> RunFolder:
        """Let a paused run go on, or take up one that stopped, failed or was lost, from its last checkpoint.

        Without a run: the newest. Raises BadInput when it is finished, or when another run is at work.
        """
        run = run or self.find()
        state = self.state(run)
        if state.status == "finished":
            raise BadInput(f"run {run.id} is finished.", hint="Start a new one.", path=self._owner)
        if state.active:
            write_want(run, "run")
            return run
        with self._lock:
            self.refuse_when_busy()
            self._launch(run)
        return run

    def kill(self, run: RunFolder) -> None:
        """End a run's worker at once; it can be resumed from its last checkpoint."""
        state = self.state(run)
        if not state.active:
            return
        write_want(run, "stop")  # for a worker that is out of reach
        if state.pid is not None and state.host is not None:
            end_hard(state.pid, state.host)
        else:
            self._launcher.kill(run)

    def watch(self, run: RunFolder) -> Iterator[tuple[RunState, list[dict[str, Any]]]]:
        """Wait for a run: its state and its new events about five times a second, last when it has ended.

        The first events are all that the journal holds so far. For command lines; a panel asks `state` on a timer.
        """
        monitor = RunMonitor(run)
        while True:
            state, events = self._look(run, monitor)
            yield state, events
            if not state.active:
                return
            time.sleep(_POLL_S)
