"""Labelled scans in the shape of unlabelled ones: where each place of the other's anatomy lies in the labelled scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from DualSSLSegLib.views.registration import jacobian, register

_VOXELS = 10_000  # of the volumes that are registered: shapes are smooth, and a larger one takes longer
_LEAST_SIDE = 8
_LEAST_JACOBIAN = 0.1  # a field that squeezes anatomy further than to a tenth is weakened until it does not
_PART = (0.3, 1.1)  # of the way to the other's shape


def shape_field(labelled: np.ndarray, other: np.ndarray) -> Tensor:
    """The field (3, X, Y, Z) float16 that gives `labelled` the shape of `other`, both (C, x, y, z) normalised.

    On a coarse grid over the labelled scan, in shares of its size: the content of place p of the changed scan lies at
    p + field(p) of the labelled one. The scans' middles are laid on each other, in voxels, before they are registered.
    Only the labelled scan and its label are ever moved, so a poor fit makes an odd shape but never a wrong label.
    """
    size = labelled.shape[1:]
    factor = max(1.0, (float(np.prod(size)) / _VOXELS) ** (1 / 3))
    x, y, z = (max(_LEAST_SIDE, round(n / factor)) for n in size)
    moving, fixed, known = (
        F.adaptive_avg_pool3d(_centred(image, size)[None], (x, y, z))[0]
        for image in (_tensor(labelled), _tensor(other), torch.ones(1, *other.shape[1:]))
    )
    moving, fixed = _normal(moving, torch.ones_like(known)), _normal(fixed, known)
    if not bool(moving.any() and fixed.any()):  # a scan without content has no shape
        return torch.zeros(3, x, y, z, dtype=torch.float16)
    u = register(moving, fixed, known[0])
    while float(jacobian(u).min()) < _LEAST_JACOBIAN:
        u = u * 0.9
    return (u[0] / torch.tensor([x, y, z]).view(3, 1, 1, 1)).half()


def bend(
    grid: Tensor,
    fields: Tensor,
    start: Sequence[int],
    outer: Sequence[int],
    size: Sequence[int],
    probability: float,
    generator: torch.Generator,
) -> Tensor:
    """The sampling positions (X, Y, Z, 3) of one crop, moved with this probability along one of `fields` (n, 3, ...).

    Positions are normalised coordinates, last axis first, of the outer crop that begins at voxel `start` of a scan of
    `size` voxels. A random part of the way is gone; what moves the whole crop is kept within the outer crop's margin.
    """
    if not bool(torch.rand((), generator=generator) < probability):
        return grid
    field = fields[int(torch.randint(len(fields), (), generator=generator))]
    part = _PART[0] + (_PART[1] - _PART[0]) * float(torch.rand((), generator=generator))
    begin, wide, whole = (
        torch.tensor(list(values), dtype=grid.dtype, device=grid.device).flip(0)
        for values in (start, outer, size)
    )
    place = ((grid + 1) / 2 * wide + begin) * 2 / whole - 1
    moved = F.grid_sample(
        field[None].to(grid), place[None], mode="bilinear", padding_mode="border", align_corners=False
    )[0]
    moved = part * moved.permute(1, 2, 3, 0).flip(-1) * 2 * whole / wide
    mean = moved.mean(dim=(0, 1, 2))
    margin = (1 - grid.abs().amax(dim=(0, 1, 2))).clamp_min(0)
    return grid + moved - mean + mean.clamp(-margin, margin)


def _tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(image, dtype=np.float32))


def _centred(image: Tensor, size: Sequence[int]) -> Tensor:
    """(C, X, Y, Z) cut or filled with 0 to `size` about its middle."""
    result = image.new_zeros(image.shape[0], *size)
    source, target = [slice(None)], [slice(None)]
    for n, wanted in zip(image.shape[1:], size, strict=True):
        offset = (n - wanted) // 2
        low, high = max(offset, 0), min(offset + wanted, n)
        source.append(slice(low, high))
        target.append(slice(low - offset, high - offset))
    result[tuple(target)] = image[tuple(source)]
    return result


def _normal(image: Tensor, known: Tensor) -> Tensor:
    """Each channel of (C, X, Y, Z) with zero mean and unit spread where `known` (1, X, Y, Z) is 1, and 0 elsewhere."""
    count = known.sum().clamp_min(1)
    mean = (image * known).sum(dim=(1, 2, 3), keepdim=True) / count
    moved = (image - mean) * known
    return moved / (moved.square().sum(dim=(1, 2, 3), keepdim=True) / count).sqrt().clamp_min(1e-3)
