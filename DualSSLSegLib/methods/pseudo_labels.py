"""Pseudo-labels from two networks, and which of them are reliable."""

from __future__ import annotations

import torch
from torch import Tensor

from DualSSLSegLib.methods.losses import IGNORE, hard_labels

_QUANTILE_SAMPLE = 65_536  # places the quantile within 0.2 % of its share


def fuse(p_a: Tensor, p_b: Tensor, h_a: Tensor, h_b: Tensor, how: str) -> Tensor:
    """Fused hard label (B, X, Y, Z) of two probability maps (B, K, X, Y, Z) with entropies (B, X, Y, Z).

    "confident": agreement, else the class of the network with the lower entropy. "mean": class of the mean.
    "union_foreground": foreground beats background (the bitwise OR of arXiv 2311.12617, for any K); two different
    foreground classes go to the lower entropy.
    """
    if how == "mean":
        return hard_labels(p_a + p_b)
    a, b = hard_labels(p_a), hard_labels(p_b)
    surer = torch.where(h_a <= h_b, a, b)
    if how == "confident":
        return surer
    either = torch.where(a == 0, b, torch.where(b == 0, a, surer))
    return torch.where(a == b, a, either)


def _threshold(values: Tensor, keep: float, generator: torch.Generator) -> Tensor:
    """The `keep` quantile; of a random sample of the values when there are more."""
    if values.numel() > _QUANTILE_SAMPLE:
        chosen = torch.randint(values.numel(), (_QUANTILE_SAMPLE,), generator=generator).to(values.device)
        values = values[chosen]
    return values.kthvalue(max(1, round(keep * values.numel()))).values


def certain(
    h: Tensor, classes: Tensor, num_classes: int, keep: float, per_class: bool, generator: torch.Generator
) -> Tensor:
    """Voxels (B, X, Y, Z) in the `keep` share of lowest entropy h, within each predicted class or over all."""
    if keep >= 1:
        return torch.ones_like(h, dtype=torch.bool)
    if not per_class:
        return h <= _threshold(h.flatten(), keep, generator)
    result = torch.zeros_like(h, dtype=torch.bool)
    for value in range(num_classes):
        inside = classes == value
        if not bool(inside.any()):
            continue
        result |= inside & (h <= _threshold(h[inside], keep, generator))
    return result


def reliable(
    h_a: Tensor,
    h_b: Tensor,
    fused: Tensor,
    num_classes: int,
    keep: float,
    per_class: bool,
    generator: torch.Generator,
) -> Tensor:
    """Voxels where at least one network is certain: the complement of {H_A >= theta_A} and {H_B >= theta_B}."""
    first = certain(h_a, fused, num_classes, keep, per_class, generator)
    return first | certain(h_b, fused, num_classes, keep, per_class, generator)


def masked(labels: Tensor, mask: Tensor) -> Tensor:
    """The labels where the mask holds, IGNORE elsewhere."""
    return torch.where(mask, labels, torch.full_like(labels, IGNORE))
