"""Slow work beside a window: done in a background thread, its results handed over where the window asks for them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from DualSSLSegLib.give_way import RightOfWay
from DualSSLSegLib.loop.lane import Lane, Task
from DualSSLSegLib.loop.pulse import Pulse

T = TypeVar("T")

_HAND_OVER_S = 0.03  # after which a poll hands over no more: whoever takes a result draws something
_YIELD_S = 0.015
_YIELD_STARVED_S = 0.06  # of the 0.1 s that a click may wait
_POLL_EVERY_MS, _POLL_SOON_MS = 250, 10


class Background(Protocol):
    """Does work and hands over its result or its error. `then` and `failed` are called by `poll`, on its thread."""

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[Exception], None],
        *,
        key: str | None = None,
        aside: bool = False,
    ) -> None:
        """Do `work`, in the order of the calls. A newer task with the same `key` takes the place of an older one,
        whose result is dropped; tasks without a key, such as saving, are all done. `aside`: work that touches
        nothing of the others and must not hold them up, because it may take for ever (another program is asked, a
        folder that may lie on a drive that does not answer)."""

    def poll(self) -> None:
        """Hand over what is done, at most a few results a call."""

    def undisturbed(self) -> AbstractContextManager[None]:
        """For a block on the window's thread: work that is under way stands back meanwhile (see give_way.py)."""

    @property
    def busy(self) -> bool:
        """Whether something is waiting, under way, or done and not handed over."""

    @property
    def poll_after_ms(self) -> int:
        """In how many milliseconds to poll again."""

    def close(self, wait_s: float = 5.0) -> None:
        """Finish the work without a key, for at most `wait_s` seconds, and drop the rest. `poll` still hands over;
        what is asked for from now on is done at once when it has no key, else not at all."""


class Inline:
    """Does everything at once, for scripts and tests."""

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[Exception], None],
        *,
        key: str | None = None,
        aside: bool = False,
    ) -> None:
        try:
            result = work()
        except Exception as error:
            failed(error)
            return
        then(result)

    def poll(self) -> None:
        """Nothing waits."""

    def undisturbed(self) -> AbstractContextManager[None]:
        return nullcontext()

    @property
    def busy(self) -> bool:
        return False

    @property
    def poll_after_ms(self) -> int:
        return _POLL_EVERY_MS

    def close(self, wait_s: float = 5.0) -> None:
        """Nothing is under way."""


class Threaded:
    """One daemon thread does the work in order; what goes `aside` has a thread each.

    The thread of the window may keep Python's lock between two polls (see pulse.py), so `poll` lets go of it for a
    moment while something is under way.
    """

    def __init__(self) -> None:
        self._pulse = Pulse()
        self._closed = False
        self._finished: deque[Task] = deque()
        self._news = threading.Event()
        self._window = RightOfWay()
        self._main = Lane("DualSSLSeg work", self._finished, self._news, self._window)
        self._aside: list[Lane] = []

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[Exception], None],
        *,
        key: str | None = None,
        aside: bool = False,
    ) -> None:
        if key is not None:
            for lane in (self._main, *self._aside):
                lane.drop(key)
            for task in list(self._finished):
                task.dropped = task.dropped or task.key == key
        if not self._closed:
            self._pulse.begin()
            lane = self._lane(aside)
            lane.add(Task(work, then, failed, key))
            if aside:
                lane.last()
        elif key is None:  # such as a draft of a label that could not be written
            Inline().run(work, then, failed)

    def _lane(self, aside: bool) -> Lane:
        if not aside:
            return self._main
        lane = Lane("DualSSLSeg aside", self._finished, self._news, self._window)
        self._aside = [*(other for other in self._aside if other.busy), lane]
        return lane

    def poll(self) -> None:
        busy = self.busy
        self._pulse.look(busy)
        if not self._finished and busy and not self._closed:
            self._news.wait(_YIELD_STARVED_S if self._pulse.starved else _YIELD_S)
        self._news.clear()
        try:
            with self._window.taken():
                self._hand_over()
        finally:
            self._pulse.polled()

    def undisturbed(self) -> AbstractContextManager[None]:
        return self._window.taken()

    def _hand_over(self) -> None:
        begun = time.monotonic()
        while self._finished and time.monotonic() - begun < _HAND_OVER_S:
            task = self._finished.popleft()
            if task.dropped:
                continue
            if task.error is not None:
                task.failed(task.error)
            else:
                task.then(task.result)

    @property
    def busy(self) -> bool:
        """A look at a drive that does not answer, dropped since, does not count: nobody waits for it any more."""
        asked = self._main.busy or any(lane.wanted for lane in self._aside)
        return asked or bool(self._finished)

    @property
    def poll_after_ms(self) -> int:
        hurry = bool(self._finished) or (self._pulse.starved and self.busy)
        return _POLL_SOON_MS if hurry else _POLL_EVERY_MS

    def close(self, wait_s: float = 5.0) -> None:
        self._closed = True
        deadline = time.monotonic() + wait_s
        for lane in (self._main, *self._aside):
            lane.close(deadline)
        self._pulse.end()
