"""Channel dropout whose random numbers belong to a crop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

import torch
from torch import Tensor, nn

# A variable per thread: parts of a batch go through one network in several threads at once.
_GENERATORS: ContextVar[Sequence[torch.Generator] | None] = ContextVar("dropout generators", default=None)


class ChannelDropout(nn.Module):
    """Zero whole channels with probability p and scale the rest by 1 / (1 - p), as Dropout3d does.

    Each crop's mask (C,) is drawn on the CPU from that crop's generator, see `dropout_from`. Networks trained side by
    side, batches cut into parts and the same training on another device so see the same masks. Outside of it the
    global generator is used.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        crops, channels = x.shape[:2]
        generators = _GENERATORS.get()
        if generators is None:
            drawn = torch.rand(crops, channels)
        else:
            drawn = torch.stack([torch.rand(channels, generator=one) for one in generators])
        kept = (drawn >= self.p).to(x) / (1 - self.p)
        return x * kept.view(crops, channels, 1, 1, 1)


@contextlib.contextmanager
def dropout_from(generators: Sequence[torch.Generator] | None) -> Iterator[None]:
    """Within this context and thread, crop i of a batch draws its dropout from `generators[i]`."""
    token = _GENERATORS.set(generators)
    try:
        yield
    finally:
        _GENERATORS.reset(token)
