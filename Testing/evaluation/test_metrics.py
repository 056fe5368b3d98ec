"""Metrics: shapes worked out by hand, an independent library, invariants, and empty structures."""

from __future__ import annotations

import json

import numpy as np
import pytest
import surface_distance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import cdist

from DualSSLSegLib.evaluation.metrics import StructureMetrics, case_metrics, dice, jaccard, structure_metrics
from DualSSLSegLib.evaluation.surface import surface_distances, surface_voxels

spacings = st.tuples(*[st.sampled_from([0.5, 0.8, 1.0, 1.25, 3.0])] * 3)


def box(shape, low, high):
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def blob(seed, shape=(24, 22, 18), level=0.35):
    """A smooth random shape away from the edge, in several pieces now and then; never empty."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal(shape), 2.5)
    inner = np.zeros(shape, dtype=bool)
    inner[3:-3, 3:-3, 3:-3] = True
    field[~inner] = -np.inf
    return field > np.quantile(field[inner], 1 - level)


def test_a_box_shifted_by_two_voxels_scores_what_paper_and_pencil_say():
    reference = box((30, 20, 20), (5, 5, 5), (15, 15, 15))
    prediction = box((30, 20, 20), (7, 5, 5), (17, 15, 15))
    result = structure_metrics(prediction, reference, (1.5, 1.0, 1.0))
    assert result.state == "present"
    assert result.dice == pytest.approx(0.8)
    assert result.jaccard == pytest.approx(800 / 1200)
    assert result.hd95_mm == pytest.approx(3.0)
    assert result.hd95_voxels == pytest.approx(2.0)
    assert result.volume_mm3 == pytest.approx(1500.0)
    assert result.diagonal_mm == pytest.approx(np.hypot(np.hypot(45, 20), 20))


def test_two_parallel_plates_lie_exactly_their_gap_apart():
    reference = box((20, 12, 12), (4, 0, 0), (5, 12, 12))
    prediction = box((20, 12, 12), (9, 0, 0), (10, 12, 12))
    result = structure_metrics(prediction, reference, (0.7, 1.0, 2.0))
    assert result.dice == 0.0
    assert result.hd95_mm == pytest.approx(3.5)
    assert result.asd_mm == pytest.approx(3.5)
    assert (result.hd95_voxels, result.asd_voxels) == (5.0, 5.0)
    assert (result.medpy_hd95_voxels, result.medpy_asd_voxels) == (5.0, 5.0)


def test_a_far_speck_counts_only_where_more_than_five_percent_of_the_surface_is_far():
    reference = box((40, 20, 20), (5, 5, 5), (15, 15, 15))
    speck = reference.copy()
    speck[35, 10, 10] = True
    result = structure_metrics(speck, reference, (1, 1, 1))
    assert result.hd95_mm == 0.0
    assert result.asd_mm == pytest.approx(21 / (2 * np.count_nonzero(reference) - 2 * 8**3 + 1))


def test_the_directed_distance_of_published_tables_is_blind_to_what_the_prediction_lacks():
    reference = box((40, 12, 12), (2, 2, 2), (34, 9, 9))
    half = box((40, 12, 12), (2, 2, 2), (18, 9, 9))
    result = structure_metrics(half, reference, (1, 1, 1))
    assert result.medpy_asd_voxels < 0.5 < result.asd_voxels
    assert result.medpy_hd95_voxels <= result.hd95_voxels


def test_a_structure_cut_by_the_edge_of_the_volume_has_a_surface_there():
    assert len(surface_voxels(np.ones((4, 4, 4), dtype=bool))) == 64 - 8


@pytest.mark.filterwarnings("ignore:.*scipy.ndimage:DeprecationWarning")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.6, 0.6, 2.5), (3.0, 0.9, 1.1)])
def test_an_independent_library_agrees(seed, spacing):
    prediction, reference = blob(seed), blob(seed, level=0.25) if seed % 2 else blob(seed + 100)
    result = structure_metrics(prediction, reference, spacing)
    theirs = surface_distance.compute_surface_distances(reference, prediction, spacing)
    assert result.dice == pytest.approx(
        surface_distance.compute_dice_coefficient(reference, prediction), abs=1e-12
    )
    # The library puts the surface between voxels and weighs it by area, we put it on the outermost voxels:
    # they may differ by less than a voxel.
    to_reference, to_prediction = surface_distance.compute_average_surface_distance(theirs)
    assert result.asd_mm == pytest.approx((to_reference + to_prediction) / 2, abs=0.5 * max(spacing))
    assert result.hd95_mm == pytest.approx(
        surface_distance.compute_robust_hausdorff(theirs, 95), abs=max(spacing)
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), spacing=spacings)
def test_distances_equal_comparing_every_pair_of_surface_voxels(seed, spacing):
    prediction, reference = blob(seed, (14, 13, 12)), blob(seed + 1, (14, 13, 12))
    found = surface_distances(prediction, reference, spacing)
    every = cdist(surface_voxels(prediction) * spacing, surface_voxels(reference) * spacing)
    assert found.from_prediction == pytest.approx(every.min(axis=1))
    assert found.from_reference == pytest.approx(every.min(axis=0))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), spacing=spacings)
def test_swapping_prediction_and_reference_changes_nothing(seed, spacing):
    one, other = blob(seed), blob(seed + 1)
    there, back = structure_metrics(one, other, spacing), structure_metrics(other, one, spacing)
    for name in ("dice", "jaccard", "hd95_mm", "asd_mm", "hd95_voxels", "asd_voxels", "medpy_hd95_voxels"):
        assert getattr(there, name) == pytest.approx(getattr(back, name)), name


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.tuples(*[st.integers(0, 7)] * 3), spacing=spacings)
def test_moving_both_together_changes_nothing(seed, shift, spacing):
    def placed(mask, at):
        larger = np.zeros(tuple(size + 7 for size in mask.shape), dtype=bool)
        larger[tuple(slice(a, a + size) for a, size in zip(at, mask.shape, strict=True))] = mask
        return larger

    one, other = blob(seed), blob(seed + 1)
    still = structure_metrics(placed(one, (0, 0, 0)), placed(other, (0, 0, 0)), spacing)
    moved = structure_metrics(placed(one, shift), placed(other, shift), spacing)
    assert moved.to_dict() == pytest.approx(still.to_dict())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), spacing=spacings, factor=st.floats(0.2, 5))
def test_millimetres_scale_with_the_spacing_and_voxels_do_not(seed, spacing, factor):
    one, other = blob(seed), blob(seed + 1)
    small = structure_metrics(one, other, spacing)
    large = structure_metrics(one, other, tuple(factor * side for side in spacing))
    assert large.hd95_mm == pytest.approx(factor * small.hd95_mm)
    assert large.asd_mm == pytest.approx(factor * small.asd_mm)
    assert large.hd95_voxels == small.hd95_voxels
    assert large.dice == small.dice


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.permutations([0, 1, 2]), spacing=spacings)
def test_the_order_of_the_axes_does_not_matter(seed, order, spacing):
    one, other = blob(seed), blob(seed + 1)
    turned = structure_metrics(
        one.transpose(order), other.transpose(order), tuple(spacing[axis] for axis in order)
    )
    assert turned.to_dict() == pytest.approx(structure_metrics(one, other, spacing).to_dict())


def test_a_perfect_prediction_is_perfect():
    mask = blob(3)
    result = structure_metrics(mask, mask, (1, 2, 3))
    assert (result.dice, result.jaccard, result.hd95_mm, result.asd_mm) == (1.0, 1.0, 0.0, 0.0)


def test_an_empty_prediction_never_looks_perfect():
    full, empty = blob(1), np.zeros((24, 22, 18), dtype=bool)
    missed = structure_metrics(empty, full, (1, 1, 1))
    assert (missed.state, missed.dice, missed.jaccard) == ("missed", 0.0, 0.0)
    assert missed.hd95_mm is None and missed.asd_mm is None and missed.hd95_voxels is None
    false_alarm = structure_metrics(full, empty, (1, 1, 1))
    assert (false_alarm.state, false_alarm.dice, false_alarm.hd95_mm) == ("false_alarm", 0.0, None)
    absent = structure_metrics(empty, empty, (1, 1, 1))
    assert (absent.state, absent.dice, absent.jaccard, absent.asd_mm) == ("absent", None, None, None)
    assert absent.diagonal_voxels == pytest.approx(np.sqrt(24**2 + 22**2 + 18**2))
    assert dice(empty, empty) is None and jaccard(empty, empty) is None


def test_a_case_is_scored_by_structure_and_survives_json():
    reference = np.zeros((20, 20, 20), dtype=np.uint8)
    reference[4:10, 4:10, 4:10] = 1
    reference[12:16, 4:10, 4:10] = 5
    prediction = reference.copy()
    prediction[prediction == 5] = 0
    scored = case_metrics(prediction, reference, (1, 1, 2), {"anterior": 1, "posterior": 5})
    assert (scored["anterior"].dice, scored["posterior"].state) == (1.0, "missed")
    again = {
        name: StructureMetrics.from_dict(json.loads(json.dumps(one.to_dict(), allow_nan=False)))
        for name, one in scored.items()
    }
    assert again == scored
    assert case_metrics(prediction, reference, (1, 1, 2), ["anterior"])["anterior"] == scored["anterior"]


def test_wrong_shapes_and_spacings_are_refused():
    mask = blob(0)
    with pytest.raises(ValueError, match="one shape"):
        structure_metrics(mask, mask[1:], (1, 1, 1))
    with pytest.raises(ValueError, match="spacing"):
        structure_metrics(mask, mask, (1, 0, 1))
    with pytest.raises(ValueError, match="empty"):
        surface_distances(mask, np.zeros_like(mask))
