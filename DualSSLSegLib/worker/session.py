"""The lifetime of a worker: `started` at once, control obeyed, a heartbeat, and exactly one last word."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from DualSSLSegLib.errors import DualSSLSegError, ProtocolError, RunFailed, Stopped
from DualSSLSegLib.inference import out_of_memory
from DualSSLSegLib.inference.out_of_memory import is_out_of_memory
from DualSSLSegLib.jobs.control import Want, read_want
from DualSSLSegLib.jobs.journal import EventReader, EventWriter
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import PAUSED, RunState, reduce
from DualSSLSegLib.jobs.worker_lock import WorkerLock
from DualSSLSegLib.processes import host_name
from DualSSLSegLib.worker import full_disk
from DualSSLSegLib.worker.full_disk import is_full_disk
from DualSSLSegLib.worker.kinds import Work, work_for
from DualSSLSegLib.worker.machine import peak_memory_mb, versions

_PROGRESS_EVERY_S = 0.9  # a little less than a second, so that a caller's own thinning is not thinned again
_LOOK_EVERY_S = 0.1
_PAUSE_LOOK_S = 0.2


class Session:
    """What the work of a run needs of the world: its request, a place to report to, and what it shall do
    next."""

    def __init__(
        self, run: RunFolder, writer: EventWriter, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.run = run
        self.spec = run.spec()
        self.inputs = run.inputs()
        self.attempt = writer.attempt
        self._writer = writer
        self._clock = clock
        self._begun = clock()
        self._paused_s = 0.0
        self._phase: dict[str, Any] | None = None
        self._last_progress = -_PROGRESS_EVERY_S
        self._last_look = -_LOOK_EVERY_S
        self._want: Want = "run"
        self._control_warned = False
        self._asked_by_signal = threading.Event()

    def report(self, type: str, **fields: Any) -> None:
        """Write an event. `progress` is written at most once a second, but always the last step of a phase; one
        that the disk refuses is left out, as the next one says more."""
        if type == "progress":
            now = self._clock()
            at_end = fields.get("step") is not None and fields.get("step") == fields.get("total")
            if now - self._last_progress < _PROGRESS_EVERY_S and not at_end:
                return
            self._last_progress = now
        if type == "phase" and fields.get("name") != PAUSED:
            self._phase = dict(fields)
            self._last_progress = -_PROGRESS_EVERY_S
        with suppress(OSError) if type == "progress" else nullcontext():
            self._writer.emit(type, **fields)

    def phase(self, name: str, total: int | None = None) -> None:
        """Announce a part of the run: cache, train, predict, rank ..."""
        self.report("phase", name=name, total=total)

    def warn(self, code: str, text: str, **fields: Any) -> None:
        """A problem that does not end the run, in words a person can act on."""
        with suppress(OSError):  # a console that cannot be written
            print(f"warning: {text}", file=sys.stderr, flush=True)
        self.report("warning", code=code, text=text, **fields)

    def wanted(self) -> Want:
        """What the run shall do now: run, pause or stop. Cheap enough to ask between steps; says nothing."""
        if self._asked_by_signal.is_set():
            self._want = "stop"
        else:
            now = self._clock()
            if now - self._last_look >= _LOOK_EVERY_S:
                self._last_look = now
                self._want = self._read_want()
        return self._want

    def _read_want(self) -> Want:
        try:
            return read_want(self.run)
        except ProtocolError as error:
            if not self._control_warned:
                self._control_warned = True
                self.warn("control", f"{error} The run does what it was last asked to do.")
            return self._want

    def should_stop(self) -> bool:
        """Between two steps of work without a checkpoint of its own: waits while paused, then says whether to stop.

        The journal says `paused` when a pause begins and names the phase again when it ends.
        """
        if self.wanted() == "pause":
            begun = self._clock()
            self.report("phase", name=PAUSED, total=None)
            while self.wanted() == "pause":
                time.sleep(_PAUSE_LOOK_S)
            self._paused_s += self._clock() - begun
            if self._phase is not None:
                self.report("phase", **self._phase)
        return self.wanted() == "stop"

    def check(self) -> None:
        """As `should_stop`, but raises Stopped when the run shall stop."""
        if self.should_stop():
            raise Stopped("the run was asked to stop.")

    @property
    def worked_s(self) -> float:
        """Seconds since the start, without those that `should_stop` has waited."""
        return self._clock() - self._begun - self._paused_s

    @property
    def stopped_by(self) -> str:
        """Who asked the run to stop: "request" (control.json) or "signal" (the system, or somebody at a terminal)."""
        return "signal" if self._asked_by_signal.is_set() else "request"

    def stop_by_signal(self) -> None:
        """Treat a signal to end like a wish to stop."""
        self._asked_by_signal.set()


def serve(run: RunFolder, work: Work | None = None) -> int:
    """Do the run: one attempt from `started` to its last word. Returns the exit code of the process.

    `work` replaces the code of the run's kind. Raises BadInput or ProtocolError when this is no run folder,
    WorkerBusy when another worker is at it, RunFailed when it is finished already; the journal is then
    untouched.
    """
    spec, inputs = run.spec(), run.inputs_path.read_bytes()
    with WorkerLock(run):
        _refuse_finished(run)
        writer = EventWriter(run.events_path)
        try:
            writer.emit(
                "started",
                attempt=writer.attempt,
                kind=spec.get("kind"),
                pid=os.getpid(),
                host=host_name(),
                device=spec.get("device", "auto"),
                versions=versions(),
                inputs=hashlib.sha256(inputs).hexdigest(),
            )
            writer.start_heartbeat(_memory)
            return _attempt(run, writer, work)
        finally:
            writer.close()


def _refuse_finished(run: RunFolder) -> None:
    state = RunState()
    for event in EventReader(run.events_path).read():
        state = reduce(state, event)
    if state.status == "finished":
        raise RunFailed("this run is finished.", hint="Start a new one.", path=run.path)


def _attempt(run: RunFolder, writer: EventWriter, work: Work | None) -> int:
    begin = time.monotonic()

    def last_word(type: str, **fields: Any) -> None:
        writer.emit(type, seconds=round(time.monotonic() - begin, 2), **_memory(), **fields)

    def failed(error: DualSSLSegError) -> int:
        _keep_traceback(run)
        text = error.message if error.path is None else f"{error.path}: {error.message}"
        last_word("failed", code=error.code, text=text, hint=error.hint, traceback=run.console_path.name)
        return error.exit_code

    try:
        session = Session(run, writer)
    except DualSSLSegError as error:
        return failed(error)
    try:
        with _signals_mean_stop(session):
            fields = (work or work_for(session.spec["kind"]))(session)
        last_word("finished", **fields)
        return 0
    except Stopped as error:
        last_word("stopped", by=session.stopped_by)
        return error.exit_code
    except DualSSLSegError as error:
        return failed(error)
    except Exception as error:
        if is_out_of_memory(error):
            return failed(out_of_memory.in_words(error))
        if is_full_disk(error):
            return failed(full_disk.in_words(error, run.path))
        hint = f"The details are in {run.console_path}."
        return failed(RunFailed(f"unexpected {type(error).__name__}: {_first_line(error)}", hint=hint))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0][:500]


def _memory() -> dict[str, Any]:
    return {"memory_mb": peak_memory_mb()}


def _keep_traceback(run: RunFolder) -> None:
    # on a full disk the last word counts for more than the details
    with suppress(OSError), open(run.console_path, "a", encoding="utf-8") as console:
        console.write(traceback.format_exc())


@contextmanager
def _signals_mean_stop(session: Session) -> Iterator[None]:
    """A polite request to end (shutdown, Ctrl-C) saves a checkpoint like any stop. Only the main thread may
    ask."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(number, lambda *_: session.stop_by_signal()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
