"""The maps say what their definitions say, on arrays and on memory maps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.uncertainty import slabs
from DualSSLSegLib.uncertainty.maps import (
    disagreement_map,
    fuse,
    fuse_class,
    fused_label,
    rim,
    uncertainty_map,
)


def probabilities(networks=2, classes=3, shape=(9, 8, 7), sharp=3.0, seed=0):
    logits = np.random.default_rng(seed).normal(size=(networks, classes, *shape)) * sharp
    e = np.exp(logits - logits.max(1, keepdims=True))
    return (e / e.sum(1, keepdims=True)).astype(np.float32)


def at_one_voxel(*networks):
    return np.array(networks, dtype=np.float32)[:, :, None, None, None]


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_uncertainty_is_nothing_for_a_sure_answer_and_one_for_no_idea(classes):
    sure = np.eye(classes)[0]
    assert uncertainty_map(at_one_voxel(sure, sure))[0, 0, 0] == 0
    assert uncertainty_map(at_one_voxel(np.full(classes, 1 / classes)))[0, 0, 0] == pytest.approx(1)


def test_uncertainty_is_the_entropy_of_the_mean():
    p = probabilities().astype(np.float64)
    mean = p.mean(0)
    np.testing.assert_allclose(uncertainty_map(p), -(mean * np.log(mean)).sum(0) / np.log(3), atol=1e-6)
    np.testing.assert_allclose(uncertainty_map(fuse(p)), uncertainty_map(p), atol=1e-6)


def test_a_high_temperature_makes_unsure_and_never_changes_the_class():
    p = fuse(probabilities())
    assert (uncertainty_map(p, 3.0) >= uncertainty_map(p) - 1e-6).all()
    assert (uncertainty_map(p, 0.5) <= uncertainty_map(p) + 1e-6).all()
    with pytest.raises(BadInput, match="above 0"):
        uncertainty_map(p, 0.0)


def test_disagreement_is_nothing_for_the_same_answer_and_one_for_two_sure_opposites():
    assert disagreement_map(at_one_voxel([0.3, 0.7], [0.3, 0.7])).max() == pytest.approx(0, abs=1e-6)
    assert disagreement_map(at_one_voxel([1, 0], [0, 1])).min() == pytest.approx(1)
    assert disagreement_map(at_one_voxel([1, 0, 0], [0, 1, 0])).min() == pytest.approx(1)
    assert disagreement_map(at_one_voxel([1, 0, 0], [0, 1, 0], [0, 0, 1])).min() == pytest.approx(1)
    assert not disagreement_map(at_one_voxel([0.5, 0.5])).any(), "one network agrees with itself"


def test_disagreement_is_the_mean_divergence_from_the_mean_and_has_no_order():
    p = probabilities().astype(np.float64)
    mean = p.mean(0)
    divergence = (p * np.log(p / mean)).sum(1).mean(0) / np.log(2)
    np.testing.assert_allclose(disagreement_map(p), divergence, atol=1e-6)
    np.testing.assert_array_equal(disagreement_map(p), disagreement_map(p[::-1]))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(2, 5), st.floats(0, 50), st.integers(0, 99))
def test_both_maps_stay_between_zero_and_one(networks, classes, sharp, seed):
    p = probabilities(networks, classes, (4, 3, 2), sharp, seed)
    for found in (uncertainty_map(p), disagreement_map(p)):
        assert found.dtype == np.float32 and found.shape == (4, 3, 2)
        assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1


def test_maps_of_a_memory_map_worked_in_thin_slabs_are_the_same(tmp_path, monkeypatch):
    p = probabilities(shape=(23, 12, 10))
    label = fused_label(p)
    expected = [fuse(p), label, uncertainty_map(p, 1.5), disagreement_map(p), rim(label, 2)]
    np.save(tmp_path / "p.npy", p.astype(np.float16))
    mapped = np.load(tmp_path / "p.npy", mmap_mode="r")
    monkeypatch.setattr(slabs, "_SLAB_BYTES", 12 * 10 * 4 * 6 * 4)  # four planes of all networks and classes
    label_found = fused_label(mapped)
    assert (label_found == label).mean() > 0.99  # float16 may flip a tie
    found = [fuse(mapped), uncertainty_map(mapped, 1.5), disagreement_map(mapped)]
    for a, b in zip(found, [expected[0], *expected[2:4]], strict=True):
        np.testing.assert_allclose(a, b, atol=3e-3)
    np.testing.assert_array_equal(rim(label, 2), expected[4])
    for index in range(3):
        np.testing.assert_array_equal(fuse_class(mapped, index), found[0][index])


def a_ball(shape, centre, radius):
    grid = np.indices(shape)
    return ((grid - np.reshape(centre, (3, 1, 1, 1))) ** 2).sum(0) <= radius**2


def test_the_rim_is_three_voxels_out_and_three_in():
    label = np.zeros((41, 41, 41), np.uint8)
    label[a_ball(label.shape, (20, 20, 20), 10)] = 1
    found = rim(label)
    along = np.flatnonzero(found[20, 20])  # the ball reaches from 10 to 30
    assert along.tolist() == [*range(7, 13), *range(28, 34)]
    assert not found[20, 20, 20]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from([50, 1000, 10**8]))
def test_the_rim_is_the_same_in_any_slabs_as_by_its_definition(seed, voxels, slab_bytes):
    random = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(random.normal(size=(18, 15, 12)), 1.5)
    label = np.digitize(smooth, [0.05, 0.12]).astype(np.uint8)
    before = slabs._SLAB_BYTES
    slabs._SLAB_BYTES = slab_bytes
    try:
        found = rim(label, voxels)
    finally:
        slabs._SLAB_BYTES = before
    reach = a_ball((2 * voxels + 1,) * 3, (voxels,) * 3, voxels)
    core = np.zeros(label.shape, bool)
    for value in (1, 2):
        core |= ndimage.binary_erosion(label == value, reach, border_value=1)
    np.testing.assert_array_equal(found, ndimage.binary_dilation(label > 0, reach) & ~core)


def test_the_border_between_two_structures_belongs_to_the_rim():
    label = np.ones((40, 12, 12), np.uint8)
    label[20:] = 2
    found = rim(label)
    assert np.flatnonzero(found[:, 6, 6]).tolist() == [17, 18, 19, 20, 21, 22]


def test_nothing_predicted_has_no_rim_and_all_of_one_structure_has_none_either():
    assert not rim(np.zeros((9, 9, 9), np.uint8)).any()
    assert not rim(np.ones((9, 9, 9), np.uint8)).any()


def test_arrays_with_missing_axes_are_refused():
    with pytest.raises(BadInput, match="5 axes"):
        disagreement_map(np.zeros((3, 4, 4, 4)))
