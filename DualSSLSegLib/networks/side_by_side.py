"""Several pieces of work at once on the cores of a processor.

Small 3D convolutions keep one core busy, hardly two: tasks with a share of the cores each are faster than all cores on
one task after the other. On a GPU the tasks simply follow each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Protocol

import torch
from torch import nn


class Each(Protocol):
    """Runs tasks and returns their results in order.

    The first `heavy` of them (default: all) share the cores; the others, at the end, fill what falls idle.
    """

    def __call__(self, tasks: Sequence[Callable[[], Any]], heavy: int | None = None) -> list[Any]: ...


def one_after_the_other(tasks: Sequence[Callable[[], Any]], heavy: int | None = None) -> list[Any]:
    """Run the tasks in this thread."""
    return [task() for task in tasks]


@contextlib.contextmanager
def side_by_side(count: int, device: torch.device) -> Iterator[Each]:
    """Yield what runs tasks, up to `count` and as many as there are cores at once, begun in the order given.

    Each task's operations use a share of torch's threads, all of them together. Grad mode, inference mode and
    autocast belong to a thread: each task sets its own. When a task raises, the others are waited for first: they
    still hold memory.
    """
    cores = torch.get_num_threads()
    lanes = min(count, cores)
    if device.type != "cpu" or lanes < 2:
        yield one_after_the_other
        return
    with ThreadPoolExecutor(lanes, thread_name_prefix="network") as pool:

        def run(tasks: Sequence[Callable[[], Any]], heavy: int | None = None) -> list[Any]:
            at_once = max(1, min(lanes, len(tasks) if heavy is None else heavy))
            futures = [pool.submit(_with_threads, cores // at_once, task) for task in tasks]
            wait(futures)
            return [future.result() for future in futures]

        torch.set_num_threads(cores // lanes)
        try:
            yield run
        finally:
            torch.set_num_threads(cores)


def _with_threads(threads: int, task: Callable[[], Any]) -> Any:
    torch.set_num_threads(threads)  # of the thread that calls it
    return task()


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
