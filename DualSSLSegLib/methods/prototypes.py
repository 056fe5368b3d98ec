"""Prototype contrast on voxel features, with a memory of the prototypes over the steps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from DualSSLSegLib.methods.losses import IGNORE

_MARGIN = 1.0
_TEMPERATURE = 0.1
_MOMENTUM = 0.99
_MIN_VOXELS = 16
_MAX_PROTOTYPE_VOXELS = 4096  # a mean of so many unit vectors is as good as one of all
_MAX_SAMPLES = 256
_TINY = 1e-8


def _unit(vectors: Tensor) -> Tensor:
    """Rows of (n, F) at length one; zero stays zero, with a finite gradient."""
    return vectors * torch.rsqrt((vectors * vectors).sum(-1, keepdim=True) + _TINY)


def _some(mask: Tensor, at_most: int, generator: torch.Generator) -> Tensor:
    """Up to `at_most` random positions where the flat mask holds."""
    found = mask.flatten().nonzero()[:, 0]
    if found.numel() <= at_most:
        return found
    return found[torch.randint(found.numel(), (at_most,), generator=generator).to(found.device)]


def _rows(features: Tensor) -> Tensor:
    """(B, F, X, Y, Z) seen as (B * X * Y * Z, F)."""
    return features.float().movedim(1, -1).reshape(-1, features.shape[1])


class PrototypeMemory(nn.Module):
    """One unit vector per class (K, F), a moving average over the steps; a class not seen yet is not used."""

    vectors: Tensor
    known: Tensor

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(num_classes, channels))
        self.register_buffer("known", torch.zeros(num_classes, dtype=torch.bool))

    @torch.no_grad()
    def update(self, features: Tensor, labels: Tensor, generator: torch.Generator) -> None:
        """Move towards the class means of features (B, F, X, Y, Z) under labels (B, X, Y, Z)."""
        rows = _rows(features)
        for value in range(self.vectors.shape[0]):
            chosen = _some(labels == value, _MAX_PROTOTYPE_VOXELS, generator)
            if chosen.numel() < _MIN_VOXELS:
                continue
            mean = _unit(_unit(rows[chosen]).mean(0))
            if self.known[value]:
                mean = _unit(_MOMENTUM * self.vectors[value] + (1 - _MOMENTUM) * mean)
            self.vectors[value] = mean
            self.known[value] = True

    def prototypes(self, rows: Tensor, labels: Tensor, generator: torch.Generator) -> dict[int, Tensor]:
        """Class -> unit prototype from the labelled rows, with a graph; from the memory when they are too few."""
        found: dict[int, Tensor] = {}
        for value in range(self.vectors.shape[0]):
            chosen = _some(labels == value, _MAX_PROTOTYPE_VOXELS, generator)
            if chosen.numel() >= _MIN_VOXELS:
                found[value] = _unit(_unit(rows[chosen]).mean(0))
            elif bool(self.known[value]):
                found[value] = self.vectors[value].clone()
        return found


def prototype_contrast(
    features: Tensor,
    predicted: Tensor,
    reliable_labels: Tensor,
    memory: PrototypeMemory,
    *,
    form: str,
    generator: torch.Generator,
) -> Tensor:
    """Pull unreliable voxels to the prototype of their predicted class and push prototypes apart.

    features (B, F, X, Y, Z) with graph; predicted (B, X, Y, Z) of the network itself; reliable_labels with -1 on
    the unreliable voxels, which are the candidates. Cost is linear in the samples (at most 256 per class).
    "hinge": |u - P_c| + max(0, 1 - |P_c - P_c'|); "added" is the released code's |P_c - P_c'| with its wrong sign,
    for comparison; "infonce": -log softmax_c(u . P_c / 0.1). After arXiv 2311.12617, section 3.3.
    Returns an exact 0 with a graph when nothing can be contrasted.
    """
    rows = _rows(features)
    nothing = rows[:1].sum() * 0.0
    prototypes = memory.prototypes(rows, reliable_labels, generator)
    if len(prototypes) < 2:
        return nothing
    classes = list(prototypes)
    bank = torch.stack([prototypes[c] for c in classes])
    attraction = []
    for index, value in enumerate(classes):
        chosen = _some((reliable_labels == IGNORE) & (predicted == value), _MAX_SAMPLES, generator)
        if chosen.numel() == 0:
            continue
        sample = _unit(rows[chosen])
        if form == "infonce":
            target = torch.full((len(sample),), index, device=sample.device)
            attraction.append(F.cross_entropy(sample @ bank.detach().T / _TEMPERATURE, target))
        else:
            attraction.append(torch.sqrt(((sample - bank[index].detach()) ** 2).sum(1) + _TINY).mean())
    pulled = torch.stack(attraction).mean() if attraction else nothing
    if form == "infonce":
        return pulled
    first, second = torch.triu_indices(len(classes), len(classes), 1, device=bank.device)
    distance = torch.sqrt(((bank[first] - bank[second]) ** 2).sum(1) + _TINY)
    pushed = distance.mean() if form == "added" else F.relu(_MARGIN - distance).mean()
    return pulled + pushed
