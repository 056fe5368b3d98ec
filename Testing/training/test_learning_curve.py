"""The learning curve: Dice where cases are held back, else the agreement of the networks, in the time there is."""

from __future__ import annotations

import pytest
from support.tiny_training import NAMES, PLAN, Listener, tiny_case, tiny_task

from DualSSLSegLib.methods.catalogue import options_from
from DualSSLSegLib.training.budget import Budget
from DualSSLSegLib.training.trainer import Trainer
from DualSSLSegLib.training.validation import LearningCurve


def test_without_validation_cases_no_dice_is_claimed(tmp_path):
    listener = Listener()
    Trainer(tiny_task(tmp_path), listener).run()
    assert {e["measure"] for e in listener.of("validated")} == {"agreement"}
    assert all("dice" not in e for e in listener.of("validated"))


def test_validation_cases_give_dice_per_structure(tmp_path):
    listener = Listener()
    Trainer(tiny_task(tmp_path, validation=[tiny_case("v", True)]), listener).run()
    point = listener.of("validated")[-1]
    assert point["measure"] == "dice"
    assert set(point["dice"]) == set(NAMES)
    assert point["cases"] == ["v"]


def test_a_learning_curve_looks_at_a_few_cases_spread_over_all_of_them(tmp_path):
    cases = [tiny_case(f"v{index:02d}", True) for index in range(20)]
    listener = Listener()
    task = tiny_task(tmp_path, "labels_only", validation=cases, budget=Budget(iterations=1))
    Trainer(task, listener).run()
    assert listener.of("validated")[-1]["cases"] == ["v00", "v03", "v06", "v10", "v13", "v16"]


@pytest.mark.parametrize(
    "seconds, cases, points", [(1000.0, 6, 7), (30.0, 4, 7), (7.0, 1, 7), (3.0, 1, 3), (0.0, 1, 1)]
)
def test_a_learning_curve_has_fewer_cases_and_then_fewer_points_when_time_is_short(seconds, cases, points):
    curve = LearningCurve([tiny_case(f"v{i}", True) for i in range(9)], [], NAMES, PLAN, "cpu", 6)
    assert curve.fit_into(seconds, 1.0, 7) == points
    assert len(curve.cases) == cases


@pytest.mark.parametrize("alone, role", [("residual", "a"), ("vnet", "b")])
def test_one_network_without_held_back_cases_has_no_learning_curve(tmp_path, alone, role):
    options = options_from("labels_only", {"networks": alone})
    listener = Listener()
    learner = Trainer(tiny_task(tmp_path / "blind", "labels_only", options=options), listener).run()
    assert list(learner.networks) == [role]
    assert listener.of("progress")[-1]["step"] == 8 and not listener.of("validated")
    held_back = [tiny_case("v", True)]
    Trainer(
        tiny_task(tmp_path / "seeing", "labels_only", options=options, validation=held_back), listener
    ).run()
    assert set(listener.of("validated")[-1]) >= {"dice", f"dice_{role}"}
