"""Labelled crops in the look of unlabelled scans: a monotone map between landmarks of the two scans' histograms."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_LANDMARKS = 17  # quantiles, ends included
_SAMPLE = 1_000_000  # voxels that a scan is thinned out to, about
_LEAST_VOXELS = 256  # that a scan must have outside its padding
_LEAST_SPREAD = 0.2  # of the own scan's: an empty scan has no look to lend, only flatness
_ONE_LEVEL = 1e-3  # of the spread: landmarks closer than that are one, such as those of cut-off air


def landmarks(image: np.ndarray) -> Tensor:
    """Evenly spaced quantiles of a whole scan (C, X, Y, Z), increasing: (C, 17); NaN for a channel with too little.

    Voxels of exactly 0 are the padding around a scan and no intensities.
    """
    every = max(1, round((np.prod(image.shape[1:]) / _SAMPLE) ** (1 / 3)))
    found = torch.full((len(image), _LANDMARKS), torch.nan)
    for row, channel in zip(found, image[:, ::every, ::every, ::every], strict=True):
        values = np.sort(channel[channel != 0], axis=None)
        if values.size >= _LEAST_VOXELS:
            places = np.linspace(0, values.size - 1, _LANDMARKS).round().astype(int)
            row.copy_(torch.from_numpy(values[places].astype(np.float32)))
    return found


def borrow(
    image: Tensor, own: Tensor, looks: Tensor, probability: float, generator: torch.Generator
) -> Tensor:
    """A copy of image (B, C, X, Y, Z) in which some crops take the look of another scan.

    own (B, C, 17): landmarks of the scans that the crops are from; looks (L, C, 17): of those that lend theirs, of
    which a crop takes a random one. Its intensities are moved a random part of the way from its own landmarks to
    those, linearly between them, per channel: the landmark matching of Nyul, Udupa and Zhang (IEEE TMI 19(2):143-150,
    2000) with a scan of the study as the standard. The landmarks are of whole scans, because two crops that show
    different anatomy differ in their histograms without any difference in look. Order of intensities and anatomy stay
    as they are, so the label stays true. Voxels of exactly 0 are the padding around a scan: they are no intensities
    and stay 0. Without landmarks nothing changes. Random numbers come from the CPU generator.
    """
    changed = image.clone()
    for crop, ours in zip(changed, own, strict=True):
        if not bool(torch.rand((), generator=generator) < probability):
            continue
        look = looks[int(torch.randint(len(looks), (), generator=generator))]
        part = float(torch.rand((), generator=generator))
        for channel, mine, other in zip(crop, ours, look, strict=True):
            if bool(_spread(other) > _LEAST_SPREAD * _spread(mine)):  # not so where one of them is NaN
                channel.copy_(_mapped(channel, mine, mine + part * (other - mine)))
    return changed


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
