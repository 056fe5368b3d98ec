"""Minutes into iterations, once, before the first step: what a step and a look of the curve cost is measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from DualSSLSegLib.training.budget import MIN_ITERATIONS, iterations_for, seconds_to_learn
from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.sampling import Streams
from DualSSLSegLib.training.validation import LearningCurve

_CURVE_SHARE = 0.15  # of the time left that the learning curve may take

Report = Callable[..., None]  # report(type, **fields)


@dataclass(frozen=True)
class Clock:
    """How much of a budget in minutes is left. `prepared_s` of it were gone before `begun` (time.monotonic)."""

    minutes: float
    prepared_s: float
    begun: float

    def seconds_left(self) -> float:
        """Of the time in which the networks learn, looks of the learning curve included."""
        return seconds_to_learn(self.minutes, self.prepared_s) - (time.monotonic() - self.begun)


def plan_iterations(
    clock: Clock,
    learner: Learner,
    curve: LearningCurve,
    streams: Streams,
    *,
    points: int,
    look: Callable[[], None],
    should_stop: Callable[[], bool],
    report: Report,
) -> tuple[int, int]:
    """How many iterations fit into the time left, and how many of the `points` of the learning curve.

    Times both kinds of step and a case of the curve, which gets fewer cases where they are too slow, then makes the
    curve's first point with `look`. Reports what was found, and words where the time does not suffice.
    """
    _say_when_preparing_took_long(clock, report)
    mixed = streams.unlabelled is not None and learner.method.wants_unlabelled(1.0, 1)  # at the end, if ever
    seconds = {
        kind: learner.time_step(streams, kind, should_stop=should_stop)
        for kind in ((False, True) if mixed else (False,))
    }
    seconds.setdefault(True, seconds[False])
    a_case = curve.seconds_per_case(learner.averaged_networks, should_stop, learner.lanes.each)
    share = _CURVE_SHARE * clock.seconds_left()
    points = curve.fit_into(share, a_case, points + 1) - 1 or 1  # one is made now
    begun = time.monotonic()
    look()
    fixed = (time.monotonic() - begun) * points
    method, left = learner.method, clock.seconds_left()
    labelling = 0.0
    total = iterations_for(left, seconds.__getitem__, method.wants_unlabelled, fixed)
    if streams.unlabelled is not None and method.own_labels_from(total) is not None:
        labelling = method.own_labels_time * left
        total = iterations_for(left, seconds.__getitem__, method.wants_unlabelled, fixed + labelling)
    if total == MIN_ITERATIONS:
        text = f"{clock.minutes:g} min are short: the training takes the least, {total} steps, and may take longer."
        report("warning", code="short_budget", text=text)
    report(
        "budget",
        minutes=clock.minutes,
        iterations=total,
        seconds_preparation=round(clock.prepared_s, 2),
        seconds_labelled_step=seconds[False],
        seconds_mixed_step=seconds[True],
        seconds_validation=fixed,
        seconds_own_labels=labelling,
    )
    return total, points


def _say_when_preparing_took_long(clock: Clock, report: Report) -> None:
    learning = seconds_to_learn(clock.minutes, clock.prepared_s)
    if learning + clock.prepared_s <= clock.minutes * 60:
        return
    text = (
        f"Preparing the scans took {_words(clock.prepared_s)}; the networks learn for {_words(learning)} all the same. "
        "The next round finds these scans prepared, unless it starts afresh."
    )
    report("warning", code="long_preparation", text=text)


def _words(seconds: float) -> str:
    """Exact enough to be compared with the minutes asked for: "40 s", "2.5 min", "12 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{round(minutes, 1) if minutes < 10 else round(minutes):g} min"
