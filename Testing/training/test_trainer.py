"""A training from the outside: it repeats, pauses, stops, resumes, and refuses what it cannot go on from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from support.tiny_training import PLAN, Listener, tiny_task, weights_after

from DualSSLSegLib.errors import BadInput, ProtocolError, RunFailed, Stopped
from DualSSLSegLib.methods.base import Term
from DualSSLSegLib.methods.catalogue import CATALOGUE
from DualSSLSegLib.training.guard import FiniteGuard
from DualSSLSegLib.training.trainer import Trainer


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


@pytest.mark.parametrize("stop_at", [1, 4, 5])
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

    trainer = Trainer(tiny_task(tmp_path, "labels_only"), listener, wanted)
    trainer.run()
    assert [e["name"] for e in listener.of("phase")] == ["train", "paused", "train"]
    assert listener.of("progress")[-1]["step"] == 8


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    Trainer(tiny_task(tmp_path), Listener()).run()
    with pytest.raises(BadInput, match="seed"):
        Trainer(tiny_task(tmp_path, seed=1), Listener()).run()


def test_a_training_goes_on_in_the_precision_of_the_device_it_is_on_now(tmp_path):
    first = Trainer(tiny_task(tmp_path), Listener(), lambda: "stop" if first.step == 1 else "run")
    with pytest.raises(Stopped):
        first.run()
    elsewhere = dataclasses.replace(PLAN, precision="bfloat16", patch_size=(32, 32, 32))
    resumed = Trainer(tiny_task(tmp_path, plan=elsewhere), Listener())
    assert (resumed.plan.precision, resumed.plan.patch_size) == ("bfloat16", PLAN.patch_size)


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    trainer = Trainer(tiny_task(tmp_path), Listener())
    trainer.run()
    content = torch.load(trainer.checkpoint_path, weights_only=True)
    torch.save({**content, "version": 99}, trainer.checkpoint_path)
    with pytest.raises(ProtocolError, match="another version"):
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


def test_a_training_without_labels_is_refused(tmp_path):
    with pytest.raises(BadInput, match="Label a case first"):
        Trainer(tiny_task(tmp_path, labelled=[]), Listener())
