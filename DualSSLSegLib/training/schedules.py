"""Optimisers and the learning rate over a run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.training.plan import TrainingPlan

OPTIMISERS = ("adamw", "sgd")


def _without_compiler(kind: type[torch.optim.Optimizer]) -> Any:
    """The optimiser without its methods' wrappers for torch's compiler.

    The wrappers load that compiler, which takes seconds at the start of every training, only to tell it to keep away;
    here nothing is ever compiled.
    """

    def plain(name: str) -> Any:
        return getattr(getattr(kind, name), "__wrapped__", getattr(kind, name))

    names = ("zero_grad", "add_param_group", "state_dict", "load_state_dict")
    methods = {"step": torch.no_grad()(plain("step")), **{name: plain(name) for name in names}}
    return type(kind.__name__, (kind,), methods)


_AdamW = _without_compiler(torch.optim.AdamW)
_SGD = _without_compiler(torch.optim.SGD)


def make_optimiser(parameters: Iterable[torch.nn.Parameter], plan: TrainingPlan) -> torch.optim.Optimizer:
    """AdamW, or SGD with Nesterov momentum 0.9 as in the published protocols."""
    if plan.optimiser == "adamw":
        return _AdamW(parameters, lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=True)
    if plan.optimiser == "sgd":
        return _SGD(
            parameters,
            lr=plan.learning_rate,
            momentum=0.9,
            nesterov=True,
            weight_decay=plan.weight_decay,
            foreach=True,
        )
    raise BadInput(
        f"optimiser '{plan.optimiser}' does not exist.", hint=f"Choose one of: {', '.join(OPTIMISERS)}."
    )


def learning_rate(plan: TrainingPlan, step: int, total: int) -> float:
    """Linear warm-up over the first steps, then half a cosine to 0 at the last step."""
    warm = min(1.0, (step + 1) / max(1, min(plan.warm_up_steps, total // 10)))
    return plan.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total))))
