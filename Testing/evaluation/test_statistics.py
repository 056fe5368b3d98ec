"""Statistics against closed forms and scipy, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from DualSSLSegLib.evaluation.statistics import (
    aurc,
    bootstrap_interval,
    distribution,
    paired_difference,
    pearson,
    spearman,
)


def test_correlations_are_scipys_with_fishers_interval():
    random = np.random.default_rng(0)
    one = random.normal(size=40)
    other = 0.8 * one + random.normal(size=40)
    theirs = stats.pearsonr(one, other)
    ours = pearson(one.tolist(), other.tolist())
    assert ours.coefficient == pytest.approx(theirs.statistic)
    assert ours.interval == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    assert ours.p_value == pytest.approx(theirs.pvalue)
    ranks = spearman(one.tolist(), np.exp(other).tolist())
    assert ranks.coefficient == pytest.approx(stats.spearmanr(one, other).statistic)
    assert ranks.interval[0] < ranks.coefficient < ranks.interval[1]


def test_a_correlation_that_cannot_be_computed_is_none_not_a_number():
    assert pearson([1, 2, 3, 4], [5, 5, 5, 5]).coefficient is None
    assert pearson([1, 2], [1, 2]).coefficient is None
    assert pearson([1, 2, 3], [1, 2, 4]).interval is None
    perfect = spearman([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])
    assert perfect.coefficient == pytest.approx(1) and perfect.interval[1] <= 1
    with pytest.raises(ValueError, match="same length"):
        pearson([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="finite"):
        pearson([1, 2, float("nan")], [1, 2, 3])


def test_the_bootstrap_interval_covers_the_true_mean_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(300):
        values = random.normal(3, 1, 40)
        low, high = bootstrap_interval([values], lambda rows: rows[0].mean(axis=1), seed=seed, resamples=400)
        covered += low <= 3 <= high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_same_seed_gives_the_same_interval():
    values = {f"case_{index}": value for index, value in enumerate(np.random.default_rng(2).random(12))}
    again = distribution(values, higher_is_better=True, seed=3)
    assert distribution(values, higher_is_better=True, seed=3) == again
    assert distribution(values, higher_is_better=True, seed=4).interval != again.interval


def test_undefined_values_are_left_out_and_counted():
    found = distribution({"a": 0.5, "b": None, "c": 0.9}, higher_is_better=True)
    assert (found.n, found.undefined, found.mean, found.worst_case) == (2, 1, pytest.approx(0.7), "a")
    assert found.interval is None
    only_none = distribution({"a": None}, higher_is_better=False)
    assert (only_none.n, only_none.undefined, only_none.mean, only_none.worst) == (0, 1, None, None)
    assert distribution({"a": 2.0}, higher_is_better=False).sd is None


def test_aurc_by_hand():
    risks = [0.1, 0.5, 0.3]
    assert aurc([1, 3, 2], risks) == pytest.approx((0.1 + 0.2 + 0.3) / 3)
    assert aurc([3, 1, 2], risks) == pytest.approx((0.5 + 0.4 + 0.3) / 3)
    assert aurc([7, 7, 7], risks) == pytest.approx(0.3)
    assert aurc([], []) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 1000))
def test_no_order_beats_the_true_one_and_ties_do_not_depend_on_the_order_of_cases(risks, seed):
    random = np.random.default_rng(seed)
    scores = random.integers(0, 4, len(risks)).astype(float)
    found = aurc(scores.tolist(), risks)
    assert found >= aurc(risks, risks) - 1e-12
    turned = random.permutation(len(risks))
    assert aurc(scores[turned].tolist(), np.array(risks)[turned].tolist()) == pytest.approx(found)


def test_a_paired_difference_sees_what_two_separate_spreads_hide():
    random = np.random.default_rng(4)
    hard = random.normal(0.7, 0.15, 20)
    first = {
        f"case_{index}": float(value + 0.02 + random.normal(0, 0.005)) for index, value in enumerate(hard)
    }
    second = {f"case_{index}": float(value) for index, value in enumerate(hard)}
    found = paired_difference(first, second)
    assert found.mean == pytest.approx(0.02, abs=0.005)
    assert found.interval[0] > 0 and found.p_value < 0.001
    assert paired_difference(second, second).p_value is None
    assert paired_difference({"a": 1.0}, {"b": 1.0}).left_out == ("a", "b")
    assert paired_difference({"a": 1.0, "c": None}, {"a": 0.5, "c": 1.0}).n == 1
