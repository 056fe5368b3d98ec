"""One batch of windows through all networks: probabilities in float32, whatever the convolutions ran in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations
from typing import Any

import torch
from torch import Tensor, nn

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.networks.side_by_side import Each, one_after_the_other, parts_of_batch

PRECISIONS = ("float32", "bfloat16")

# (B, C, X, Y, Z) -> object with .logits (B, K, X, Y, Z) and .bottleneck (B, D, x, y, z)
Network = Callable[[Tensor], Any]


@dataclass(frozen=True)
class Forward:
    """Runs every network on the same batch of windows.

    `flips` lists the axis sets (0 = x, 1 = y, 2 = z) over whose mirror images the probabilities are averaged;
    the empty set, the image itself, is always the first.
    """

    networks: tuple[Network, ...]
    num_classes: int
    device: torch.device
    precision: str
    flips: tuple[tuple[int, ...], ...]
    each: Each = one_after_the_other

    def __call__(self, windows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """For windows (B, C, X, Y, Z) per network (probabilities (B, K, X, Y, Z), bottleneck), float32.

        Raises BadInput when a network answers with another number of classes or another size.
        """
        x = windows.to(self.device)
        if x.shape[1] > 1:
            x = x.contiguous(memory_format=torch.channels_last_3d)
        parts = x.chunk(parts_of_batch(self.networks, self.device))
        answers = self.each([partial(self._answer, net, part) for net in self.networks for part in parts])
        if len(parts) == 1:
            return answers
        rows = [answers[first : first + len(parts)] for first in range(0, len(answers), len(parts))]
        return [(torch.cat([p for p, _ in row]), torch.cat([b for _, b in row])) for row in rows]

    def _answer(self, network: Network, x: Tensor) -> tuple[Tensor, Tensor]:
        expected = (x.shape[0], self.num_classes, *x.shape[2:])
        mean: Tensor | None = None
        bottleneck: Tensor | None = None
        with torch.inference_mode():
            for axes in self.flips:
                dims = [axis + 2 for axis in axes]
                output = self._run(network, x.flip(dims) if dims else x)
                if tuple(output.logits.shape) != expected:
                    raise BadInput(
                        f"the network answered with shape {tuple(output.logits.shape)}, not {expected}.",
                        hint="The model does not belong to this label table.",
                    )
                probabilities = torch.softmax(output.logits.float(), dim=1)
                if mean is None:
                    mean, bottleneck = probabilities, output.bottleneck
                else:
                    mean += probabilities.flip(dims)
            assert mean is not None and bottleneck is not None
            if len(self.flips) > 1:
                mean /= len(self.flips)
            return mean, bottleneck.float()

    def _run(self, network: Network, x: Tensor) -> Any:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return network(x)


def flip_sets(axes: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """All subsets of the given axes, the empty one first: (0, 1) -> (), (0,), (1,), (0, 1)."""
    chosen = sorted(set(axes))
    if any(axis not in (0, 1, 2) for axis in chosen):
        raise BadInput(f"windows can be mirrored along the axes 0, 1 and 2 only, not {tuple(axes)}.")
    return tuple(chain.from_iterable(combinations(chosen, count) for count in range(len(chosen) + 1)))


@contextmanager
def evaluating(networks: Sequence[Network], device: torch.device) -> Iterator[None]:
    """Put modules into evaluation mode on `device`; afterwards each part has its mode back.

    Weights go to the memory format that is fastest there and stay in it: their order changes, never a value.
    """
    modules = [network for network in networks if isinstance(network, nn.Module)]
    modes = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            if _channels_last(module, device):
                module.to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
            else:
                module.to(device)
            module.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


def _channels_last(module: nn.Module, device: torch.device) -> bool:
    """On a CPU the group norm kernel loses more with channels last than the convolutions gain (1.4 times slower)."""
    return device.type != "cpu" or not any(isinstance(part, nn.GroupNorm) for part in module.modules())
