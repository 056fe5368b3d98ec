"""The background gives way to the window: it stands still while the window's thread works, and never for ever."""

from __future__ import annotations

import threading
import time

from DualSSLSegLib import give_way as module
from DualSSLSegLib.give_way import RightOfWay, give_way
from DualSSLSegLib.loop.background import Inline, Threaded


def counting(right: RightOfWay, ended: threading.Event) -> list[int]:
    """A thread that gives way between any two steps; how many it has done."""
    steps = [0]

    def work() -> None:
        right.grant()
        while not ended.is_set():
            give_way()
            steps[0] += 1
            time.sleep(0.001)

    threading.Thread(target=work, daemon=True).start()
    return steps


def goes_on(steps: list[int]) -> bool:
    before, end = steps[0], time.monotonic() + 10
    while steps[0] < before + 3 and time.monotonic() < end:
        time.sleep(0.002)
    return steps[0] >= before + 3


def test_a_thread_stands_still_while_the_window_works_and_goes_on_afterwards(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 60)
    right, ended = RightOfWay(), threading.Event()
    steps = counting(right, ended)
    assert goes_on(steps)
    with right.taken():
        time.sleep(0.05)  # what was begun is finished
        with right.taken():
            before = steps[0]
        time.sleep(0.1)
        assert steps[0] == before  # also after the inner block: the outer one goes on
    assert goes_on(steps)
    ended.set()


def test_a_window_that_waits_for_the_background_itself_gets_what_it_waits_for(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.01)
    right, ended = RightOfWay(), threading.Event()
    steps = counting(right, ended)
    with right.taken():
        assert goes_on(steps)
    ended.set()


def test_where_there_is_no_window_nobody_waits():
    with RightOfWay().taken(), Inline().undisturbed():
        give_way()


def test_the_work_of_a_background_gives_way_to_who_takes_its_results(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 60)
    background, steps, ended = Threaded(), [0], threading.Event()

    def look() -> None:
        while not ended.is_set():
            give_way()
            steps[0] += 1
            time.sleep(0.001)

    background.run(look, lambda _: None, lambda _: None, key="look")
    assert goes_on(steps)
    with background.undisturbed():
        time.sleep(0.05)
        before = steps[0]
        time.sleep(0.1)
        assert steps[0] == before
    assert goes_on(steps)
    ended.set()
    background.close()
