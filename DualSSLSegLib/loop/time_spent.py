"""How long somebody really worked on a case: time without a sign of life does not count."""

from __future__ import annotations

import time
from collections.abc import Callable

IDLE_AFTER_S = 60.0


class TimeSpent:
    """A stop watch for one case at a time. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._case: str | None = None
        self._seconds = 0.0
        self._last = 0.0

    @property
    def case(self) -> str | None:
        """The case that is being timed."""
        return self._case

    @property
    def seconds(self) -> float:
        """What was counted so far, up to the last sign of life."""
        return self._seconds

    def start(self, case: str) -> None:
        """Begin to count for a case; what was counted for an earlier one must have been taken with `stop`."""
        self._case, self._seconds, self._last = case, 0.0, self._clock()

    def touch(self) -> None:
        """The user did something. Of a longer pause before it only IDLE_AFTER_S seconds count."""
        if self._case is None:
            return
        now = self._clock()
        self._seconds += min(now - self._last, IDLE_AFTER_S)
        self._last = now

    def stop(self) -> float:
        """The seconds spent since `start` or the last `stop`; 0 when nothing is timed. The case is let go."""
        self.touch()
        seconds, self._seconds, self._case = self._seconds, 0.0, None
        return seconds
