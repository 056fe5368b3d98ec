"""Grey values: which of them a scan is shown between."""

from __future__ import annotations

import numpy as np
import pytest

from scene.examples import PLAIN, scan

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")

from DualSSLSegLib.scene.volume_node import add_volume  # noqa: E402
from DualSSLSegLib.scene.window_level import SOFT_TISSUE_HU, window  # noqa: E402


def test_a_ct_is_shown_as_soft_tissue() -> None:
    rng = np.random.default_rng(0)
    ct = np.where(rng.random((30, 30, 30)) < 0.5, -1000.0, rng.normal(40, 30, (30, 30, 30)))
    ct[3, 3, 3] = 3071
    assert window(ct.astype(np.float32)) == SOFT_TISSUE_HU


def test_an_mr_is_shown_between_its_dark_surround_and_its_bright_tissue() -> None:
    rng = np.random.default_rng(0)
    mr = np.where(rng.random((40, 40, 40)) < 0.8, 0.0, rng.normal(400, 60, (40, 40, 40)))
    mr[5, 5, :5] = 60_000  # a few spikes
    low, high = window(mr.astype(np.float32))
    assert low == pytest.approx(0, abs=5)
    assert 450 < high < 800


def test_any_array_has_a_window() -> None:
    for value in (np.zeros((3, 4, 5)), np.full((3, 4, 5), np.nan), np.full((2, 2, 2), -7.0)):
        low, high = window(value)
        assert np.isfinite([low, high]).all() and high > low


def test_slicer_computes_no_window_of_its_own(scene) -> None:
    node = add_volume(scan(PLAIN), "scan")
    assert not node.GetDisplayNode().GetAutoWindowLevel()
    assert node.GetDisplayNode().GetWindowLevelMax() == pytest.approx(
        window(scan(PLAIN).array[0])[1], rel=1e-3
    )
