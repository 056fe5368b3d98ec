"""The grey values that a scan is shown with: the soft tissue of a CT, the tissue of anything else."""

from __future__ import annotations

import numpy as np

SOFT_TISSUE_HU = (-160.0, 240.0)
_AIR_BELOW_HU = -300.0
_SAMPLES = 500_000
_ENOUGH_SHARE = 0.05
_ENDS = (1.0, 99.5)


def window(array: np.ndarray) -> tuple[float, float]:
    """(black, white) for a scan (X, Y, Z), from a sample of its voxels.

    Where much lies far below zero and enough around it, it is a CT in Hounsfield units, and soft tissue is shown. Else
    the dark end is the first percentile, and the bright end the 99.5th of what is brighter than the mean, so that
    neither a large dark surround nor a few very bright voxels set it.
    """
    step = max(1, round((array.size / _SAMPLES) ** (1 / 3)))
    sample = np.asarray(array[::step, ::step, ::step], dtype=np.float64).ravel()
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    if np.mean(sample < _AIR_BELOW_HU) > _ENOUGH_SHARE:
        low, high = SOFT_TISSUE_HU
        if np.mean((sample > low) & (sample < high)) > _ENOUGH_SHARE:
            return low, high
    bright = sample[sample > sample.mean()]
    low = float(np.percentile(sample, _ENDS[0]))
    high = float(np.percentile(bright, _ENDS[1])) if bright.size else low
    return (low, high) if high > low else (low, low + 1.0)
