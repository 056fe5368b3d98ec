"""Work beside a window: handed over where it is asked for, replaced by newer work, and never lost when it saves."""

from __future__ import annotations

import threading

import pytest

from DualSSLSegLib.loop.background import Inline, Threaded


def fail(error):
    raise error


def poll_until(background, reached):
    for _ in range(24_000):
        background.poll()
        if reached():
            return
        threading.Event().wait(0.005)
    pytest.fail("nothing came of the work")


def test_inline_works_at_once_and_hands_over_errors():
    seen = []
    Inline().run(lambda: 3, seen.append, fail)
    Inline().run(lambda: 1 / 0, fail, seen.append)
    assert seen[0] == 3 and isinstance(seen[1], ZeroDivisionError) and not Inline().busy


def test_results_and_errors_come_in_order_and_on_the_thread_that_polls():
    background, seen = Threaded(), []

    def take(value):
        seen.append((value, threading.current_thread()))

    for number in range(6):
        background.run(lambda number=number: number, take, fail)
    background.run(lambda: 1 / 0, fail, take)
    assert seen == []  # nothing before a poll
    poll_until(background, lambda: len(seen) == 7)
    assert [value for value, _ in seen[:6]] == list(range(6)) and isinstance(seen[6][0], ZeroDivisionError)
    assert {thread for _, thread in seen} == {threading.main_thread()}
    assert not background.busy
    background.close()


def test_newer_work_of_a_key_replaces_older_work_waiting_running_or_done():
    background, seen = Threaded(), []
    gate, begun = threading.Event(), threading.Event()

    def first():
        begun.set()
        gate.wait(10)
        return "running"

    background.run(first, seen.append, fail, key="look")
    assert begun.wait(10)
    background.run(lambda: "waiting", seen.append, fail, key="look")
    background.run(lambda: "kept", seen.append, fail)
    background.run(lambda: "newest", seen.append, fail, key="look")
    gate.set()
    poll_until(background, lambda: not background.busy)
    assert seen == ["kept", "newest"]
    # done already, but not handed over yet
    background.run(lambda: "done", seen.append, fail, key="look")
    while background._main.busy:
        threading.Event().wait(0.005)
    background.run(lambda: "again", seen.append, fail, key="look")
    poll_until(background, lambda: not background.busy)
    assert seen == ["kept", "newest", "again"]
    background.close()


def test_what_goes_aside_does_not_hold_up_the_rest():
    background, seen, gate = Threaded(), [], threading.Event()
    background.run(lambda: gate.wait(10), lambda _: seen.append("slow"), fail, key="probe", aside=True)
    background.run(lambda: "quick", seen.append, fail)
    poll_until(background, lambda: seen == ["quick"])
    assert background.busy
    gate.set()
    poll_until(background, lambda: seen == ["quick", "slow"])
    background.close()


def test_what_goes_aside_and_never_ends_holds_up_nothing_that_goes_aside_later():
    """Such as a look at a network drive that does not answer, and then at a folder that is there."""
    background, seen, gate = Threaded(), [], threading.Event()
    background.run(lambda: gate.wait(30), fail, fail, key="look", aside=True)
    background.run(lambda: gate.wait(30), fail, fail, key="look", aside=True)
    background.run(lambda: "found", seen.append, fail, key="look", aside=True)
    poll_until(background, lambda: seen == ["found"])
    assert not background.busy  # nobody waits for the others any more
    background.close(20)
    gate.set()
    assert seen == ["found"]


def test_closing_finishes_what_saves_and_drops_the_rest():
    background, done, gate = Threaded(), [], threading.Event()
    background.run(lambda: gate.wait(10), lambda _: None, fail)
    background.run(lambda: done.append("saved"), lambda _: done.append("heard"), fail)
    background.run(lambda: done.append("looked"), lambda _: None, fail, key="look")
    threading.Timer(0.05, gate.set).start()
    background.close(10)
    assert done == ["saved"]
    background.poll()
    assert done == ["saved", "heard"]
    # afterwards: saving happens at once, looking not at all
    background.run(lambda: done.append("late"), lambda _: None, fail)
    background.run(lambda: done.append("look"), lambda _: None, fail, key="look")
    assert done == ["saved", "heard", "late"]


def test_closing_does_not_wait_for_a_look_that_takes_long():
    background, gate = Threaded(), threading.Event()
    begun = threading.Event()

    def look():
        begun.set()
        return gate.wait(30)

    background.run(look, fail, fail, key="look")
    assert begun.wait(10)
    background.close(20)  # returns: the test would hang for 20 s otherwise
    assert not gate.is_set()
    gate.set()
    poll_until(background, lambda: not background.busy)
