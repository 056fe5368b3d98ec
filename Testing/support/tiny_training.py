"""Trainings of a second: tiny cases with two boxes in noise, tiny networks, tiny patches."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.methods.catalogue import options_from
from DualSSLSegLib.training.budget import Budget
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.training.task import TrainingTask
from DualSSLSegLib.training.trainer import Trainer

PLAN = TrainingPlan(
    working_spacing_mm=(1.0, 1.0, 1.0),
    patch_size=(16, 16, 16),
    labelled_per_step=1,
    unlabelled_per_step=1,
    width=2,
    warm_up_steps=2,
)
NAMES = ("head", "tail")


def tiny_case(name: str, labelled: bool, seed: int = 0) -> TrainingCase:
    """Two boxes in noise, 18 x 20 x 16 voxels."""
    rng = np.random.default_rng([seed, *name.encode()])
    label = np.zeros((18, 20, 16), np.uint8)
    x, y = rng.integers(2, 5, 2)
    label[x : x + 6, y : y + 7, 4:10] = 1
    label[x + 6 : x + 10, y + 2 : y + 9, 4:12] = 2
    image = label[None].astype(np.float32) + rng.normal(0, 0.2, (1, *label.shape)).astype(np.float32)
    return TrainingCase(name, image, (1.0, 1.0, 1.0), label if labelled else None)


# else runs of a few steps would learn from labels alone
_FROM_THE_START = {"labels_first_steps": 0, "own_labels_time": 0.5}
_FEW_STEPS = {"dual": _FROM_THE_START, "dual_strong": {**_FROM_THE_START, "shape_pairs": 2}}


def tiny_task(folder: Path, method_id: str = "dual", **changes: Any) -> TrainingTask:
    task = TrainingTask(
        method_id=method_id,
        options=options_from(method_id, _FEW_STEPS.get(method_id, {})),
        plan=PLAN,
        structure_names=NAMES,
        channels=1,
        labelled=[tiny_case("l1", True)],
        unlabelled=[tiny_case("u1", False), tiny_case("u2", False)],
        validation=[],
        budget=Budget(iterations=8),
        seed=0,
        device="cpu",
        folder=folder,
    )
    return dataclasses.replace(task, **changes)


class Listener:
    """Collects a training's events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, type: str, **fields: Any) -> None:
        self.events.append({"type": type, **fields})

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type]


def weights_after(task: TrainingTask, listener: Listener | None = None) -> dict[str, np.ndarray]:
    """Train and return every weight by name."""
    learner = Trainer(task, listener or Listener()).run()
    return {
        f"{role}.{name}": value.numpy().copy()
        for role, network in learner.networks.items()
        for name, value in network.state_dict().items()
    }
