"""The optimiser of a network: one for each kind of its weights, together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.methods.options import OPTIMISERS
from DualSSLSegLib.training.muon import Muon
from DualSSLSegLib.training.plan import TrainingPlan


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


_Muon = _without_compiler(Muon)
_AdamW = _without_compiler(torch.optim.AdamW)
_SGD = _without_compiler(torch.optim.SGD)


class Optimiser:
    """Optimisers that share the parameters of a network out among them. `steps` may run side by side."""

    def __init__(self, parts: Iterable[torch.optim.Optimizer]) -> None:
        self.parts = list(parts)

    @property
    def steps(self) -> list[Callable[[], Any]]:
        return [part.step for part in self.parts]

    def set_rate(self, rate: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate

    def forget_gradients(self) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        return {str(number): part.state_dict() for number, part in enumerate(self.parts)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for number, part in enumerate(self.parts):
            part.load_state_dict(state[str(number)])


def make_optimiser(parameters: Iterable[tuple[str, nn.Parameter]], plan: TrainingPlan) -> Optimiser:
    """The plan's, for a network's named parameters: Muon for the kernels of its hidden layers and AdamW for the rest,
    AdamW alone, or SGD with Nesterov momentum 0.9 as published.

    Raises BadInput for any other name.
    """
    named = list(parameters)
    every = [weight for _, weight in named]
    options: dict[str, Any] = {"lr": plan.learning_rate, "weight_decay": plan.weight_decay}
    if plan.optimiser == "muon":
        hidden = [weight for name, weight in named if _is_hidden_kernel(name, weight)]
        known = {id(weight) for weight in hidden}
        rest = [weight for weight in every if id(weight) not in known]
        halves = [_Muon(half, **options) for half in _halves(hidden) if half]
        return Optimiser([*halves, _AdamW(rest, fused=True, **options)])
    if plan.optimiser == "adamw":
        return Optimiser([_AdamW(every, fused=True, **options)])
    if plan.optimiser == "sgd":
        return Optimiser([_SGD(every, momentum=0.9, nesterov=True, foreach=True, **options)])
    raise BadInput(
        f"optimiser '{plan.optimiser}' does not exist.", hint=f"Choose one of: {', '.join(OPTIMISERS)}."
    )


def _is_hidden_kernel(name: str, weight: nn.Parameter) -> bool:
    """Not of the layers that meet the image and the classes, as usual with Muon, nor norms and shifts."""
    return weight.ndim > 1 and weight.shape[1] > 1 and not name.startswith("head.")


def _halves(weights: list[nn.Parameter]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """About the same work twice: by falling size, each to the half that has less."""
    halves: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for weight in sorted(weights, key=lambda weight: -weight.numel()):
        min(halves, key=lambda half: sum(one.numel() for one in half)).append(weight)
    return halves
