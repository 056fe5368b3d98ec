"""Labelled crops in the look of unlabelled scans: a monotone map between landmarks of the two histograms."""

from __future__ import annotations

import torch
from torch import Tensor

_LANDMARKS = 17  # quantiles, ends included
_SAMPLE = 4096  # voxels that place them within a hundredth
_LEAST_VOXELS = 256  # that a crop must have outside its padding
_LEAST_SPREAD = 0.2  # of the crop's own: an empty part of a scan has no look to lend, only flatness
_ONE_LEVEL = 1e-3  # of the spread: landmarks closer than that are one, such as those of cut-off air


def borrow(image: Tensor, looks: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """A copy of image (B, C, X, Y, Z) in which some crops take the look of a random one of `looks` (L, C, ...).

    The quantiles of a crop are moved a random part of the way to those of the other, linearly between them, per
    channel: the landmark matching of Nyul, Udupa and Zhang (IEEE TMI 19(2):143-150, 2000) with a scan of the study as
    the standard. Order of intensities and anatomy stay as they are, so the label stays true. Voxels of exactly 0 are
    the padding around a scan: they are no intensities and stay 0. A crop or look with hardly anything else is left
    alone. Random numbers come from the CPU generator.
    """
    changed = image.clone()
    for crop in changed:
        if not bool(torch.rand((), generator=generator) < probability):
            continue
        look = looks[int(torch.randint(len(looks), (), generator=generator))]
        part = float(torch.rand((), generator=generator))
        for channel, other in zip(crop, look, strict=True):
            own, others = (_landmarks(one, generator) for one in (channel, other))
            if own is not None and others is not None and _spread(others) > _LEAST_SPREAD * _spread(own):
                channel.copy_(_mapped(channel, own, own + part * (others - own)))
    return changed


def _landmarks(image: Tensor, generator: torch.Generator) -> Tensor | None:
    """(_LANDMARKS,) evenly spaced quantiles, increasing, of what is not padding; None where that is too little."""
    values = image[image != 0]
    if values.numel() < _LEAST_VOXELS:
        return None
    if values.numel() > _SAMPLE:
        chosen = torch.randint(values.numel(), (_SAMPLE,), generator=generator)
        values = values[chosen.to(values.device)]
    ordered = values.sort().values
    places = torch.linspace(0, ordered.numel() - 1, _LANDMARKS).round().long()
    return ordered[places.to(ordered.device)]


def _spread(landmarks: Tensor) -> Tensor:
    """Between the outer landmarks but one, which a few voxels do not move."""
    return landmarks[-2] - landmarks[1]


def _mapped(values: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Piecewise linear and continuous through (own, wanted); steps beyond the ends are kept, and 0 stays 0."""
    group = torch.cumsum(own.diff(prepend=own[:1]) > _ONE_LEVEL * _spread(own), 0)
    count = torch.bincount(group)
    own, wanted = (torch.bincount(group, weights=one) / count for one in (own, wanted))
    own, wanted = own.to(values), wanted.to(values)
    if len(own) < 2:
        return values
    slope = wanted.diff() / own.diff()
    segment = (torch.bucketize(values, own) - 1).clamp(0, len(slope) - 1)
    inside = values.clamp(own[0], own[-1])
    mapped = wanted[segment] + (inside - own[segment]) * slope[segment] + (values - inside)
    return torch.where(values == 0, values, mapped)
