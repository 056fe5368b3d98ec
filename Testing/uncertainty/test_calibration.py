"""A temperature is fitted when there is something to fit it on, and makes probabilities mean what they say."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.uncertainty.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)
from DualSSLSegLib.uncertainty.maps import scale


def a_case(seed, temperature, classes=3, shape=(24, 22, 20)):
    """Probabilities that are over-confident by `temperature`: the label is drawn from their softened form."""
    random = np.random.default_rng(seed)
    logits = np.stack([ndimage.gaussian_filter(random.normal(size=shape), 2) * 12 for _ in range(classes)])
    q = np.exp(logits - logits.max(0))
    q /= q.sum(0)
    cumulative = np.cumsum(scale(q, temperature), axis=0)
    label = (random.random(shape) > cumulative).sum(0).clip(0, classes - 1).astype(np.uint8)
    return q.astype(np.float32), label


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_approached_with_the_number_of_cases(temperature):
    cases = [a_case(seed, temperature) for seed in range(32)]
    found = fit_temperature([p for p, _ in cases], [y for _, y in cases])
    assert found.calibrated and found.cases == 32
    assert found.temperature == pytest.approx(temperature**0.8, rel=0.04)  # 0.05 of the fit itself
    assert found.error_after < 0.02
    few = fit_temperature([p for p, _ in cases[:1]], [y for _, y in cases[:1]], labelled_cases=8)
    assert few.temperature == pytest.approx(temperature ** (1 / 9), rel=0.011)
    if temperature != 1.0:
        assert found.error_after < found.error_before / 2 < few.error_after
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_same_seed_gives_the_same_temperature_and_networks_may_be_given_apart():
    cases = [a_case(seed, 2.0) for seed in range(2)]
    labels = [y for _, y in cases]
    pairs = [np.stack([p, p]).astype(np.float16) for p, _ in cases]
    first = fit_temperature(pairs, labels, labelled_cases=10)
    assert first == fit_temperature(pairs, labels, labelled_cases=10)
    assert first.temperature == pytest.approx(2.0**0.2, rel=0.02)


def test_below_eight_labelled_cases_nothing_is_claimed():
    cases = [a_case(seed, 2.0) for seed in range(7)]
    found = fit_temperature([p for p, _ in cases], [y for _, y in cases])
    assert (found.temperature, found.calibrated) == (1.0, False)
    assert "7 labelled cases are too few" in found.explanation


def test_with_no_case_kept_out_of_training_nothing_is_claimed_either():
    found = fit_temperature([], [], labelled_cases=20)
    assert (found.temperature, found.calibrated) == (1.0, False)
    assert "kept out of training" in found.explanation


def test_predictions_are_not_even_read_below_eight():
    def untouched():
        raise AssertionError("read")
        yield

    assert not fit_temperature(untouched(), untouched(), labelled_cases=5).calibrated


def test_voxels_of_unknown_class_are_left_out():
    p, label = a_case(0, 2.0)
    unknown = label.astype(np.int16)
    unknown[::2] = -1
    found = fit_temperature([p], [unknown], labelled_cases=8)
    assert found.temperature == pytest.approx(2.0 ** (1 / 9), rel=0.011)


def test_a_case_without_any_structure_has_nothing_to_say():
    p = np.zeros((2, 8, 8, 8), np.float32)
    p[0] = 1
    found = fit_temperature([p], [np.zeros((8, 8, 8), np.uint8)], labelled_cases=8)
    assert not found.calibrated


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy():
    p = np.tile(np.array([[0.8], [0.2]]), (1, 1000))
    labels = np.zeros(1000, int)
    labels[:400] = 1  # 60 % right with a confidence of 80 %
    assert expected_calibration_error(p, labels) == pytest.approx(0.2)
    (only,) = reliability_bins(p, labels)
    assert (only.confidence, only.accuracy, only.count) == pytest.approx((0.8, 0.6, 1000))
    labels[:] = 0
    labels[:200] = 1
    assert expected_calibration_error(p, labels) == pytest.approx(0, abs=1e-9)
    assert expected_calibration_error(p[:, :0], labels[:0]) == 0


def test_sizes_and_numbers_that_differ_are_refused():
    p, label = a_case(0, 1.0)
    with pytest.raises(BadInput, match="differ in size"):
        fit_temperature([p], [label[1:]], labelled_cases=8)
    for probabilities, labels in (([p], []), ([], [label])):
        with pytest.raises(BadInput, match="more"):
            fit_temperature(probabilities, labels, labelled_cases=8)
