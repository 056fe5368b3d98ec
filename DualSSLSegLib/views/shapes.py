"""Crops of labelled scans in the shape of unlabelled ones (fields of `registration/shape_field.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

_PART = (0.3, 1.0)  # of the way to the other's shape


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
