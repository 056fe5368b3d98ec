"""Whether Python's other threads come to run at all between two polls of a window.

A program that embeds Python may keep the interpreter's lock while its window waits for the user. A background thread
then runs only while the window's own Python code waits for it, so that has to wait longer and come back sooner.
"""

from __future__ import annotations

import threading
import time

_BEAT_S = 0.02
_LEAST_INTERVAL_S = 0.1  # below it too few beats are expected to judge
_LEAST_SHARE = 0.3  # of the beats that there is time for


class Pulse:
    """Beats in a thread of its own while there is work. `starved` is judged from poll to poll."""

    def __init__(self) -> None:
        self._beats = 0
        self._last: tuple[float, int] | None = None
        self._working = threading.Event()
        self._thread: threading.Thread | None = None
        self._missed = False
        self._ended = False
        self.starved = False

    def look(self, busy: bool) -> None:
        """For every poll, before it waits: judge the time since the end of the last one."""
        now = time.monotonic()
        if busy and self._last is not None and now - self._last[0] >= _LEAST_INTERVAL_S:
            possible = (now - self._last[0]) / _BEAT_S
            before, self._missed = self._missed, self._beats - self._last[1] < possible * _LEAST_SHARE
            self.starved = before and self._missed  # once: the window may have been at work itself
        if not busy and not self._ended:
            self._working.clear()

    def begin(self) -> None:
        """There is work from now on."""
        self._working.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat, name="DualSSLSeg pulse", daemon=True)
            self._thread.start()

    def polled(self) -> None:
        """A poll has ended: from here on the window has the interpreter to itself, if it keeps it."""
        self._last = (time.monotonic(), self._beats) if self._working.is_set() else None

    def end(self) -> None:
        """The thread ends; there is no work any more that a window polls for."""
        self._ended = True
        self._working.set()

    def _beat(self) -> None:
        while not self._ended:
            self._working.wait()
            time.sleep(_BEAT_S)
            self._beats += 1
