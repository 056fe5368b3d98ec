"""The learning rate over a run."""

from __future__ import annotations

import math

from DualSSLSegLib.training.plan import TrainingPlan


def learning_rate(plan: TrainingPlan, step: int, total: int) -> float:
    """Linear warm-up over the first steps, then half a cosine to 0 at the last step."""
    warm = min(1.0, (step + 1) / max(1, min(plan.warm_up_steps, total // 10)))
    return plan.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total))))
