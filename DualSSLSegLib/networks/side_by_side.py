"""Several pieces of work at once on the cores of a processor.

Small 3D convolutions keep one core busy, hardly two: tasks with a share of the cores each are faster than all cores on
one task after the other. On a GPU the tasks simply follow each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import nn

Each = Callable[[Sequence[Callable[[], Any]]], list[Any]]  # runs tasks, returns their results in order


def one_after_the_other(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the tasks in this thread."""
    return [task() for task in tasks]


@contextlib.contextmanager
def side_by_side(count: int, device: torch.device) -> Iterator[Each]:
    """Yield what runs tasks, up to `count` and as many as there are cores at once, begun in the order given.

    Inside, torch uses a share of its threads per operation. Grad mode, inference mode and autocast belong to a
    thread: each task sets its own.
    """
    cores = torch.get_num_threads()
    lanes = min(count, cores)
    if device.type != "cpu" or lanes < 2:
        yield one_after_the_other
        return
    torch.set_num_threads(cores // lanes)
    try:
        with ThreadPoolExecutor(lanes, thread_name_prefix="network") as pool:
            yield lambda tasks: [future.result() for future in [pool.submit(task) for task in tasks]]
    finally:
        torch.set_num_threads(cores)


def parts_of_batch(networks: Sequence[object], device: torch.device) -> int:
    """Into how many parts a batch is cut for `side_by_side`: on a processor 2, so that a network that costs more than
    the other holds up no core. 1 where the crops of a batch belong together: batch norm, and a GPU."""
    together = any(
        isinstance(part, nn.modules.batchnorm._BatchNorm)
        for network in networks
        if isinstance(network, nn.Module)
        for part in network.modules()
    )
    return 1 if device.type != "cpu" or together else 2
