"""The networks' probabilities as one prediction: class maps, and measures around the foreground, read in slabs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.ranking.regions import Box, dilated, normalised_entropy

_SLAB_BYTES = 64 * 2**20


def label_maps(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class per network (N, X, Y, Z) uint8 and of their mean (X, Y, Z) uint8, from (N, K, X, Y, Z).

    Raises RunFailed when a probability is not a number.
    """
    networks, _, *shape = probabilities.shape
    maps = np.empty((networks, *shape), dtype=np.uint8)
    fused = np.empty(shape, dtype=np.uint8)
    for start, stop in _slab_ranges(probabilities.shape, 0, shape[0]):
        slab = np.asarray(probabilities[:, :, start:stop], dtype=np.float32)
        if not np.isfinite(slab).all():
            raise RunFailed(
                "the networks' probabilities contain values that are not numbers.",
                hint="Training has diverged: train again with another seed or a smaller learning rate.",
            )
        maps[:, start:stop] = slab.argmax(axis=1)
        fused[start:stop] = _mean_over_networks(slab).argmax(axis=0)
    return maps, fused


class FusedForeground:
    """The fused prediction and the mean probability in the box around the foreground."""

    def __init__(self, probabilities: np.ndarray, fused: np.ndarray, box: Box | None) -> None:
        self._probabilities = probabilities
        self._box = box
        self.labels = None if box is None else fused[box]
        self._entropy = np.zeros((0, 0, 0), dtype=np.float32)
        if box is not None:
            self._entropy = np.concatenate(
                [normalised_entropy(_mean_over_networks(slab)) for slab in self._slabs()]
            )

    def _slabs(self) -> Iterator[np.ndarray]:
        assert self._box is not None
        across, y, z = self._box
        for start, stop in _slab_ranges(self._probabilities.shape, across.start, across.stop):
            yield self._probabilities[:, :, start:stop, y, z]

    def entropy_around(self, mask: np.ndarray) -> float:
        """Mean normalised entropy over `mask` (crop, bool) dilated by the rim."""
        return float(self._entropy[dilated(mask)].mean(dtype=np.float64))

    def expected_dice(self, index: int) -> float:
        """2 sum(p in prediction) / (|prediction| + sum(p)), p summed over the prediction and its rim.

        Beyond the rim the tails of the softmax, summed over a large volume, would outweigh the structure.
        """
        assert self.labels is not None
        inside, around, position = 0.0, 0.0, 0
        predicted = self.labels == index
        rim = dilated(predicted)
        for slab in self._slabs():
            mean = _mean_over_networks(slab[:, index : index + 1])[0]
            rows = slice(position, position + mean.shape[0])
            inside += float(mean[predicted[rows]].sum(dtype=np.float64))
            around += float(mean[rim[rows]].sum(dtype=np.float64))
            position += mean.shape[0]
        return 2.0 * inside / (np.count_nonzero(predicted) + around)


def _mean_over_networks(slab: np.ndarray) -> np.ndarray:
    return np.asarray(slab, dtype=np.float32).mean(axis=0)


def _slab_ranges(shape: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int]]:
    row_bytes = 4 * shape[0] * shape[1] * shape[3] * shape[4]
    step = max(1, _SLAB_BYTES // max(row_bytes, 1))
    for low in range(start, stop, step):
        yield low, min(low + step, stop)
