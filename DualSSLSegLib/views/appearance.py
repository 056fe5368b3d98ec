"""Labelled crops in the look of unlabelled scans: a monotone map between landmarks of the two histograms."""

from __future__ import annotations

import torch
from torch import Tensor

_LANDMARKS = 17  # quantiles, ends included
_SAMPLE = 4096  # voxels that place them within a hundredth
_LEAST_SPREAD = 0.2  # of the crop's own: an empty part of a scan has no look to lend, only flatness


def _landmarks(values: Tensor, generator: torch.Generator) -> Tensor:
    """(_LANDMARKS,) evenly spaced quantiles of a flat tensor, increasing."""
    if values.numel() > _SAMPLE:
        chosen = torch.randint(values.numel(), (_SAMPLE,), generator=generator)
        values = values[chosen.to(values.device)]
    ordered = values.sort().values
    places = torch.linspace(0, ordered.numel() - 1, _LANDMARKS).round().long()
    return ordered[places.to(ordered.device)]


def borrow(image: Tensor, looks: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """A copy of image (B, C, X, Y, Z) in which some crops take the look of a random one of `looks` (L, C, ...).

    The quantiles of a crop are moved a random part of the way to those of the other, linearly between them, per
    channel: the landmark matching of Nyul, Udupa and Zhang (IEEE TMI 19(2):143-150, 2000) with a scan of the study as
    the standard. Order of intensities and anatomy stay as they are, so the label stays true. Random numbers come from
    the CPU generator and are repeatable on every device.
    """
    changed = image.clone()
    for crop in changed:
        if not bool(torch.rand((), generator=generator) < probability):
            continue
        look = looks[int(torch.randint(len(looks), (), generator=generator))]
        part = float(torch.rand((), generator=generator))
        for channel, other in zip(crop, look, strict=True):
            own, others = (_landmarks(one.flatten(), generator) for one in (channel, other))
            if _spread(others) > _LEAST_SPREAD * _spread(own):
                channel.copy_(_mapped(channel, own, own + part * (others - own)))
    return changed


def _spread(landmarks: Tensor) -> Tensor:
    """Between the outer landmarks but one, which a few voxels do not move."""
    return landmarks[-2] - landmarks[1]


def _mapped(values: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Piecewise linear through (own, wanted); beyond the ends and between equal landmarks the steps are kept."""
    place = torch.bucketize(values, own[1:-1].contiguous())
    left, width = own[place], (own[1:] - own[:-1])[place]
    slope = torch.where(width > 1e-6, (wanted[1:] - wanted[:-1])[place] / width.clamp_min(1e-6), 1.0)
    return wanted[:-1][place] + (values - left) * slope
