"""The estimated error of a prediction goes the right way without looking at a label."""

from __future__ import annotations

import numpy as np
from support.synthetic_cases import ball, network

from DualSSLSegLib.ranking.quality import fixed_risk
from DualSSLSegLib.ranking.scores import case_score


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
