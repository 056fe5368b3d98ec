"""One worker per run: a lock the operating system gives back when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.jobs.run_folder import RunFolder

_WAIT_S = 0.1


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
        self._file: int | None = None

    def __enter__(self) -> WorkerLock:
        deadline = time.monotonic() + self._patience_s
        file = os.open(self._run.lock_path, os.O_RDWR | os.O_CREAT, 0o644)
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                os.close(file)
                raise WorkerBusy(
                    "another worker is at work on this run.",
                    hint="Watch it, or ask it to stop before starting it again.",
                    path=self._run.path,
                )
            time.sleep(_WAIT_S)
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
