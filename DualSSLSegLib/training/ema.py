"""Exponential moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class MovingAverage:
    """A copy of a network in evaluation mode whose weights follow the trained one.

    The decay grows as (1 + t) / (10 + t) up to `decay`, so the average is useful from the first steps on.
    Buffers (batch-norm statistics) are copied.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        average: list[torch.Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(average, [p.detach() for p in network.parameters()], 1 - decay)
        for own, new in zip(self.network.buffers(), network.buffers(), strict=True):
            own.copy_(new)
