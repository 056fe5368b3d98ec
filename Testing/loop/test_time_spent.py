"""Time on a case counts while somebody works on it."""

from __future__ import annotations

from DualSSLSegLib.loop.time_spent import IDLE_AFTER_S, TimeSpent


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_long_pause_counts_for_a_minute_only():
    clock = Clock()
    watch = TimeSpent(clock)
    watch.start("a")
    for seconds in (10, 30, 3600, 5):
        clock.now += seconds
        watch.touch()
    assert watch.case == "a"
    assert watch.stop() == 10 + 30 + IDLE_AFTER_S + 5


def test_nothing_is_counted_before_the_start_and_after_the_stop():
    clock = Clock()
    watch = TimeSpent(clock)
    watch.touch()
    assert watch.stop() == 0 and watch.case is None
    watch.start("a")
    clock.now += 4
    assert watch.stop() == 4
    clock.now += 4
    assert watch.stop() == 0
