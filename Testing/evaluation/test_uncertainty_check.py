"""Uncertainty against true error: exact counts by hand, ties without luck, and the direction of the case score."""

from __future__ import annotations

import json

import numpy as np
import pytest

from DualSSLSegLib.evaluation.uncertainty_check import error_capture, failure_detection, summarise_capture


def line(values):
    """A (10, 1, 1) array of ten voxels."""
    return np.array(values, dtype=np.float32)[:, None, None]


EVERYWHERE = np.ones((10, 1, 1), dtype=bool)


def test_wrong_voxels_are_counted_in_the_most_uncertain_part_by_hand():
    prediction, reference = np.zeros((2, 10, 1, 1), dtype=np.uint8)
    reference[[1, 4, 8]] = 1
    uncertainty = line([0.1, 0.9, 0.2, 0.3, 0.8, 0.1, 0.2, 0.7, 0.1, 0.3])
    found = error_capture(prediction, reference, uncertainty, region=EVERYWHERE, share=0.2)
    assert (found.wrong, found.captured, found.looked_at) == (3, 2.0, 2)
    assert found.share == pytest.approx(2 / 3)
    quarter = error_capture(prediction, reference, uncertainty, region=EVERYWHERE)
    assert quarter.looked_at == 3


def test_errors_outside_the_region_count_as_missed():
    prediction, reference = np.zeros((2, 10, 1, 1), dtype=np.uint8)
    reference[[0, 9]] = 2
    region = EVERYWHERE.copy()
    region[9] = False
    found = error_capture(prediction, reference, line(np.arange(10, 0, -1)), region=region)
    assert (found.wrong, found.wrong_in_rim, found.captured, found.rim_voxels) == (2, 1, 1.0, 9)


def test_a_flat_uncertainty_catches_exactly_its_share():
    prediction, reference = np.zeros((2, 10, 1, 1), dtype=np.uint8)
    reference[:4] = 1
    found = error_capture(prediction, reference, line([0.5] * 10), region=EVERYWHERE, share=0.5)
    assert found.share == pytest.approx(0.5)


def test_by_default_the_rim_of_the_prediction_is_searched():
    reference = np.zeros((30, 30, 30), dtype=np.uint8)
    reference[8:20, 8:22, 8:22] = 1
    prediction = np.roll(reference, 1, axis=0)
    wrong = prediction != reference
    perfect = error_capture(prediction, reference, wrong.astype(np.float32))
    assert perfect.share == 1.0
    assert perfect.rim_voxels < np.count_nonzero(prediction) * 3
    blind = error_capture(prediction, reference, 1 - wrong.astype(np.float32))
    assert blind.share < 0.01


def test_cases_are_pooled_by_voxel_and_a_perfect_case_changes_nothing():
    prediction, reference = np.zeros((2, 10, 1, 1), dtype=np.uint8)
    perfect = error_capture(prediction, reference, line(range(10)), region=EVERYWHERE)
    assert perfect.share is None
    reference[9] = 1
    caught = error_capture(prediction, reference, line(range(10)), region=EVERYWHERE)
    reference[:3] = 1
    partly = error_capture(prediction, reference, line(range(10)), region=EVERYWHERE)
    summary = summarise_capture([perfect, caught, partly])
    assert (summary.cases, summary.wrong, summary.pooled) == (3, 5, pytest.approx(2 / 5))
    assert summary.mean == pytest.approx((1 + 1 / 4) / 2)
    assert summary.interval[0] <= summary.pooled <= summary.interval[1]
    assert summarise_capture([perfect]).pooled is None
    assert summarise_capture([]).cases == 0
    assert json.dumps([summary.to_dict(), partly.to_dict()], allow_nan=False)


def test_nothing_predicted_has_no_rim_and_catches_nothing():
    reference = np.zeros((8, 8, 8), dtype=np.uint8)
    reference[2:5, 2:5, 2:5] = 1
    found = error_capture(np.zeros_like(reference), reference, np.zeros((8, 8, 8), dtype=np.float32))
    assert (found.rim_voxels, found.share) == (0, 0.0)


def test_a_good_case_score_correlates_negatively_with_dice_and_has_a_low_aurc():
    random = np.random.default_rng(0)
    dice = {f"case_{index}": float(value) for index, value in enumerate(random.uniform(0.5, 0.95, 40))}
    scores = {case: 1 - value + random.normal(0, 0.03) for case, value in dice.items()}
    found = failure_detection(scores, dice)
    assert found.pearson.coefficient < -0.9 and found.spearman.coefficient < -0.9
    assert found.pearson_bootstrap[0] < found.pearson.coefficient < found.pearson_bootstrap[1]
    assert found.aurc_best <= found.aurc < found.aurc_random
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_cases_without_a_score_or_a_dice_are_left_out():
    found = failure_detection({"a": 0.1, "b": 0.2, "d": 0.3}, {"a": 0.9, "b": None, "c": 0.5})
    assert (found.pearson.n, found.pearson.coefficient, found.pearson_bootstrap) == (1, None, None)
    assert failure_detection({}, {}).aurc is None


def test_wrong_arguments_are_named():
    prediction, reference = np.zeros((2, 10, 1, 1), dtype=np.uint8)
    with pytest.raises(ValueError, match="one shape"):
        error_capture(prediction, reference[1:], line(range(10)), region=EVERYWHERE)
    with pytest.raises(ValueError, match="share"):
        error_capture(prediction, reference, line(range(10)), region=EVERYWHERE, share=0)
    with pytest.raises(ValueError, match="not numbers"):
        error_capture(prediction, reference, line([np.nan] * 10), region=EVERYWHERE)
