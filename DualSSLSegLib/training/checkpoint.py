"""The file from which a training goes on: written whole, and read only by the training it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from DualSSLSegLib.atomic import replacing
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.training.model_file import read_tensors
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.training.task import TrainingTask

VERSION = 6


def write_checkpoint(task: TrainingTask, content: Mapping[str, Any]) -> None:
    """Write the checkpoint of `task` atomically: `content` and what tells it from those of other trainings."""
    with replacing(task.checkpoint_path) as temporary:
        torch.save({"version": VERSION, **_belongs_to(task), **content}, temporary)


def read_checkpoint(task: TrainingTask, device: str = "cpu") -> dict[str, Any]:
    """The content with its tensors on `device`.

    Raises BadInput for a torn file or the checkpoint of another training, ProtocolError for another version.
    """
    content = read_tensors(task.checkpoint_path, device)
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ProtocolError(
            "this checkpoint was written by another version.",
            hint="Start a new run, or resume this one with the version that began it.",
            path=task.checkpoint_path,
        )
    for name, value in _belongs_to(task).items():
        if content[name] != value:
            raise BadInput(
                f"the checkpoint belongs to another training ({name} is {content[name]!r}, not {value!r}).",
                hint="Start a new run instead of resuming this one.",
                path=task.checkpoint_path,
            )
    return content


def plan_to_follow(task: TrainingTask) -> TrainingPlan:
    """The task's plan; where it has a checkpoint that one's, in the precision of the task's device: an earlier attempt
    may have stepped down for memory. Raises as read_checkpoint."""
    if not task.checkpoint_path.exists():
        return task.plan
    kept = TrainingPlan.from_dict(read_checkpoint(task)["plan"])
    return replace(kept, precision=task.plan.precision)


def _belongs_to(task: TrainingTask) -> dict[str, Any]:
    return {"seed": task.seed, "method": task.method_id, "structures": list(task.structure_names)}
