"""Follows one run: reads its journal, reduces it, and says `lost` when nobody is at work any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from DualSSLSegLib.jobs.control import read_resumed_after
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState, liveness, reduce
from DualSSLSegLib.processes import host_name, is_alive


class RunMonitor:
    """A reader of one run. `poll` is cheap: it reads what was appended since the last call.

    A run that was silent long before this reader came is known to be lost at once: the first clock value is
    put back by the age of the journal (or of the request while there is no journal).
    """

    def __init__(self, run: RunFolder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self._reader = EventReader(run.events_path)
        self._clock = clock
        self._state = RunState()
        self._last_growth: float | None = None
        self._pid_checked: tuple[int, int] | None = None
        self._process_gone = False

    def poll(self) -> RunState:
        """The state now. Raises ProtocolError when a newer version writes the journal."""
        return self.poll_events()[0]

    def poll_events(self) -> tuple[RunState, list[dict[str, Any]]]:
        """The state now and the events since the last call, for front ends that print them."""
        before = self._reader.offset
        events = self._reader.read()
        now = self._clock()
        for event in events:
            self._state = reduce(self._state, event)
        if self._last_growth is None:
            self._last_growth = now - self._silence_before_first_look()
        elif self._reader.offset != before:
            self._last_growth = now
        gone = self._state.active and not events and self._worker_is_gone()
        state = liveness(self._state, self._last_growth, now, process_gone=gone)
        return (state if state.active else self._or_awaiting_resumption(state, now)), events

    def _or_awaiting_resumption(self, ended: RunState, now: float) -> RunState:
        """`ended`, unless the run was resumed after its last event and the new worker is still on the way."""
        if ended.status == "finished" or read_resumed_after(self.run) != ended.seq:
            return ended
        waiting = replace(ended, status="waiting", pid=None)
        return liveness(waiting, now - _age_s(self.run.control_path), now)

    def _silence_before_first_look(self) -> float:
        return _age_s(self.run.events_path if self.run.events_path.exists() else self.run.spec_path)

    def _worker_is_gone(self) -> bool:
        if self._state.pid is None or self._state.host != host_name():
            return False
        if is_alive(self._state.pid):
            self._process_gone = False
            return False
        # Seen dead twice: between the first look and the last read the worker may have said its last word.
        twice, self._process_gone = self._process_gone, True
        if twice:
            return True
        for event in self._reader.read():
            self._state = reduce(self._state, event)
        return self._state.active


def state_of(run: RunFolder) -> RunState:
    """The state of a run as seen by a reader that looks once."""
    return RunMonitor(run).poll()


def _age_s(path: Path) -> float:
    """Seconds since a file was written; 0 when it is not there."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return 0.0
