"""Prototype contrast on voxel features, with a memory of the prototypes over the steps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MARGIN = 1.0
_TEMPERATURE = 0.1
_MOMENTUM = 0.99
_MIN_VOXELS = 16
_MAX_SAMPLES = 256


class PrototypeMemory(nn.Module):
    """One unit vector per class (K, F), a moving average over the steps; a class not seen yet is not used."""

    vectors: Tensor
    known: Tensor

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(num_classes, channels))
        self.register_buffer("known", torch.zeros(num_classes, dtype=torch.bool))

    @torch.no_grad()
    def update(self, features: Tensor, labels: Tensor) -> None:
        """Move towards the class means of features (B, F, X, Y, Z) under labels (B, X, Y, Z)."""
        units = F.normalize(features.float(), dim=1).movedim(1, -1)
        for value in range(self.vectors.shape[0]):
            inside = labels == value
            if int(inside.sum()) < _MIN_VOXELS:
                continue
            mean = F.normalize(units[inside].mean(0), dim=0)
            old = self.vectors[value]
            self.vectors[value] = (
                F.normalize(_MOMENTUM * old + (1 - _MOMENTUM) * mean, dim=0) if self.known[value] else mean
            )
            self.known[value] = True


def _prototypes(units: Tensor, labels: Tensor, memory: PrototypeMemory) -> dict[int, Tensor]:
    """Class -> unit prototype from reliable voxels, with a graph; from the memory when too few are reliable."""
    found: dict[int, Tensor] = {}
    for value in range(memory.vectors.shape[0]):
        inside = labels == value
        if int(inside.sum()) >= _MIN_VOXELS:
            found[value] = F.normalize(units[inside].mean(0), dim=0)
        elif bool(memory.known[value]):
            found[value] = memory.vectors[value].clone()
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

    features (B, F, X, Y, Z) with graph; predicted (B, X, Y, Z) of the network itself; reliable_labels with -1 on the
    unreliable voxels, which are the candidates. Cost is linear in the samples (at most 256 per class).
    "hinge": |u - P_c| + max(0, 1 - |P_c - P_c'|); "added" is the released code's |P_c - P_c'| with its wrong sign, for
    comparison; "infonce": -log softmax_c(u . P_c / 0.1). After arXiv 2311.12617, section 3.3. Returns an exact 0 with
    a graph when nothing can be contrasted.
    """
    units = F.normalize(features.float(), dim=1).movedim(1, -1)  # (B, X, Y, Z, F)
    nothing = features.float().sum() * 0.0
    prototypes = _prototypes(units, reliable_labels, memory)
    if len(prototypes) < 2:
        return nothing
    classes = list(prototypes)
    bank = torch.stack([prototypes[c] for c in classes])
    attraction = []
    for index, value in enumerate(classes):
        candidates = ((reliable_labels == -1) & (predicted == value)).flatten().nonzero()[:, 0]
        if candidates.numel() == 0:
            continue
        if candidates.numel() > _MAX_SAMPLES:
            chosen = torch.randint(candidates.numel(), (_MAX_SAMPLES,), generator=generator).to(
                candidates.device
            )
            candidates = candidates[chosen]
        sample = units.reshape(-1, units.shape[-1])[candidates]
        if form == "infonce":
            similarity = sample @ bank.detach().T / _TEMPERATURE
            target = torch.full((len(sample),), index, device=sample.device)
            attraction.append(F.cross_entropy(similarity, target))
        else:
            squared = ((sample - bank[index].detach()) ** 2).sum(1)
            attraction.append(torch.sqrt(squared + 1e-8).mean())
    pulled = torch.stack(attraction).mean() if attraction else nothing
    if form == "infonce":
        return pulled + nothing
    first, second = torch.triu_indices(len(classes), len(classes), 1, device=bank.device)
    distance = torch.sqrt(((bank[first] - bank[second]) ** 2).sum(1) + 1e-8)
    pushed = distance.mean() if form == "added" else F.relu(_MARGIN - distance).mean()
    return pulled + pushed + nothing
