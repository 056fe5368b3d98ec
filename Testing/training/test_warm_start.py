"""A training that goes on from an earlier model takes along what fits, and says what does not."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from support.tiny_training import NAMES, PLAN, Listener, tiny_task

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.methods.catalogue import options_from
from DualSSLSegLib.training.budget import Budget
from DualSSLSegLib.training.checkpoint import read_checkpoint
from DualSSLSegLib.training.model_file import Model, adopt, load_model, save_model
from DualSSLSegLib.training.trainer import Trainer


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
