"""All networks, and the crops of a batch, through forward and backward side by side.

Outputs are cut off the graph and handed to the method as leaves; their gradients are carried back into the networks by
`backward`, again side by side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from DualSSLSegLib.networks.dropout import dropout_from
from DualSSLSegLib.networks.output import NetworkOutput
from DualSSLSegLib.networks.side_by_side import Each, one_after_the_other, parts_of_batch, side_by_side

Generators = Callable[[str, int], torch.Generator]  # of dropout, for a role and the crop's place in the batch


@dataclass(frozen=True)
class _Part:
    """Some crops of a batch on their way through one network: their output with its graph, and their places."""

    output: NetworkOutput
    leaf: NetworkOutput
    place: slice

    def carry_back(self) -> None:
        pairs = [
            (t, whole.grad[self.place])
            for t, whole in zip(self.output, self.leaf, strict=True)
            if whole.grad is not None
        ]
        if pairs:
            torch.autograd.backward([t for t, _ in pairs], [g.to(t.dtype) for t, g in pairs])


class Lanes:
    """Runs networks by role. `open` is the context in which threads are shared among them and parts of a batch.

    A batch is cut into at most two parts: two threads then add to the gradient of a weight, and a sum of two numbers
    does not depend on their order, so that a run stays repeatable.
    """

    def __init__(self, roles: tuple[str, ...], device: torch.device, precision: str) -> None:
        self.roles = roles
        self.device = device
        self.precision = precision
        self.each: Each = one_after_the_other
        self._parts: list[_Part] = []

    @contextlib.contextmanager
    def open(self) -> Iterator[Lanes]:
        """Threads for the lanes, and the cores shared among them."""
        with side_by_side(2 * len(self.roles), self.device) as self.each:
            yield self
        self.each = one_after_the_other

    def _run(
        self, network: nn.Module, x: Tensor, generators: Sequence[torch.Generator] | None
    ) -> NetworkOutput:
        with (
            torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"),
            dropout_from(generators),
        ):
            return network(x)

    def _places(self, network: nn.Module, crops: int) -> list[slice]:
        count = min(crops, parts_of_batch([network], self.device))
        cuts = [round(crops * index / count) for index in range(count + 1)]
        return [slice(begin, end) for begin, end in pairwise(cuts)]

    def _outputs(
        self,
        run: Callable[..., NetworkOutput],
        networks: Mapping[str, nn.Module],
        inputs: Mapping[str, Tensor],
    ) -> dict[str, list[tuple[slice, NetworkOutput]]]:
        work: list[tuple[str, slice, Callable[[], Any]]] = [
            (role, place, partial(run, role, networks[role], x[place], place))
            for role, x in inputs.items()
            for place in self._places(networks[role], len(x))
        ]
        found: dict[str, list[tuple[slice, NetworkOutput]]] = {role: [] for role in inputs}
        for (role, place, _), output in zip(work, self.each([task for *_, task in work]), strict=True):
            found[role].append((place, output))
        return found

    def forward(
        self,
        networks: Mapping[str, nn.Module],
        inputs: Mapping[str, Tensor],
        generators: Generators | None = None,
    ) -> dict[str, NetworkOutput]:
        """Outputs in float32 as leaves that collect gradients."""

        def run(role: str, network: nn.Module, x: Tensor, place: slice) -> NetworkOutput:
            draws = (
                None
                if generators is None
                else [generators(role, crop) for crop in range(place.start, place.stop)]
            )
            return self._run(network, x, draws)

        leaves = {}
        for role, parts in self._outputs(run, networks, inputs).items():
            outputs = [output for _, output in parts]
            leaves[role] = NetworkOutput(*(_joined(t).requires_grad_() for t in zip(*outputs, strict=True)))
            self._parts += [_Part(output, leaves[role], place) for place, output in parts]
        return leaves

    def infer(
        self, networks: Mapping[str, nn.Module], inputs: Mapping[str, Tensor]
    ) -> dict[str, NetworkOutput]:
        """Outputs in float32 without gradient."""

        def run(role: str, network: nn.Module, x: Tensor, place: slice) -> NetworkOutput:
            with torch.no_grad():
                return self._run(network, x, None)

        return {
            role: NetworkOutput(*(_joined(t) for t in zip(*(output for _, output in parts), strict=True)))
            for role, parts in self._outputs(run, networks, inputs).items()
        }

    def backward(self, meanwhile: Sequence[Callable[[], None]] = ()) -> None:
        """Carry the gradients that the leaves collected back into the networks; forgets the graphs.

        `meanwhile` is other work for cores that fall idle before the last part is through.
        """
        parts, self._parts = self._parts, []
        self.each([*(part.carry_back for part in parts), *meanwhile], heavy=len(parts))

    def forget(self) -> None:
        """Drop the graphs of a step that will not be carried back."""
        self._parts = []


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """The parts of a batch as one float32 tensor without a graph."""
    return torch.cat([part.detach().float() for part in parts])
