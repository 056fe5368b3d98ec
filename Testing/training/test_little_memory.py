"""When memory runs out the training gets smaller, goes on from what was saved, or ends in words."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from support.tiny_training import PLAN, Listener, tiny_case, tiny_task

from DualSSLSegLib.errors import OutOfMemory, Stopped
from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.trainer import Trainer


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("out of memory"), MemoryError()])
def test_when_memory_runs_out_the_training_gets_smaller_and_says_so(tmp_path, monkeypatch, error):
    whole = Learner.train_step
    sizes = []

    def short_of_memory(self, step, total, streams):
        sizes.append(self.plan.patch_size)
        if self.plan.patch_size[0] > 16:
            raise error
        return whole(self, step, total, streams)

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

    def short_of_memory(self, step, total, streams):
        if (
            self.plan.labelled_per_step > 1 and step == 3
        ):  # before the networks label scans, when all is saved
            raise torch.OutOfMemoryError("out of memory")
        steps.append((streams.labelled.per_step, step))
        return whole(self, step, total, streams)

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


def test_no_memory_at_all_ends_in_words(tmp_path, monkeypatch):
    def never(*_):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(Learner, "train_step", never)
    with pytest.raises(OutOfMemory, match="smallest training"):
        Trainer(tiny_task(tmp_path), Listener()).run()
