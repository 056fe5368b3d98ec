"""Whole volumes from networks that see windows: gathered once, fed to every network, blended smoothly."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from DualSSLSegLib.errors import BadInput, OutOfMemory, Stopped
from DualSSLSegLib.inference.accumulator import (
    Accumulator,
    MemoryAccumulator,
    SlabAccumulator,
    remove_scratch_file,
)
from DualSSLSegLib.inference.device_memory import free_bytes, release
from DualSSLSegLib.inference.embedding import EmbeddingSum
from DualSSLSegLib.inference.forward import PRECISIONS, Forward, Network, evaluating, flip_sets
from DualSSLSegLib.inference.mapped_array import VolumeArray
from DualSSLSegLib.inference.out_of_memory import is_out_of_memory, reason_of
from DualSSLSegLib.inference.windows import Window, WindowGrid, plan_windows, smaller_window
from DualSSLSegLib.networks.side_by_side import Each, side_by_side

Report = Callable[..., None]  # report(type, **fields), as in a run's journal

_BATCH = {"cuda": 4, "cpu": 2}  # on a CPU a window for each half of the cores
_GPU_SHARE = 0.5  # of the free GPU memory that sums may take; beyond, they live in the machine's memory
_REPORT_EVERY_S = 1.0


@dataclass(eq=False)
class VolumePrediction:
    """What the networks say about one volume.

    probabilities: (N, K, X, Y, Z), N networks in the order given, float32, or a float16 memory map when it
    was larger than the memory limit; the K classes of a network add up to one at every voxel.
    embedding: (E,) float32 of length one. windows: how many were used, window: their size.
    """

    probabilities: np.ndarray
    embedding: np.ndarray
    windows: int
    window: tuple[int, int, int]
    scratch_file: Path | None = None

    def discard(self) -> None:
        """Let go of the probabilities and remove the scratch file, if there is one.

        Windows removes no file that is mapped, so whoever keeps a view of them should let go of it before; else the
        file is left to `remove_scratch`.
        """
        vars(self).pop("probabilities", None)
        if self.scratch_file is not None:
            remove_scratch_file(self.scratch_file)


def predict(
    image: VolumeArray,
    networks: Sequence[Network],
    *,
    patch_size: Sequence[int],
    num_classes: int,
    device: str | torch.device,
    overlap: float | Sequence[float] = 0.5,
    batch: int | None = None,
    precision: str = "float32",
    one_window_up_to: float = 0.0,
    gaussian: bool = True,
    flip_axes: Sequence[int] = (),
    memory_limit_bytes: int | None = None,
    scratch_folder: Path | None = None,
    report: Report | None = None,
    should_stop: Callable[[], bool] | None = None,
    each: Each | None = None,
) -> VolumePrediction:
    """Predict a normalised image (C, X, Y, Z), array or memory map, with every network.

    Windows of `patch_size` (multiples of 16) overlap by the share `overlap` and are blended with Gaussian
    weights (or equal ones); outside the image they hold zeros. A volume of at most `one_window_up_to` times the
    patch's voxels is a single window. That is cheaper than tiling it and off (0) by default, because instance
    norm sees other statistics in a larger, zero-padded window than in training: on 40 hippocampus cases a model
    of 600 steps fell from 0.855 to 0.828 Dice. Precision "bfloat16" runs
    the convolutions under autocast, softmax and sums stay float32. `flip_axes` averages over the mirror images
    along these axes. When N * K * X * Y * Z * 4 bytes exceed `memory_limit_bytes`, the sums are kept for the
    planes in work only, and the result is a float16 memory map in `scratch_folder` (default: the system's
    folder for temporary files), which `VolumePrediction.discard` removes.

    The networks run side by side on the processor's cores; `each` is for a caller that has shared them already.
    `report(type, **fields)` hears "progress" with step and total at most once a second, and "warning" when a
    smaller setting is tried because memory ran out: one window at a time first, then smaller windows.
    Raises BadInput, Stopped when `should_stop()` says so between two windows, OutOfMemory when nothing
    smaller is left, RunFailed when a network does not answer with numbers.
    """
    device = torch.device(device)
    if image.ndim != 4 or 0 in image.shape:
        raise BadInput(f"an image has the axes channel, x, y, z; this one has the shape {image.shape}.")
    if precision not in PRECISIONS:
        raise BadInput(
            f"precision '{precision}' does not exist.", hint=f"Choose one of: {', '.join(PRECISIONS)}."
        )
    if not networks or num_classes < 2 or (batch is not None and batch < 1):
        raise BadInput("a prediction needs at least one network, two classes and a batch of one window.")
    tell: Report = report if report is not None else _silent
    shape = image.shape[1:]
    grid = plan_windows(
        shape, patch_size, overlap=overlap, one_window_up_to=one_window_up_to, gaussian=gaussian
    )
    count = _BATCH.get(device.type, 1) if batch is None else batch
    # In this order: a parameter moved inside inference mode could never be trained again.
    with contextlib.ExitStack() as stack:
        stack.enter_context(evaluating(networks, device))
        shared = each if each is not None else stack.enter_context(side_by_side(2 * len(networks), device))
        stack.enter_context(torch.inference_mode())
        forward = Forward(tuple(networks), num_classes, device, precision, flip_sets(flip_axes), shared)
        while True:
            job = _Job(image, grid, forward, count, memory_limit_bytes, scratch_folder, tell, should_stop)
            reason = None
            try:
                return job.run()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                reason = reason_of(error)
            # Outside the except block: the traceback kept the tensors of the failed attempt alive.
            release(device)
            if count > 1:
                count, change = 1, "one window at a time"
            else:
                smaller = smaller_window(grid.window)
                if smaller is None:
                    raise OutOfMemory(
                        f"memory did not suffice for a window of {_words(grid.window)} voxels ({reason}).",
                        hint="Close other programs, or predict on the CPU or on a machine with more memory.",
                    )
                grid = plan_windows(shape, smaller, overlap=overlap, gaussian=gaussian)
                change = f"windows of {_words(smaller)} voxels"
            tell("warning", code="out_of_memory", text=f"Memory ran out while predicting; trying {change}.")


@dataclass(frozen=True, eq=False)
class _Job:
    """One attempt at one volume with fixed windows and batch."""

    image: VolumeArray
    grid: WindowGrid
    forward: Forward
    batch: int
    memory_limit_bytes: int | None
    scratch_folder: Path | None
    tell: Report
    should_stop: Callable[[], bool] | None

    def run(self) -> VolumePrediction:
        shape = (len(self.forward.networks), self.forward.num_classes, *self.grid.volume)
        sums = self._accumulator(shape)
        embedding = EmbeddingSum(len(self.forward.networks))
        done, last_told = 0, time.monotonic()
        starts = self.grid.starts[0]
        try:
            for index in range(len(starts)):
                windows = list(self.grid.layer(index))
                for first in range(0, len(windows), self.batch):
                    if self.should_stop is not None and self.should_stop():
                        raise Stopped("the prediction was stopped.")
                    some = windows[first : first + self.batch]
                    self._add(some, sums, embedding)
                    done += len(some)
                    if time.monotonic() - last_told >= _REPORT_EVERY_S or done == len(self.grid):
                        self.tell("progress", step=done, total=len(self.grid))
                        last_told = time.monotonic()
                sums.finish(starts[index + 1] if index + 1 < len(starts) else self.grid.volume[0])
            probabilities = sums.result()
        except BaseException:
            sums.discard()
            raise
        path = sums.path if isinstance(sums, SlabAccumulator) else None
        return VolumePrediction(probabilities, embedding.result(), len(self.grid), self.grid.window, path)

    def _add(self, windows: list[Window], sums: Accumulator, embedding: EmbeddingSum) -> None:
        pixels = torch.zeros((len(windows), self.image.shape[0], *self.grid.window), dtype=torch.float32)
        weights = torch.zeros((len(windows), *self.grid.window), dtype=torch.float32)
        places = [window.overlap(self.grid.volume, self.grid.window) for window in windows]
        for row, (window, (on_volume, in_window)) in enumerate(zip(windows, places, strict=True)):
            part = np.asarray(self.image[(slice(None), *on_volume)], dtype=np.float32)
            pixels[row].numpy()[(slice(None), *in_window)] = part
            x, y, z = (self.grid.weights[axis][window.place[axis]][in_window[axis]] for axis in range(3))
            np.multiply(x[:, None, None], np.outer(y, z)[None], out=weights[row].numpy()[in_window])
        weights = weights.to(self.forward.device)
        fused, bottlenecks = None, []
        for network, (probabilities, bottleneck) in enumerate(self.forward(pixels)):
            for row, (on_volume, in_window) in enumerate(places):
                sums.add(
                    network, on_volume, probabilities[row][(slice(None), *in_window)], weights[row][in_window]
                )
            fused = probabilities if fused is None else fused + probabilities
            bottlenecks.append(bottleneck)
        assert fused is not None
        embedding.add(fused, bottlenecks, weights)

    def _accumulator(self, shape: tuple[int, ...]) -> Accumulator:
        needed = int(np.prod(shape, dtype=np.int64)) * 4
        if self.memory_limit_bytes is not None and needed > self.memory_limit_bytes:
            folder = Path(tempfile.gettempdir()) if self.scratch_folder is None else Path(self.scratch_folder)
            return SlabAccumulator(shape, self.grid.window[0], folder)
        free = free_bytes(self.forward.device)
        fits = free is None or needed < free * _GPU_SHARE
        return MemoryAccumulator(shape, self.forward.device if fits else torch.device("cpu"))


def _words(size: Sequence[int]) -> str:
    return " x ".join(map(str, size))


def _silent(_type: str, **_fields: Any) -> None:
    """Nobody listens."""
