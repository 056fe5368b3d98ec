"""From a scan on its own grid to the array that the networks see: normalised, on the working grid, half precision."""

from __future__ import annotations

import numpy as np

from DualSSLSegLib.imaging.geometry import Grid, Volume
from DualSSLSegLib.imaging.intensity import IntensityPlan, normalise
from DualSSLSegLib.imaging.resample import to_working

ARRAY_TYPE = np.float16  # half the disk and memory traffic; normalised intensities keep three digits


def prepare_image(
    volume: Volume, spacing_mm: tuple[float, float, float], intensity: IntensityPlan
) -> tuple[np.ndarray, Grid]:
    """(C, x, y, z) float16 on the working grid, and that grid. The same for training and for every prediction."""
    array, working = to_working(normalise(volume.array, intensity), volume.grid, spacing_mm, label=False)
    return array.astype(ARRAY_TYPE), working
