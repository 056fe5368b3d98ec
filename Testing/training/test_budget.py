"""Minutes become steps once, with preparation and measuring inside them, and senseless budgets are refused."""

from __future__ import annotations

import pytest
from support.tiny_training import Listener, tiny_case, tiny_task

from DualSSLSegLib.errors import BadInput, Stopped
from DualSSLSegLib.training.budget import Budget, iterations_for, seconds_to_learn
from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.trainer import Trainer


def test_minutes_become_iterations_once_and_are_written_down(tmp_path):
    listener = Listener()
    Trainer(tiny_task(tmp_path, budget=Budget(minutes=0.05)), listener).run()
    (budget,) = listener.of("budget")
    assert listener.of("progress")[-1]["total"] == budget["iterations"] >= 20


@pytest.mark.parametrize("prepared, left", [(0, 300), (120, 180), (150, 150), (360, 150)])
def test_preparation_is_inside_the_minutes_but_leaves_half_of_them_to_learn(prepared, left):
    assert seconds_to_learn(5, prepared) == left


@pytest.mark.parametrize("prepared_s, said", [(100.0, []), (360.0, ["long_preparation"])])
def test_a_long_preparation_is_said_and_the_networks_learn_all_the_same(tmp_path, prepared_s, said):
    listener = Listener()
    task = tiny_task(tmp_path, "labels_only", budget=Budget(minutes=5))
    trainer = Trainer(task, listener, lambda: "stop" if trainer.total else "run", prepared_s)
    with pytest.raises(Stopped):
        trainer.run()
    (budget,) = listener.of("budget")
    assert budget["iterations"] > 20 and budget["seconds_preparation"] == prepared_s
    assert [e["code"] for e in listener.of("warning")] == said
    for warning in listener.of("warning"):
        assert "took 6 min; the networks learn for 2.5 min all the same" in warning["text"]


def test_a_budget_that_is_too_short_is_said_and_a_resumed_run_keeps_its_curve(tmp_path):
    listener = Listener()
    task = tiny_task(
        tmp_path,
        "labels_only",
        validation=[tiny_case(f"v{i}", True) for i in range(6)],
        budget=Budget(minutes=0.001),
    )
    first = Trainer(task, listener, lambda: "stop" if first.step == 3 else "run")
    with pytest.raises(Stopped):
        first.run()
    assert [e["code"] for e in listener.of("warning")] == ["short_budget"]
    Trainer(task, listener).run()
    assert [e["step"] for e in listener.of("validated")] == [0, 20]
    assert {len(e["cases"]) for e in listener.of("validated")} == {1}


def test_the_mix_of_cheap_and_costly_steps_fills_the_time():
    cost = {False: 1.0, True: 3.0}
    assert iterations_for(230, cost.__getitem__, lambda share, _: share >= 0.5, fixed_seconds=30) == 100


def test_the_mix_may_change_with_the_length_of_the_run():
    cost = {False: 1.0, True: 3.0}

    def after_100_steps(share: float, total: int) -> bool:
        return share * total >= 100

    assert iterations_for(90, cost.__getitem__, after_100_steps, fixed_seconds=0) == 90
    assert iterations_for(400, cost.__getitem__, after_100_steps, fixed_seconds=0) == pytest.approx(
        200, abs=10
    )


def test_a_stop_is_heard_while_the_budget_is_measured_and_measuring_counts_nothing(tmp_path, monkeypatch):
    looks = 0

    def stop_at_the_third_look():
        nonlocal looks
        looks += 1
        return "stop" if looks == 3 else "run"

    drawn = []
    whole = Learner._backward

    def watched(self, step, *rest):
        drawn.append(step)
        values = whole(self, step, *rest)
        self.guard.violations["consistency"] = 1
        return values

    monkeypatch.setattr(Learner, "_backward", watched)
    with pytest.raises(Stopped):
        Trainer(tiny_task(tmp_path, budget=Budget(minutes=5)), Listener(), stop_at_the_third_look).run()
    assert drawn == [0, 1]
    monkeypatch.setattr(Learner, "train_step", lambda *_: {})
    learner = Trainer(tiny_task(tmp_path, budget=Budget(minutes=0.001)), Listener()).run()
    assert learner.guard.violations == {}


@pytest.mark.parametrize(
    "budget", [{}, {"iterations": 5, "minutes": 1.0}, {"iterations": 0}, {"minutes": -1.0}]
)
def test_a_budget_that_makes_no_sense_is_refused(budget):
    with pytest.raises(BadInput):
        Budget(**budget)
