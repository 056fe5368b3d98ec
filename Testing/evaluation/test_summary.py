"""Tables over cases: known numbers, nothing undefined slips in as a good or bad value, everything is JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from DualSSLSegLib.evaluation.metrics import case_metrics
from DualSSLSegLib.evaluation.summary import MEASURES, case_means, compare, summarise

NAMES = ["anterior", "posterior"]


def reference_label():
    label = np.zeros((24, 16, 16), dtype=np.uint8)
    label[3:11, 4:12, 4:12] = 1
    label[13:21, 4:12, 4:12] = 2
    return label


def cases(*shifts, missing=(), absent=()):
    """Metrics of cases whose prediction is the reference moved by some voxels; a few lack the posterior part."""
    scored = {}
    for index, shift in enumerate(shifts):
        reference = reference_label()
        prediction = np.roll(reference, shift, axis=1)
        if index in missing:
            prediction[prediction == 2] = 0
        if index in absent:
            prediction[prediction == 2] = 0
            reference[reference == 2] = 0
        scored[f"case_{index}"] = case_metrics(prediction, reference, (1, 0.5, 1), NAMES)
    return scored


def test_mean_spread_median_and_the_worst_case_by_name():
    summary = summarise(cases(0, 1, 2, 4))
    dice = summary.structures["anterior"].measures["dice"]
    expected = np.array([1, 7 / 8, 6 / 8, 4 / 8])
    assert dice.mean == pytest.approx(expected.mean())
    assert dice.sd == pytest.approx(expected.std(ddof=1))
    assert dice.median == pytest.approx(13 / 16)
    assert (dice.n, dice.undefined, dice.worst, dice.worst_case) == (4, 0, 0.5, "case_3")
    assert dice.interval[0] < dice.mean < dice.interval[1]
    distance = summary.structures["anterior"].measures["hd95_mm"]
    assert (distance.worst, distance.worst_case) == (2.0, "case_3")
    assert summary.mean["dice"].mean == pytest.approx(dice.mean)


def test_a_missed_structure_pulls_dice_down_and_its_distances_are_counted_as_undefined():
    scored = cases(0, 1, 0, missing=[2])
    posterior = summarise(scored).structures["posterior"]
    assert posterior.states == {"present": 2, "missed": 1, "false_alarm": 0, "absent": 0}
    assert posterior.measures["dice"].worst == 0.0
    distance = posterior.measures["hd95_mm"]
    assert (distance.n, distance.undefined, distance.maximum) == (2, 1, 0.5)
    strict = summarise(scored, empty_distance="diagonal").structures["posterior"].measures
    diagonal = float(np.linalg.norm([24, 8, 16]))
    assert (strict["hd95_mm"].n, strict["hd95_mm"].maximum) == (3, pytest.approx(diagonal))
    assert strict["hd95_voxels"].maximum == pytest.approx(np.linalg.norm([24, 16, 16]))


def test_a_structure_that_is_rightly_absent_counts_neither_for_nor_against():
    scored = cases(1, 1, absent=[1])
    summary = summarise(scored, empty_distance="diagonal")
    assert summary.structures["posterior"].states["absent"] == 1
    assert summary.structures["posterior"].measures["dice"].n == 1
    assert case_means(scored, "dice") == pytest.approx({"case_0": 7 / 8, "case_1": 7 / 8})


def test_two_methods_are_compared_case_by_case():
    better, worse = cases(0, 1, 0, 1, 0, 1, 0), cases(1, 2, 2, 3, 1, 2, 1)
    comparison = compare(better, worse)
    dice = comparison.mean["dice"]
    assert (dice.n, dice.first_higher, dice.second_higher) == (7, 7, 0)
    assert dice.interval[0] > 0 and dice.p_value < 0.05
    back = compare(worse, better).mean["dice"]
    assert (back.mean, back.second_higher) == (pytest.approx(-dice.mean), 7)
    assert comparison.structures["anterior"]["hd95_mm"].mean < 0


def test_cases_that_only_one_method_has_or_defines_are_named_not_guessed():
    first, second = cases(0, 1, 2, missing=[1]), cases(1, 1)
    comparison = compare(first, second)
    assert comparison.mean["dice"].left_out == ("case_2",)
    assert comparison.structures["posterior"]["asd_mm"].left_out == ("case_1", "case_2")
    assert comparison.structures["posterior"]["dice"].n == 2


def test_no_cases_give_an_empty_table():
    summary = summarise({})
    assert summary.cases == 0 and summary.mean["dice"].mean is None


def test_everything_is_json():
    scored = cases(0, 1, 2, missing=[1], absent=[2])
    for content in (summarise(scored).to_dict(), compare(scored, scored).to_dict(), summarise({}).to_dict()):
        assert json.loads(json.dumps(content, allow_nan=False)).keys() == content.keys()
    assert set(summarise(scored).to_dict()["structures"]["anterior"]["measures"]) == set(MEASURES)


def test_a_wrong_word_is_named():
    with pytest.raises(ValueError, match="zero"):
        summarise({}, empty_distance="zero")
    with pytest.raises(ValueError, match="zero"):
        compare({}, {}, empty_distance="zero")
