"""Calibration over the rim: a model that says 90 % where it is right in 60 % is 0.3 off, and a temperature mends it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy_measures import rim_calibration


def overconfident_case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (2, 20, 20, 20) of 0.9 for a block, and a truth that agrees with them in 60 % of the voxels."""
    random = np.random.default_rng(seed)
    block = np.zeros((20, 20, 20), dtype=bool)
    block[6:14, 6:14, 6:14] = True
    foreground = np.where(block, 0.9, 0.1).astype(np.float32)
    right = random.random(block.shape) < 0.6
    return np.stack([1 - foreground, foreground]), np.where(right, block, ~block).astype(np.uint8)


def test_before_and_after_a_temperature_over_the_rims_of_all_cases():
    cases = [overconfident_case(seed) for seed in (0, 1)]
    found = rim_calibration(iter(cases), float(np.log(9) / np.log(1.5)), calibrated=True)
    assert found["before"] == pytest.approx(0.3, abs=0.02)
    assert found["after"] == pytest.approx(0.0, abs=0.02)
    assert 0 < found["voxels"] < 2 * 20**3


def test_an_uncalibrated_model_has_nothing_after():
    found = rim_calibration([overconfident_case(0)], 1.0, calibrated=False)
    assert (found["temperature"], found["calibrated"], found["after"]) == (1.0, False, None)
