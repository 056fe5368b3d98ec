"""Models of a run: from its checkpoint, and those it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.training.model_file import Model, load_model, read_tensors
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.worker.label_table import LabelStructure


def model_from_checkpoint(
    path: Path,
    *,
    structures: Sequence[LabelStructure],
    channels: int,
    intensity: Mapping[str, Any],
    info: Mapping[str, Any],
    device: str,
) -> Model:
    """The averaged networks of a training checkpoint as a model. Raises BadInput for an unreadable checkpoint."""
    content = read_tensors(path, device)
    plan = TrainingPlan.from_dict(content["plan"])
    networks = {}
    for role, architecture in content["architectures"].items():
        network = build(
            architecture,
            in_channels=channels,
            num_classes=len(structures) + 1,
            width=plan.width,
            norm=plan.norm,
            dropout=plan.dropout,
        )
        network.load_state_dict(content["learner"]["averages"][role])
        networks[role] = network.to(device).eval()
    return Model(
        networks=networks,
        architectures=dict(content["architectures"]),
        plan=plan,
        intensity=dict(intensity),
        structures=[row.to_dict() for row in structures],
        channels=channels,
        info={**info, **{name: content[name] for name in ("step", "total", "earlier_steps")}},
    )


def load_parent(spec: Mapping[str, Any], structures: Sequence[LabelStructure]) -> Model | None:
    """The model of the run that this training starts from, on the CPU; None for a fresh start.

    Raises BadInput when it is gone, or was made for another number of channels.
    """
    if not spec.get("parent"):
        return None
    path = RunFolder(spec["parent"]).model_path
    parent = load_model(path)
    if parent.channels != int(spec["channels"]):
        raise BadInput(
            f"the earlier model was made for {parent.channels} channel(s), the study has {spec['channels']}.",
            hint="Train from the start instead of going on from that run.",
            path=path,
        )
    return parent


def classes_of_parent(structures: Sequence[LabelStructure], parent: Model) -> dict[int, int]:
    """Class index of this training -> class index of the parent, by label value (names may change), 0 included."""
    old = {row["value"]: index for index, row in enumerate(parent.structures, 1)}
    pairs = {index: old[row.value] for index, row in enumerate(structures, 1) if row.value in old}
    return {0: 0, **pairs}
