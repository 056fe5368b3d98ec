"""Several networks at work at once on the cores of a processor.

Small 3D convolutions keep one core busy, hardly two: a thread for each network with a share of the cores is faster than
all cores on one network after the other. On a GPU the tasks simply follow each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

Each = Callable[[Sequence[Callable[[], Any]]], list[Any]]  # runs tasks, returns their results in order


def one_after_the_other(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the tasks in this thread."""
    return [task() for task in tasks]


@contextlib.contextmanager
def side_by_side(count: int, device: torch.device) -> Iterator[Each]:
    """Yield what runs up to `count` tasks at once; inside, torch uses a share of its threads per operation.

    Grad mode, inference mode and autocast belong to a thread: each task sets its own.
    """
    cores = torch.get_num_threads()
    if device.type != "cpu" or count < 2 or cores < 2:
        yield one_after_the_other
        return
    torch.set_num_threads(max(1, cores // count))
    try:
        with ThreadPoolExecutor(count, thread_name_prefix="network") as pool:
            yield lambda tasks: [future.result() for future in [pool.submit(task) for task in tasks]]
    finally:
        torch.set_num_threads(cores)
