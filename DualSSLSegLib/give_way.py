"""A thread of the background gives way to the window's thread: of Python's threads only one runs at a time.

A background that computes and a window that draws would take turns, and a click would take twice as long. So loops
over many cases call `give_way` for each; it waits as long as the window is at work. In a worker or a command line,
where nobody has the right of way, it does nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST_WAIT_S = 0.3  # the window may wait for something that this very thread holds


class RightOfWay:
    """Of one thread, the window's, over those that `grant` it."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()
        self._depth = 0
        self._times_taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """For the block the others stand still at their next `give_way`. For the window's thread only."""
        self._depth += 1
        self._times_taken += self._depth == 1
        self._free.clear()
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._free.set()

    def grant(self) -> None:
        """From now on the calling thread gives way."""
        _here.right, _here.waited_for = self, 0

    def wait(self) -> None:
        """Wait until the way is free; once for each time that it is taken, and not for ever."""
        if not self._free.is_set() and _here.waited_for != self._times_taken:
            _here.waited_for = self._times_taken
            self._free.wait(_LONGEST_WAIT_S)


class _Here(threading.local):
    right: RightOfWay | None = None
    waited_for = 0


_here = _Here()


def give_way() -> None:
    """For loops over the cases of a study: let the window go first, if this thread works beside one."""
    right = _here.right
    if right is not None:
        right.wait()
