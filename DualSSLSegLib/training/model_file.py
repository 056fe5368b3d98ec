"""A trained model as one file: weights of both networks and everything needed to use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from DualSSLSegLib.atomic import replacing
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.inference.out_of_memory import is_out_of_memory
from DualSSLSegLib.networks.build import NETWORKS, build
from DualSSLSegLib.training.plan import TrainingPlan

FORMAT = "dualsslseg-model"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Model:
    """Networks by role (averaged weights, evaluation mode) with the plan, intensities and structures they go with.

    `structures`: rows with name, value, color, codes; class index k of the networks is the k-th row (0 is background).
    `intensity`: the intensity plan as a dictionary. `temperature` divides the log of the fused probabilities.
    """

    networks: dict[str, nn.Module]
    architectures: dict[str, str]
    plan: TrainingPlan
    intensity: dict[str, Any]
    structures: list[dict[str, Any]]
    channels: int
    temperature: float = 1.0
    calibrated: bool = False
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def num_classes(self) -> int:
        return len(self.structures) + 1

    @property
    def steps_in_all(self) -> int:
        """Steps behind these weights: of the run that made them and of those that it went on from."""
        return int(self.info.get("step", 0)) + int(self.info.get("earlier_steps", 0))


def save_model(path: str | Path, model: Model) -> None:
    """Write the model atomically; plain containers and tensors only, so that it can be read without code in it."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "weights": {role: network.state_dict() for role, network in model.networks.items()},
        "architectures": dict(model.architectures),
        "plan": model.plan.to_dict(),
        "intensity": model.intensity,
        "structures": model.structures,
        "channels": model.channels,
        "temperature": float(model.temperature),
        "calibrated": bool(model.calibrated),
        "info": model.info,
    }
    with replacing(path) as temporary:
        torch.save(content, temporary)


def read_tensors(path: str | Path, device: str | torch.device = "cpu") -> Any:
    """torch.load with weights_only. Raises BadInput that names the file when it is missing, torn or holds code; memory
    that runs out is not the file's fault and raises what torch raises."""
    path = Path(path)
    if not path.is_file():
        raise BadInput("there is no such model file.", hint="Train first, or give another file.", path=path)
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a torn or foreign file
        if is_out_of_memory(error):
            raise
        raise BadInput(
            f"this file is not a readable model ({type(error).__name__}).",
            hint="Export the model again.",
            path=path,
        ) from error


def load_model(path: str | Path, device: str | torch.device = "cpu") -> Model:
    """Read a model file. Raises BadInput for a missing, torn or foreign file, ProtocolError for a newer version."""
    content = read_tensors(path, device)
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise BadInput(
            "this file is not a DualSSLSeg model.", hint="Give a file of `export-model`.", path=path
        )
    if content["version"] > VERSION:
        raise ProtocolError(
            "this model was written by a newer version.", hint="Update DualSSLSeg.", path=path
        )
    if unknown := set(content["architectures"].values()) - set(NETWORKS):
        raise ProtocolError(
            f"this model has a network that this version does not know ({', '.join(sorted(unknown))}).",
            hint="Update DualSSLSeg.",
            path=path,
        )
    plan = TrainingPlan.from_dict(content["plan"])
    networks = {}
    for role, weights in content["weights"].items():
        network = build(
            content["architectures"][role],
            in_channels=content["channels"],
            num_classes=len(content["structures"]) + 1,
            width=plan.width,
            norm=plan.norm,
            dropout=plan.dropout,
        )
        network.load_state_dict(weights)
        networks[role] = network.to(device).eval()
    return Model(
        networks=networks,
        architectures=dict(content["architectures"]),
        plan=plan,
        intensity=content["intensity"],
        structures=content["structures"],
        channels=content["channels"],
        temperature=content["temperature"],
        calibrated=content["calibrated"],
        info=content["info"],
    )


def adopt(network: nn.Module, weights: Mapping[str, torch.Tensor], classes: Mapping[int, int]) -> list[str]:
    """Warm start: copy every weight that fits; rows of the head follow `classes` (new index -> old index).

    Returns the names that did not fit and keep their fresh values.
    """
    own = network.state_dict()
    left = []
    for name, value in own.items():
        old = weights.get(name)
        if name.startswith("head.") and old is not None and old.shape[1:] == value.shape[1:]:
            for new_row, old_row in classes.items():
                value[new_row] = old[old_row]
        elif old is not None and old.shape == value.shape:
            value.copy_(old)
        else:
            left.append(name)
    network.load_state_dict(own)
    return left
