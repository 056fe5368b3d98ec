"""A training from the outside: it repeats, stops, resumes, starts warm, and gets smaller when memory runs out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from support.tiny_training import NAMES, PLAN, Listener, tiny_case, tiny_task, weights_after

from DualSSLSegLib.errors import BadInput, OutOfMemory, ProtocolError, RunFailed, Stopped
from DualSSLSegLib.methods import collapse_guard
from DualSSLSegLib.methods.base import Term
from DualSSLSegLib.methods.catalogue import CATALOGUE, options_from
from DualSSLSegLib.methods.collapse_guard import Held
from DualSSLSegLib.training.budget import Budget, iterations_for, seconds_to_learn
from DualSSLSegLib.training.checkpoint import read_checkpoint
from DualSSLSegLib.training.guard import FiniteGuard
from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.model_file import Model, adopt, load_model, save_model
from DualSSLSegLib.training.trainer import Trainer
from DualSSLSegLib.training.validation import LearningCurve
from DualSSLSegLib.training.vanished import vanished_words


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("method_id", CATALOGUE)
def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path, method_id):
    first, again, other = (
        weights_after(tiny_task(tmp_path / name, method_id, seed=seed))
        for name, seed in (("first", 3), ("again", 3), ("other", 4))
    )
    assert same(first, again)
    assert not same(first, other)


@pytest.fixture(scope="module", params=CATALOGUE)
def never_stopped(request, tmp_path_factory):
    """A method, the weights of a training with it, and what that had reported."""
    listener = Listener()
    folder = tmp_path_factory.mktemp("straight")
    return request.param, weights_after(tiny_task(folder, request.param), listener), listener


@pytest.mark.parametrize("stop_at", [1, 5])
def test_stopping_and_resuming_gives_the_curve_of_a_run_that_was_never_stopped(
    tmp_path, never_stopped, stop_at
):
    method_id, expected, straight = never_stopped
    task = tiny_task(tmp_path / "broken", method_id)
    broken = Listener()
    trainer = Trainer(task, broken, lambda: "stop" if trainer.step == stop_at else "run")
    with pytest.raises(Stopped):
        trainer.run()
    assert same(expected, weights_after(task, broken))
    points = [[(e["step"], e["mean"]) for e in listener.of("validated")] for listener in (straight, broken)]
    assert points[0] == points[1]


def test_a_pause_saves_and_goes_on(tmp_path):
    listener = Listener()
    looks = 0

    def wanted():
        nonlocal looks
        if trainer.step < 5 or looks >= 3:
            return "run"
        looks += any(event["name"] == "paused" for event in listener.of("phase"))
        return "pause"

    trainer = Trainer(tiny_task(tmp_path), listener, wanted)
    trainer.run()
    assert [e["name"] for e in listener.of("phase")] == ["train", "paused", "train"]
    assert listener.of("progress")[-1]["step"] == 8


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


def test_structures_that_vanish_from_the_pseudo_labels_are_named_once_also_when_stopped(
    tmp_path, monkeypatch
):
    listener = Listener()

    def said() -> list[str]:
        return [event["text"] for event in listener.of("warning") if event["code"] == "collapse_guard"]

    Trainer(tiny_task(tmp_path / "as it is"), listener).run()
    assert not said()
    monkeypatch.setattr(collapse_guard, "_VANISHED", 1e9)  # whatever is found of a structure is too little
    task = tiny_task(tmp_path / "hard to please")
    first = Trainer(task, listener, lambda: "stop" if first.step == 7 else "run")
    with pytest.raises(Stopped):
        first.run()
    (text,) = said()
    assert "In 100 % of the steps" in text and "head (100 %), tail (100 %)" in text
    Trainer(task, listener).run()
    assert said() == [text]


@pytest.mark.parametrize("share, told", [(0.49, False), (0.5, True)])
def test_what_vanished_is_told_from_half_of_the_steps_on_the_most_missed_first(share, told):
    text = vanished_words(Held(share, {1: 0.2, 2: 0.3}), NAMES)
    assert bool(text) == told
    if told:
        assert "tail (30 %), head (20 %)" in text


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


def test_a_warm_start_takes_the_parent_weights_and_rows_of_new_structures_are_fresh(tmp_path):
    learner = Trainer(tiny_task(tmp_path / "one"), Listener()).run()
    path = tmp_path / "model.pt"
    structures = [
        {"name": name, "value": i + 1, "color": "#ffffff", "codes": None} for i, name in enumerate(NAMES)
    ]
    model = Model(
        learner.averaged_networks,
        {"a": "short_resvnet", "b": "vnet"},
        PLAN,
        {"mode": "mr"},
        structures,
        1,
        1.2,
        True,
        {},
    )
    save_model(path, model)
    loaded = load_model(path)
    assert loaded.temperature == pytest.approx(1.2)
    assert loaded.num_classes == 3
    x = torch.randn(1, 1, 16, 16, 16)
    for role, network in learner.averaged_networks.items():
        torch.testing.assert_close(loaded.networks[role](x).logits, network(x).logits)

    fresh = Trainer(
        tiny_task(tmp_path / "new", structure_names=("tail", "head", "rim"), budget=Budget(iterations=1)),
        Listener(),
    ).run()
    before = fresh.networks["a"].head.weight.detach().clone()
    left = adopt(fresh.networks["a"], loaded.networks["a"].state_dict(), {0: 0, 1: 2, 2: 1})
    assert left == []
    head, old = fresh.networks["a"].head.weight, loaded.networks["a"].head.weight
    assert torch.equal(head[1], old[2])
    assert torch.equal(head[2], old[1])
    assert torch.equal(head[3], before[3])


def test_going_on_from_one_network_says_that_the_other_starts_fresh_and_counts_no_steps_for_it(tmp_path):
    alone = options_from("labels_only", {"networks": "vnet"})
    learner = Trainer(tiny_task(tmp_path / "one", "labels_only", options=alone), Listener()).run()
    info = {"step": 8, "earlier_steps": 4000}
    parent = Model(learner.averaged_networks, {"b": "vnet"}, PLAN, {}, [], 1, 1.0, False, info)
    listener = Listener()
    task = tiny_task(tmp_path / "two", "dual", parent=parent, parent_classes={0: 0, 1: 1, 2: 2})
    trainer = Trainer(task, listener)
    assert trainer.run().method.earlier_steps == 0
    said = [event["text"] for event in listener.of("warning") if event["code"] == "partly_adopted"]
    assert said == ["The earlier model has no network of the kind short_resvnet: this network starts fresh."]
    both = dataclasses.replace(parent, networks=learner.networks, architectures={"b": "vnet"})
    only = tiny_task(
        tmp_path / "three", "labels_only", options=alone, parent=both, parent_classes={0: 0, 1: 1, 2: 2}
    )
    assert Trainer(only, Listener()).run().method.earlier_steps == both.steps_in_all > 0


def test_going_on_with_another_residual_network_takes_only_the_vnet_along(tmp_path):
    deep = options_from("labels_only", {"residual_network": "resvnet"})
    learner = Trainer(tiny_task(tmp_path / "one", "labels_only", options=deep), Listener()).run()
    parent = Model(
        learner.averaged_networks, {"a": "resvnet", "b": "vnet"}, PLAN, {}, [], 1, 1.0, False, {"step": 8}
    )
    listener = Listener()
    task = tiny_task(tmp_path / "two", "labels_only", parent=parent, parent_classes={0: 0, 1: 1, 2: 2})
    first = Trainer(task, listener, lambda: "stop")
    with pytest.raises(Stopped):
        first.run()
    said = [event["text"] for event in listener.of("warning") if event["code"] == "partly_adopted"]
    assert said == ["The earlier model has no network of the kind short_resvnet: this network starts fresh."]
    kept = read_checkpoint(task)["learner"]["networks"]
    for name, value in parent.networks["b"].state_dict().items():
        assert torch.equal(kept["b"][name], value), name
    assert not torch.equal(kept["a"]["head.weight"], parent.networks["a"].state_dict()["head.weight"])


def test_a_model_with_a_network_of_a_later_version_is_named(tmp_path):
    learner = Trainer(tiny_task(tmp_path / "one", "labels_only"), Listener()).run()
    path = tmp_path / "model.pt"
    save_model(path, Model(learner.averaged_networks, {"a": "net_2040", "b": "vnet"}, PLAN, {}, [], 1))
    with pytest.raises(ProtocolError, match="net_2040") as caught:
        load_model(path)
    assert caught.value.path == str(path) and "Update" in caught.value.hint


def test_memory_that_runs_out_while_a_model_is_read_is_not_blamed_on_the_file(tmp_path, monkeypatch):
    def short_of_memory(*_arguments, **_options):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    path = tmp_path / "model.pt"
    path.touch()
    monkeypatch.setattr(torch, "load", short_of_memory)
    with pytest.raises(RuntimeError, match="allocate memory"):
        load_model(path)


def test_a_torn_or_foreign_model_file_is_named(tmp_path):
    path = tmp_path / "model.pt"
    with pytest.raises(BadInput, match="no such model"):
        load_model(path)
    path.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(BadInput, match=r"model\.pt.*not a readable model"):
        load_model(path)
    torch.save({"weights": {}}, path)
    with pytest.raises(BadInput, match="not a DualSSLSeg model"):
        load_model(path)


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    Trainer(tiny_task(tmp_path), Listener()).run()
    with pytest.raises(BadInput, match="seed"):
        Trainer(tiny_task(tmp_path, seed=1), Listener()).run()


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("out of memory"), MemoryError()])
def test_when_memory_runs_out_the_training_gets_smaller_and_says_so(tmp_path, monkeypatch, error):
    whole = Learner.train_step
    sizes = []

    def short_of_memory(self, step, total, labelled, unlabelled):
        sizes.append(self.plan.patch_size)
        if self.plan.patch_size[0] > 16:
            raise error
        return whole(self, step, total, labelled, unlabelled)

    monkeypatch.setattr(Learner, "train_step", short_of_memory)
    listener = Listener()
    plan = dataclasses.replace(PLAN, patch_size=(32, 16, 16), labelled_per_step=2)
    Trainer(tiny_task(tmp_path, plan=plan), listener).run()
    codes = [e["code"] for e in listener.of("warning")]
    assert codes.count("out_of_memory") == 2
    assert sizes[-1] == (16, 16, 16)


@pytest.mark.parametrize("saved_at, then_from", [(None, 0), (2, 2)])
def test_after_memory_ran_out_a_training_goes_on_from_what_was_saved(
    tmp_path, monkeypatch, saved_at, then_from
):
    whole = Learner.train_step
    steps: list[tuple[int, int]] = []  # crops per step, step

    def short_of_memory(self, step, total, labelled, unlabelled):
        if self.plan.labelled_per_step > 1 and step == 4:
            raise torch.OutOfMemoryError("out of memory")
        steps.append((labelled.per_step, step))
        return whole(self, step, total, labelled, unlabelled)

    monkeypatch.setattr(Learner, "train_step", short_of_memory)
    plan = dataclasses.replace(PLAN, labelled_per_step=2)
    task = tiny_task(tmp_path, plan=plan, validation=[tiny_case("v", True)])
    if saved_at is not None:
        first = Trainer(task, Listener(), lambda: "stop" if first.step == saved_at else "run")
        with pytest.raises(Stopped):
            first.run()
        steps.clear()
    listener = Listener()
    Trainer(task, listener).run()
    assert [step for crops, step in steps if crops == 1] == list(range(then_from, 8))
    assert [e["code"] for e in listener.of("warning")].count("out_of_memory") == 1
    assert listener.of("validated")[-1]["step"] == 8
    resumed = Trainer(task, Listener())
    assert resumed.plan.labelled_per_step == 1


def test_a_training_goes_on_in_the_precision_of_the_device_it_is_on_now(tmp_path):
    first = Trainer(tiny_task(tmp_path), Listener(), lambda: "stop" if first.step == 1 else "run")
    with pytest.raises(Stopped):
        first.run()
    elsewhere = dataclasses.replace(PLAN, precision="bfloat16", patch_size=(32, 32, 32))
    resumed = Trainer(tiny_task(tmp_path, plan=elsewhere), Listener())
    assert (resumed.plan.precision, resumed.plan.patch_size) == ("bfloat16", PLAN.patch_size)


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


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    trainer = Trainer(tiny_task(tmp_path), Listener())
    trainer.run()
    content = torch.load(trainer.checkpoint_path, weights_only=True)
    torch.save({**content, "version": 99}, trainer.checkpoint_path)
    with pytest.raises(ProtocolError, match="another version"):
        Trainer(tiny_task(tmp_path), Listener()).run()


def test_no_memory_at_all_ends_in_words(tmp_path, monkeypatch):
    def never(*_):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(Learner, "train_step", never)
    with pytest.raises(OutOfMemory, match="smallest training"):
        Trainer(tiny_task(tmp_path), Listener()).run()


def test_a_term_that_is_not_finite_is_left_out_and_counted():
    guard = FiniteGuard()
    good = torch.tensor(2.0, requires_grad=True)
    total, values = guard.total({"good": Term(good, 0.5), "bad": Term(torch.tensor(float("nan")))})
    assert total == 1.0
    assert guard.violations == {"bad": 1}
    assert set(values) == {"good", "bad"}
    with pytest.raises(RunFailed, match="broke down"):
        for _ in range(60):
            guard.total({"bad": Term(torch.tensor(float("inf")))})


@pytest.mark.parametrize(
    "budget", [{}, {"iterations": 5, "minutes": 1.0}, {"iterations": 0}, {"minutes": -1.0}]
)
def test_a_budget_that_makes_no_sense_is_refused(budget):
    with pytest.raises(BadInput):
        Budget(**budget)


def test_a_training_without_labels_is_refused(tmp_path):
    with pytest.raises(BadInput, match="Label a case first"):
        Trainer(tiny_task(tmp_path, labelled=[]), Listener())
