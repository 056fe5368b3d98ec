"""A label that is older than a structure says nothing about it: neither that it is there nor that it is not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from support.tiny_training import Listener, tiny_case, tiny_task

from DualSSLSegLib.methods.catalogue import CATALOGUE
from DualSSLSegLib.methods.losses import cross_entropy, dice_loss
from DualSSLSegLib.networks.output import NetworkOutput
from DualSSLSegLib.training.partial_labels import merged, unknown_mask
from DualSSLSegLib.training.trainer import Trainer


def output(logits: torch.Tensor) -> dict[str, NetworkOutput]:
    return {"a": NetworkOutput(logits, logits, logits)}


def loss_of(logits: torch.Tensor, unknown) -> torch.Tensor:
    """Cross-entropy and Dice of one crop that is background throughout."""
    found = merged(output(logits), unknown_mask([unknown], 3, "cpu"))["a"].logits
    labels = torch.zeros(1, *logits.shape[2:], dtype=torch.long)
    return cross_entropy(found, labels) + dice_loss(F.softmax(found, 1), labels)


def test_finding_the_younger_structure_in_an_old_label_costs_nothing():
    sure_of_the_younger = torch.zeros(1, 3, 2, 2, 2)
    sure_of_the_younger[:, 2] = 20.0
    assert float(loss_of(sure_of_the_younger, (2,))) == pytest.approx(0.0, abs=1e-4)
    assert float(loss_of(sure_of_the_younger, ())) > 10


def test_probabilities_of_background_and_younger_structure_add_up():
    logits = torch.randn(2, 3, 2, 3, 2, generator=torch.Generator().manual_seed(0))
    before = F.softmax(logits, 1)
    after = F.softmax(merged(output(logits), unknown_mask([(2,)], 3, "cpu"))["a"].logits, 1)
    torch.testing.assert_close(after[0, 0], before[0, 0] + before[0, 2])
    torch.testing.assert_close(after[0, 1], before[0, 1])
    assert float(after[0, 2].max()) == 0.0
    torch.testing.assert_close(after[1], before[1])  # not a labelled crop


def test_no_gradient_pushes_the_younger_structure_against_the_background():
    logits = torch.zeros(1, 3, 2, 2, 2, requires_grad=True)
    loss_of(logits, (2,)).backward()
    torch.testing.assert_close(logits.grad[:, 2], logits.grad[:, 0])
    assert float(logits.grad[:, 1].min()) > 0  # the structure it knows is still pushed away


def test_labels_that_know_everything_change_nothing():
    logits = torch.randn(1, 3, 2, 2, 2)
    assert unknown_mask([(), ()], 3, "cpu") is None
    assert merged(output(logits), None)["a"].logits is logits


@pytest.mark.parametrize("method_id", list(CATALOGUE))
def test_every_method_learns_from_old_and_new_labels_together(tmp_path, method_id):
    old = dataclasses.replace(tiny_case("old", True), unknown=(2,))
    new = tiny_case("new", True)
    listener = Listener()
    learner = Trainer(tiny_task(tmp_path, method_id, labelled=[old, new]), listener).run()
    assert learner.guard.violations == {}
    weights = [p for network in learner.networks.values() for p in network.parameters()]
    assert all(bool(torch.isfinite(p).all()) for p in weights)


def test_the_learning_curve_does_not_ask_an_old_label_for_the_younger_structure(tmp_path):
    held_back = dataclasses.replace(tiny_case("v", True), unknown=(2,))
    label = np.asarray(held_back.label).copy()
    label[label == 2] = 0
    held_back = dataclasses.replace(held_back, label=label)
    listener = Listener()
    Trainer(tiny_task(tmp_path, validation=[held_back]), listener).run()
    last = listener.of("validated")[-1]
    assert last["dice"]["tail"] is None and last["dice"]["head"] is not None
