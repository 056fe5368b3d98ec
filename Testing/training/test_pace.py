"""What a training tells of its steps."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from support.tiny_training import Listener

from DualSSLSegLib.training.pace import Pace


def learner(loss):
    return SimpleNamespace(
        loss=loss,
        method=SimpleNamespace(report=dict),
        guard=SimpleNamespace(violations={}),
        device=torch.device("cpu"),
    )


def told(steps, first=0):
    """What is told after the last of these (loss, terms)."""
    listener = Listener()
    pace = Pace(listener, first)
    for number, (loss, terms) in enumerate(steps, start=first + 1):
        pace.tell(learner(loss), terms, number, first + len(steps))
    return listener.of("progress")[-1]


def test_the_curve_does_not_jump_between_steps_of_two_kinds():
    on_labels, on_scans = (1.0, {"ce_a": 0.6}), (3.0, {"filtered_a": 2.0})
    even, odd = told([on_labels, on_scans] * 20), told([on_labels, on_scans] * 20 + [on_labels] * 2)
    assert even["loss"] == 2.0
    assert even["terms"] == {"ce_a": 0.6, "filtered_a": 2.0}
    assert odd["terms"] == even["terms"]


def test_a_value_that_is_no_number_spoils_no_mean():
    event = told([(1.0, {"ce_a": 0.5}), (None, {"ce_a": math.nan}), (math.inf, {"ce_a": 0.7})])
    assert (event["loss"], event["terms"]) == (1.0, {"ce_a": pytest.approx(0.6)})
    assert told([(None, {})])["loss"] is None
