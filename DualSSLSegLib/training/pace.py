"""How fast a training goes and what its steps lose, told now and then."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from statistics import fmean

from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.memory import peak_bytes

_EVERY_S = 1.0
_STEPS = 8  # over which values are averaged
_LOSS = "loss of a step"

Report = Callable[..., None]  # report(type, **fields)


class Pace:
    """Of the steps of one attempt, from step `first` on.

    What is told of terms and loss are means over the last few steps: those on labels and those on unlabelled scans have
    terms of their own, and take turns.
    """

    def __init__(self, report: Report, first: int) -> None:
        self.report = report
        self.first = first
        self.begun = self.told = time.monotonic()
        self.waited_s = 0.0  # in which no step was made
        self._steps: deque[dict[str, float]] = deque(maxlen=_STEPS)

    def tell(self, learner: Learner, values: Mapping[str, float], step: int, total: int) -> None:
        """Report `progress` after step number `step` with the terms' `values`: at most once a second, but always the
        first step and the last."""
        loss = {} if learner.loss is None else {_LOSS: learner.loss}
        self._steps.append({name: x for name, x in {**values, **loss}.items() if math.isfinite(x)})
        now = time.monotonic()
        if now - self.told < _EVERY_S and step not in (self.first + 1, total):
            return
        self.told = now
        means = self._means()
        seconds = (now - self.begun - self.waited_s) / (step - self.first)
        self.report(
            "progress",
            step=step,
            total=total,
            eta_s=seconds * (total - step),
            seconds_per_step=seconds,
            loss=means.pop(_LOSS, None),
            terms=means,
            weights=learner.method.report(),
            left_out=dict(learner.guard.violations),
            peak_bytes=peak_bytes(learner.device),
        )

    def _means(self) -> dict[str, float]:
        """Of every value over the last steps that have it."""
        names = dict.fromkeys(name for step in self._steps for name in step)
        return {name: fmean(step[name] for step in self._steps if name in step) for name in names}
