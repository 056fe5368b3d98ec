"""How fast a training goes, told now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.memory import peak_bytes

_EVERY_S = 1.0

Report = Callable[..., None]  # report(type, **fields)


class Pace:
    """Of the steps of one attempt, from step `first` on."""

    def __init__(self, report: Report, first: int) -> None:
        self.report = report
        self.first = first
        self.begun = self.told = time.monotonic()
        self.waited_s = 0.0  # in which no step was made

    def tell(self, learner: Learner, values: Mapping[str, float], step: int, total: int) -> None:
        """Report `progress` after step number `step` with the terms' `values`: at most once a second, but always the
        first step and the last."""
        now = time.monotonic()
        if now - self.told < _EVERY_S and step not in (self.first + 1, total):
            return
        self.told = now
        seconds = (now - self.begun - self.waited_s) / (step - self.first)
        self.report(
            "progress",
            step=step,
            total=total,
            eta_s=seconds * (total - step),
            seconds_per_step=seconds,
            loss=learner.loss,
            terms=values,
            weights=learner.method.report(),
            left_out=dict(learner.guard.violations),
            peak_bytes=peak_bytes(learner.device),
        )
