"""Where the weighted probabilities of the windows add up: in memory, or slab by slab into a file."""

from __future__ import annotations

import contextlib
import math
import shutil
import uuid
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from DualSSLSegLib.errors import RunFailed

Slices = tuple[slice, ...]
_SCRATCH = "probabilities-"


class Accumulator(Protocol):
    """Receives windows in the order of their first axis."""

    def add(self, network: int, on_volume: Slices, probabilities: Tensor, weights: Tensor) -> None:
        """Add `probabilities` (K, x, y, z) times `weights` (x, y, z) at the place `on_volume`."""

    def finish(self, planes: int) -> None:
        """No window to come touches the first `planes` planes of the volume."""

    def result(self) -> np.ndarray:
        """The sums (N, K, X, Y, Z) of the finished volume."""

    def discard(self) -> None:
        """Give up: free what was taken."""


class MemoryAccumulator:
    """All sums at once as float32 on `device`."""

    def __init__(self, shape: tuple[int, ...], device: torch.device) -> None:
        self._sums = torch.zeros(shape, dtype=torch.float32, device=device)

    def add(self, network: int, on_volume: Slices, probabilities: Tensor, weights: Tensor) -> None:
        target = self._sums[network][(slice(None), *on_volume)]
        target.addcmul_(probabilities.to(target.device), weights.to(target.device))

    def finish(self, planes: int) -> None:
        pass

    def result(self) -> np.ndarray:
        sums = self._sums.cpu().numpy()
        check_finite(sums)
        return sums

    def discard(self) -> None:
        del self._sums


class SlabAccumulator:
    """Keeps only the planes that windows still touch, float32; finished planes go to a float16 .npy file.

    Memory: N * K * depth * Y * Z * 4 bytes, whatever the number of planes. The planes lie in a ring (plane x
    at x modulo depth), so nothing is moved when the windows advance. The file is written through a file
    handle and only then mapped: pages of a map that is written to would count as this process's memory.
    """

    def __init__(self, shape: tuple[int, ...], depth: int, folder: Path) -> None:
        self._shape = shape
        self._depth = min(depth, shape[2])
        folder.mkdir(parents=True, exist_ok=True)
        needed = math.prod(shape) * 2
        free = shutil.disk_usage(folder).free
        if free < needed * 1.02:
            raise RunFailed(
                f"this scan's probabilities need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free here.",
                hint="Free some space or choose another scratch folder.",
                path=folder,
            )
        self._ring = torch.zeros((*shape[:2], self._depth, *shape[3:]), dtype=torch.float32)
        self._written = 0
        self.path = folder / f"{_SCRATCH}{uuid.uuid4().hex[:12]}.npy"
        blank = np.lib.format.open_memmap(self.path, mode="w+", dtype=np.float16, shape=shape)
        self._offset = blank.offset
        del blank
        self._file = open(self.path, "r+b")  # noqa: SIM115 - lives as long as this object

    def add(self, network: int, on_volume: Slices, probabilities: Tensor, weights: Tensor) -> None:
        first = on_volume[0].start
        probabilities, weights = probabilities.cpu(), weights.cpu()
        for start, stop in self._runs(first, on_volume[0].stop):
            target = self._ring[network][:, start % self._depth : start % self._depth + stop - start]
            part = slice(start - first, stop - first)
            target[(slice(None), slice(None), *on_volume[1:])].addcmul_(probabilities[:, part], weights[part])

    def finish(self, planes: int) -> None:
        plane_bytes = self._shape[3] * self._shape[4] * 2
        for start, stop in self._runs(self._written, planes):
            done = self._ring[:, :, start % self._depth : start % self._depth + stop - start]
            for network in range(self._shape[0]):
                for k in range(self._shape[1]):
                    values = done[network, k].numpy()
                    check_finite(values)
                    plane = (network * self._shape[1] + k) * self._shape[2] + start
                    self._write(self._offset + plane * plane_bytes, values.astype(np.float16))
            done.zero_()
        self._written = max(self._written, planes)

    def result(self) -> np.ndarray:
        self.finish(self._shape[2])
        self._file.close()
        del self._ring
        return np.lib.format.open_memmap(self.path, mode="r")

    def discard(self) -> None:
        self._file.close()
        remove_scratch_file(self.path)

    def _write(self, position: int, values: np.ndarray) -> None:
        try:
            self._file.seek(position)
            self._file.write(values.data)
        except OSError as error:
            raise RunFailed(
                f"the probabilities of this scan could not be written ({error.strerror}).",
                hint="Free some space or choose another scratch folder.",
                path=self.path.parent,
            ) from error

    def _runs(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Split start..stop where the ring wraps round."""
        runs = []
        while start < stop:
            end = min(stop, (start // self._depth + 1) * self._depth)
            runs.append((start, end))
            start = end
        return runs


def remove_scratch_file(path: Path) -> None:
    """Remove one scratch file. Windows keeps a file that is mapped or being scanned: it is left to `remove_scratch`."""
    with contextlib.suppress(PermissionError):
        path.unlink(missing_ok=True)


def remove_scratch(folder: Path) -> None:
    """Remove what was left in `folder`, where nobody predicts now: by processes that were killed, or because Windows
    kept it."""
    for path in folder.glob(f"{_SCRATCH}*.npy"):
        remove_scratch_file(path)


def check_finite(values: np.ndarray) -> None:
    """Raise RunFailed when a network's answer was not a number: no label may be made from it."""
    if not np.isfinite(values.sum(dtype=np.float64)):
        raise RunFailed(
            "the networks answered with values that are not numbers.",
            hint="Predict with an earlier checkpoint, or in float32.",
        )
