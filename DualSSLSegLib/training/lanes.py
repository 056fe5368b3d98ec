"""Several networks through forward and backward side by side.

Small 3D convolutions keep one processor core busy, hardly two: on the CPU each network gets a thread and a share of the
cores, which is faster than all cores on one network after the other. On a GPU the networks simply follow each other.
Outputs are cut off the graph and handed to the method as leaves; their gradients are carried back into the networks by
`backward`, again side by side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor, nn

from DualSSLSegLib.networks.output import NetworkOutput

Result = TypeVar("Result")


class Lanes:
    """One lane per network role. Use as a context manager: the number of threads per operation is set inside."""

    def __init__(self, roles: tuple[str, ...], device: torch.device, precision: str) -> None:
        self.roles = roles
        self.device = device
        self.precision = precision
        self._pool: ThreadPoolExecutor | None = None
        self._graphs: dict[str, tuple[NetworkOutput, NetworkOutput]] = {}

    @contextlib.contextmanager
    def open(self) -> Iterator[Lanes]:
        """Threads for the lanes, and the cores shared among them."""
        cores = torch.get_num_threads()
        side_by_side = self.device.type == "cpu" and len(self.roles) > 1 and cores > 1
        if not side_by_side:
            yield self
            return
        torch.set_num_threads(max(1, cores // len(self.roles)))
        self._pool = ThreadPoolExecutor(len(self.roles), thread_name_prefix="lane")
        try:
            yield self
        finally:
            self._pool.shutdown(wait=True)
            self._pool = None
            torch.set_num_threads(cores)

    def _each(self, work: Mapping[str, Callable[[], Result]]) -> dict[str, Result]:
        if self._pool is None:
            return {role: task() for role, task in work.items()}
        pending = {role: self._pool.submit(task) for role, task in work.items()}
        return {role: future.result() for role, future in pending.items()}

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


def _bind(function: Callable[..., Result], *arguments: object) -> Callable[[], Result]:
    return lambda: function(*arguments)
