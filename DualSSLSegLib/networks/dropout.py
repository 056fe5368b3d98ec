"""Channel dropout whose random numbers come from a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelDropout(nn.Module):
    """Zero whole channels with probability p and scale the rest by 1 / (1 - p), as Dropout3d does.

    The mask (B, C) is drawn on the CPU from `generator`, so that networks trained side by side in threads, and the same
    training on another device, see the same masks. Without a generator the global one is used.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = (torch.rand(x.shape[:2], generator=self.generator) >= self.p).to(x) / (1 - self.p)
        return x * kept.view(*x.shape[:2], 1, 1, 1)


def seed_dropout(network: nn.Module, generator: torch.Generator) -> None:
    """Let every dropout of the network draw from this generator."""
    for module in network.modules():
        if isinstance(module, ChannelDropout):
            module.generator = generator
