"""A window that keeps Python's lock starves the background; that is noticed, and the window then waits for it."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from DualSSLSegLib.loop.background import Threaded


@pytest.fixture
def a_greedy_window():
    """No other thread runs unless this one waits, as in a program that keeps the lock in its event loop."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)
    yield
    sys.setswitchinterval(before)


def count(until):
    def work():
        number = 0
        while number < until:
            number += 1
        return number

    return work


def hold(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_starving_is_noticed_and_work_is_still_done(a_greedy_window):
    background, seen = Threaded(), []
    gate = threading.Event()
    background.run(lambda: gate.wait(60), seen.append, seen.append)
    for _ in range(3):
        background.poll()
        hold(0.25)
    background.poll()
    assert background.poll_after_ms < 100
    gate.set()
    background.run(count(100_000), seen.append, seen.append)
    for _ in range(200):
        background.poll()
        hold(0.01)
        if len(seen) == 2:
            break
    assert seen == [True, 100_000] and background.poll_after_ms == 250
    background.close()


def test_a_window_that_lets_go_of_the_lock_is_polled_at_leisure():
    background, gate = Threaded(), threading.Event()
    background.run(lambda: gate.wait(60), lambda _: None, lambda _: None)
    for _ in range(3):
        background.poll()
        time.sleep(0.3)
    background.poll()
    assert background.busy and background.poll_after_ms == 250
    gate.set()
    background.close()


def test_a_closed_background_leaves_no_thread_behind():
    before = set(threading.enumerate())
    background, seen = Threaded(), []
    background.run(lambda: 1, seen.append, seen.append)
    begun = set(threading.enumerate()) - before
    assert any("pulse" in thread.name for thread in begun)
    background.close()
    for thread in begun:
        thread.join(10)
    assert not any(thread.is_alive() for thread in begun)
