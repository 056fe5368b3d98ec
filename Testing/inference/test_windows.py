"""Windows cover every voxel, touch both borders, and their weights add up to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.inference.windows import padded_size, plan_windows, smaller_window

sides = st.integers(1, 90)
patches = st.sampled_from([16, 32, 48])


@settings(max_examples=40, deadline=None)
@given(st.tuples(sides, sides, sides), st.tuples(patches, patches, patches), st.floats(0, 0.8), st.booleans())
def test_weights_of_all_windows_add_up_to_one_at_every_voxel(volume, patch, overlap, gaussian):
    grid = plan_windows(volume, patch, overlap=overlap, gaussian=gaussian)
    for axis in range(3):
        total = np.zeros(volume[axis])
        for start, share in zip(grid.starts[axis], grid.weights[axis], strict=True):
            low, high = max(start, 0), min(start + patch[axis], volume[axis])
            total[low:high] += share[low - start : high - start]
        np.testing.assert_allclose(total, 1, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(sides, patches, st.floats(0, 0.8))
def test_neighbours_overlap_by_at_least_what_was_asked_for(size, patch, overlap):
    starts = plan_windows((size, 16, 16), (patch, 16, 16), overlap=overlap).starts[0]
    if size > patch:
        assert starts[0] == 0 and starts[-1] == size - patch
        # one voxel of rounding, because starts are whole voxels
        assert max(np.diff(starts)) <= patch * (1 - overlap) + 1
    else:
        assert len(starts) == 1
        assert abs(-starts[0] - (patch - size) / 2) <= 0.5, "padding lies evenly on both sides"


def test_a_small_volume_becomes_one_window_of_its_padded_size():
    grid = plan_windows((35, 51, 35), (32, 48, 32), one_window_up_to=3)
    assert grid.window == padded_size((35, 51, 35)) == (48, 64, 48)
    assert len(grid) == 1
    assert len(plan_windows((35, 51, 35), (32, 48, 32), one_window_up_to=0)) == 8


def test_smaller_windows_stay_multiples_of_sixteen_and_come_to_an_end():
    window, seen = (112, 112, 80), []
    while window is not None:
        seen.append(window)
        assert all(side % 16 == 0 for side in window)
        window = smaller_window(window)
    assert seen[-1] == (32, 32, 32) or max(seen[-1]) <= 32


@pytest.mark.parametrize(
    ("patch", "overlap", "said"),
    [
        ((30, 32, 32), 0.5, "multiple of 16"),
        ((32, 32, 32), 1.0, "overlap"),
        ((32, 32), 0.5, "three whole numbers"),
    ],
)
def test_wrong_settings_are_refused_in_words(patch, overlap, said):
    with pytest.raises(BadInput, match=said):
        plan_windows((40, 40, 40), patch, overlap=overlap)
