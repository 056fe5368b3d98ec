"""Both networks through forward and backward side by side.

Outputs are cut off the graph and handed to the method as leaves; their gradients are carried back into the networks by
`backward`, again side by side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from DualSSLSegLib.networks.output import NetworkOutput
from DualSSLSegLib.networks.side_by_side import Each, one_after_the_other, side_by_side


class Lanes:
    """One lane per network role. `open` is the context in which they are wide: threads are shared among them."""

    def __init__(self, roles: tuple[str, ...], device: torch.device, precision: str) -> None:
        self.roles = roles
        self.device = device
        self.precision = precision
        self.each: Each = one_after_the_other
        self._graphs: dict[str, tuple[NetworkOutput, NetworkOutput]] = {}

    @contextlib.contextmanager
    def open(self) -> Iterator[Lanes]:
        """Threads for the lanes, and the cores shared among them."""
        with side_by_side(len(self.roles), self.device) as self.each:
            yield self
        self.each = one_after_the_other

    def _each(self, work: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        return dict(zip(work, self.each(list(work.values())), strict=True))

    def _run(self, network: nn.Module, x: Tensor) -> NetworkOutput:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"):
            return network(x)

    def forward(
        self, networks: Mapping[str, nn.Module], inputs: Mapping[str, Tensor]
    ) -> dict[str, NetworkOutput]:
        """Outputs in float32 as leaves that collect gradients."""
        found = self._each({role: _bind(self._run, networks[role], x) for role, x in inputs.items()})
        leaves = {}
        for role, output in found.items():
            leaves[role] = NetworkOutput(*(t.detach().float().requires_grad_() for t in output))
            self._graphs[role] = (output, leaves[role])
        return leaves

    def infer(
        self, networks: Mapping[str, nn.Module], inputs: Mapping[str, Tensor]
    ) -> dict[str, NetworkOutput]:
        """Outputs in float32 without gradient."""

        def quiet(network: nn.Module, x: Tensor) -> NetworkOutput:
            with torch.no_grad():
                return NetworkOutput(*(t.float() for t in self._run(network, x)))

        return self._each({role: _bind(quiet, networks[role], x) for role, x in inputs.items()})

    def backward(self) -> None:
        """Carry the gradients that the leaves collected back into the networks; forgets the graphs."""

        def carry(output: NetworkOutput, leaf: NetworkOutput) -> None:
            pairs = [
                (t, source.grad) for t, source in zip(output, leaf, strict=True) if source.grad is not None
            ]
            if pairs:
                torch.autograd.backward([t for t, _ in pairs], [g.to(t.dtype) for t, g in pairs])

        graphs, self._graphs = self._graphs, {}
        self._each({role: _bind(carry, output, leaf) for role, (output, leaf) in graphs.items()})

    def forget(self) -> None:
        """Drop the graphs of a step that will not be carried back."""
        self._graphs = {}


def _bind(function: Callable[..., Any], *arguments: object) -> Callable[[], Any]:
    return lambda: function(*arguments)
