"""One worker per run: a lock the operating system gives back when the process ends, however it ends."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.file_lock import file_lock
from DualSSLSegLib.jobs.run_folder import RunFolder


class WorkerBusy(RunFailed):
    """Another worker has this run in hand."""

    code = "worker_busy"


class WorkerLock:
    """Held by a run's worker for its lifetime, as a context manager.

    Entering raises WorkerBusy when another process holds it after `patience_s` seconds; the patience lets a
    resumed run follow a killed worker whose end the system has not finished yet.
    """

    def __init__(self, run: RunFolder, *, patience_s: float = 2.0) -> None:
        self._run = run
        self._patience_s = patience_s
        self._held = ExitStack()

    def __enter__(self) -> WorkerLock:
        with ExitStack() as attempt:
            if not attempt.enter_context(file_lock(self._run.lock_path, wait_s=self._patience_s)):
                raise WorkerBusy(
                    "another worker is at work on this run.",
                    hint="Watch it, or ask it to stop before starting it again.",
                    path=self._run.path,
                )
            self._held = attempt.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()
