"""What a training is asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from DualSSLSegLib.training.budget import Budget
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.model_file import Model
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.views.spatial import SpatialStrength


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """Everything a training needs, as arrays and plain values.

    `structure_names` in class order (class 1 first). `parent` is a model to start from, with `parent_classes` mapping
    class indices of this training to those of the parent (0 to 0 included).
    """

    method_id: str
    options: Any
    plan: TrainingPlan
    structure_names: Sequence[str]
    channels: int
    labelled: Sequence[TrainingCase]
    unlabelled: Sequence[TrainingCase]
    validation: Sequence[TrainingCase]
    budget: Budget
    seed: int
    device: str
    folder: Path
    parent: Model | None = None
    parent_classes: Mapping[int, int] = field(default_factory=dict)
    spatial: SpatialStrength = field(default_factory=SpatialStrength)
    memory_limit_bytes: int | None = None  # for the probabilities of one case of the learning curve
    scratch: Path | None = None  # where they go beyond it; default: the folder

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / "last.pt"
