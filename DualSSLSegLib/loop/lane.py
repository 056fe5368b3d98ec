"""Threads that do work of a background in turn: one for what must keep its order, one for each task beside it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from DualSSLSegLib.give_way import RightOfWay


@dataclass
class Task:
    """What is to be done, who takes its result, and then the result."""

    work: Callable[[], Any]
    then: Callable[[Any], None]
    failed: Callable[[Exception], None]
    key: str | None
    result: Any = None
    error: Exception | None = None
    dropped: bool = field(default=False)


class Lane:
    """One daemon thread and its queue; it ends when nothing is left after `close`. Done tasks go to `finished`."""

    def __init__(self, name: str, finished: deque[Task], news: threading.Event, window: RightOfWay) -> None:
        self._name = name
        self._window = window
        self._finished = finished
        self._news = news
        self._waiting: deque[Task] = deque()
        self._now: Task | None = None
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, task: Task) -> None:
        """Do a task after those that wait."""
        with self._change:
            self._waiting.append(task)
            self._change.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                self._thread.start()

    def drop(self, key: str) -> None:
        """Drop the task of that key, waiting or under way."""
        with self._change:
            if self._now is not None and self._now.key == key:
                self._now.dropped = True
            self._waiting = deque(task for task in self._waiting if task.key != key)

    @property
    def busy(self) -> bool:
        """Whether something waits or is under way."""
        with self._change:
            return bool(self._waiting) or self._now is not None

    @property
    def wanted(self) -> bool:
        """Whether something waits or is under way whose result somebody still wants."""
        with self._change:
            return bool(self._waiting) or (self._now is not None and not self._now.dropped)

    def last(self) -> None:
        """Nothing more is added: the thread ends when it has done what waits."""
        with self._change:
            self._closed = True
            self._change.notify()

    def close(self, deadline: float) -> None:
        """Finish the tasks without a key until `deadline` (of time.monotonic) and drop the others."""
        with self._change:
            self._closed = True
            self._waiting = deque(task for task in self._waiting if task.key is None)
            if self._now is not None and self._now.key is not None:
                self._now.dropped = True
            self._change.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            keyed = self._now is not None and self._now.key is not None and not self._waiting
            self._thread.join(0.0 if keyed else max(0.0, deadline - time.monotonic()))

    def _loop(self) -> None:
        self._window.grant()
        while True:
            with self._change:
                while not self._waiting:
                    if self._closed:
                        return
                    self._change.wait()
                task = self._now = self._waiting.popleft()
            try:
                task.result = task.work()
            except Exception as error:
                task.error = error
            with self._change:
                self._finished.append(task)  # before it stops being busy, so that it is never nowhere
                self._now = None
            self._news.set()
