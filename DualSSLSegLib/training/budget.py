"""How long to train: a count of iterations, or minutes that are turned into iterations once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from DualSSLSegLib.errors import BadInput

_SHARES = [(index + 0.5) / 20 for index in range(20)]  # places of a run at which the cost of a step is asked
MIN_ITERATIONS = 20
_LEAST_LEARNING = 0.5  # of the minutes asked for, however long the preparation took


@dataclass(frozen=True)
class Budget:
    """Exactly one of the two is given."""

    iterations: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if (self.iterations is None) == (self.minutes is None):
            raise BadInput("a training budget is either a number of iterations or a number of minutes.")
        if self.iterations is not None and self.iterations < 1:
            raise BadInput(f"a training cannot have {self.iterations} iterations.", hint="Give 1 or more.")
        if self.minutes is not None and not 0 < self.minutes < 60 * 24 * 30:
            raise BadInput(
                f"a training cannot last {self.minutes:g} minutes.", hint="Give more than 0, in minutes."
            )


def seconds_to_learn(minutes: float, prepared_s: float) -> float:
    """What of a budget in minutes is for learning, when preparing the scans took `prepared_s`: the rest of it, and
    never less than half of it, or a study of many large scans would learn nothing in its first round."""
    return max(minutes * 60 - prepared_s, minutes * 60 * _LEAST_LEARNING)


def iterations_for(
    seconds_left: float,
    step_seconds: Callable[[bool], float],
    wants_unlabelled: Callable[[float, int], bool],
    fixed_seconds: float,
) -> int:
    """How many steps fit into `seconds_left`, when `fixed_seconds` of it go to validation.

    `step_seconds(with_unlabelled)` is the measured cost of a step of either kind; the mix follows the method, which
    may change it with the length of the run.
    """
    left = seconds_left - fixed_seconds

    def seconds(steps: int) -> float:
        cost = sum(step_seconds(wants_unlabelled(share, steps)) for share in _SHARES) / len(_SHARES)
        return steps * cost

    low, high = MIN_ITERATIONS, max(MIN_ITERATIONS, int(left / min(step_seconds(False), step_seconds(True))))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if seconds(middle) <= left else (low, middle - 1)
    return low
