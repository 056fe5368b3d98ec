"""One writing editor a study: an operating system's lock, and in words who holds it."""

from __future__ import annotations

import getpass
import os
import time
from contextlib import ExitStack
from pathlib import Path

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.file_lock import file_lock
from DualSSLSegLib.processes import host_name
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.writing import writing

_OWN_PATIENCE_S = 1.0


class EditorLock:
    """Held by the window in which a study is being edited, from opening to closing; command lines do not ask for it.

    The system gives the lock back when the process ends, however it ends. `author` is the name others are shown.
    """

    def __init__(self, study: str | Path, author: str = "") -> None:
        self._layout = StudyLayout(Path(study).absolute())
        self._author = author or getpass.getuser()
        self._held: ExitStack | None = None
        self._abandoned = False

    def acquire(self) -> bool:
        """Take the lock; False when another editor has it (`holder` says who). Raises ReadOnlyStudy or CannotWrite
        when the study's folder cannot be written."""
        if self._held is not None:
            return True
        with ExitStack() as attempt, writing(self._layout.editor_lock):
            probe = self._layout.editor_lock
            if not attempt.enter_context(file_lock(probe, wait_s=self._patience_s())):
                return False
            write_json(
                self._layout.editor,
                {
                    "v": 1,
                    "author": self._author,
                    "host": host_name(),
                    "pid": os.getpid(),
                    "time": time.time(),
                },
            )
            self._held = attempt.pop_all()
        if self._abandoned:  # meanwhile, by another thread
            self.release()
        return self._held is not None

    def _patience_s(self) -> float:
        """A window of this very program may just be closing, as when the module is reloaded; others are not waited
        for."""
        try:
            content = read_json(self._layout.editor)
            ours = (content["host"], content["pid"]) == (host_name(), os.getpid())
        except (BadInput, KeyError, TypeError):
            ours = False
        return _OWN_PATIENCE_S if ours else 0.0

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._held is not None

    @property
    def holder(self) -> str:
        """Who edits the study, such as "Ada on ward-7 (process 4711) since 14:05"; of use when `acquire` said False."""
        try:
            content = read_json(self._layout.editor)
            since = time.strftime("%H:%M", time.localtime(float(content["time"])))
            return f"{content['author']} on {content['host']} (process {content['pid']}) since {since}"
        except (BadInput, KeyError, TypeError, ValueError):
            return "another program"

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def abandon(self) -> None:
        """Give the lock back for good: a thread that is about to take it does not get it any more."""
        self._abandoned = True
        self.release()
