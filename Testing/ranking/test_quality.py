"""The estimated error of a prediction: right direction before labels, a regression with honest numbers after."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from support.synthetic_cases import ball, network

from DualSSLSegLib.ranking.quality import QualityModel, fit_quality, fixed_risk
from DualSSLSegLib.ranking.scores import case_score


@dataclass(frozen=True)
class Measured:
    disagreement: float
    rim_entropy: float | None
    volume_ratio: float = 0.0
    outside_largest: float = 0.0


def cohort(n, noise=0.01, seed=0):
    """Measures whose true Dice is 1 - disagreement - 0.5 entropy, plus noise."""
    random = np.random.default_rng(seed)
    scores = [
        Measured(float(d), float(h), float(v), float(c))
        for d, h, v, c in zip(
            random.uniform(0, 0.3, n),
            random.uniform(0.1, 0.4, n),
            random.random(n),
            random.random(n),
            strict=True,
        )
    ]
    dice = [1 - one.disagreement - 0.5 * one.rim_entropy + noise * random.standard_normal() for one in scores]
    return scores, np.clip(dice, 0, 1).tolist()


def test_the_fixed_risk_stays_in_range_and_grows_with_every_sign_of_trouble():
    calm = {"disagreement": 0.05, "expected_dice": 0.95, "rim_entropy": 0.1, "outside_largest": 0.0}
    worse = {"disagreement": 0.3, "expected_dice": 0.8, "rim_entropy": 0.3, "outside_largest": 0.4}
    for name, value in worse.items():
        assert fixed_risk(**{**calm, name: value}) > fixed_risk(**calm), name
    awful = {"disagreement": 1.0, "expected_dice": 0.0, "rim_entropy": 1.0, "outside_largest": 1.0}
    assert fixed_risk(**awful) == 1.0
    nothing = {"expected_dice": None, "rim_entropy": None, "outside_largest": 0.0}
    assert fixed_risk(disagreement=1.0, **nothing) == 1.0
    assert fixed_risk(disagreement=0.0, **nothing) == 0.0


def test_the_risk_of_networks_that_err_by_chance_follows_the_true_dice():
    """Networks see the truth through noise whose strength varies by case; the risk must tell which were lucky."""
    shape, truth_centre = (28, 28, 28), np.array([14, 14, 14])
    truth = ball(shape, truth_centre, 7) > 0.5
    risks, dices = [], []
    for seed in range(24):
        random = np.random.default_rng(seed)
        strength = random.uniform(0.2, 3.0)
        networks = [
            network(
                ball(shape, truth_centre + strength * random.normal(0, 0.6, 3), 7, edge=0.4 + 0.3 * strength)
            )
            for _ in range(2)
        ]
        both = np.stack(networks)
        predicted = both.mean(axis=0).argmax(axis=0) == 1
        dices.append(2 * np.count_nonzero(predicted & truth) / (np.count_nonzero(predicted) + truth.sum()))
        risks.append(case_score(both, (1, 1, 1), ["organ"]).risk)
    assert np.corrcoef(risks, dices)[0, 1] < -0.65


def test_below_ten_labelled_cases_nothing_is_fitted():
    scores, dice = cohort(9)
    assert fit_quality(scores, dice) is None


def test_the_regression_recovers_the_relation_and_reports_left_out_numbers():
    scores, dice = cohort(40)
    model = fit_quality(scores, dice)
    assert model.cases == 40
    assert model.correlation > 0.95
    assert model.correlation_interval[0] < model.correlation < model.correlation_interval[1]
    assert model.error < 0.03
    fresh, truth = cohort(20, seed=1)
    predicted = [model.predicted_dice(one) for one in fresh]
    assert np.abs(np.array(predicted) - truth).mean() < 0.03
    assert model.risk(fresh[0]) == pytest.approx(1 - predicted[0])


def test_with_measures_that_say_nothing_the_left_out_correlation_does_not_pretend():
    scores, _ = cohort(12)
    unrelated = np.random.default_rng(5).uniform(0.7, 0.9, 12).tolist()
    model = fit_quality(scores, unrelated)
    assert model.correlation < 0.6 and model.correlation_interval[0] < 0.2


def test_cases_without_any_prediction_and_equal_dice_are_no_trouble():
    scores, dice = cohort(11)
    model = fit_quality([*scores, Measured(1.0, None)], [*dice, 0.0])
    assert 0 <= model.predicted_dice(Measured(1.0, None)) < 0.4
    flat = fit_quality(scores, [0.8] * 11)
    assert flat.correlation is None and flat.predicted_dice(scores[0]) == pytest.approx(0.8)


def test_a_model_survives_json():
    for model in (fit_quality(*cohort(15)), fit_quality(cohort(10)[0], [0.5] * 10)):
        assert QualityModel.from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False))) == model


def test_wrong_arguments_are_named():
    scores, dice = cohort(12)
    with pytest.raises(ValueError, match="12 scores"):
        fit_quality(scores, dice[1:])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        fit_quality(scores, [1.2, *dice[1:]])
