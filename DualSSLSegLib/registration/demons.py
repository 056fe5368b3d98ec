"""Deformable registration of small volumes: demons from coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

_STEPS = (20, 40)  # at half and at full size
_UPDATE_SIGMA = 1.0  # voxels
_FIELD_SIGMA = 1.0
_LEAST_SIDE = 4
_LEAST_SLOPE = 1e-3  # keeps flat places still; images have unit spread


def register(moving: Tensor, fixed: Tensor, inside: Tensor) -> Tensor:
    """Displacements u (1, 3, X, Y, Z) in voxels with which moving(x + u(x)) resembles fixed(x).

    moving, fixed (C, X, Y, Z) of about the same intensities, zero mean and unit spread; inside (X, Y, Z) is 1 where
    `fixed` is known and 0 elsewhere, where nothing pulls. Demons with the mean of both images' gradients as force
    (Thirion, Medical Image Analysis 2(3):243-260, 1998; Vercauteren et al., NeuroImage 45:S61-S72, 2009), every update
    and the field smoothed by Gaussians of one voxel, on half the size first.
    """
    size = moving.shape[1:]
    half = [max(_LEAST_SIDE, n // 2) for n in size]
    moving, fixed, inside = moving[:, None], fixed[:, None], inside[None, None]
    u = moving.new_zeros(1, 3, *half)
    u = _demons(resized(moving, half), resized(fixed, half), resized(inside, half), u, _STEPS[0])
    u = resized(u, size) * torch.tensor([n / h for n, h in zip(size, half, strict=True)]).view(1, 3, 1, 1, 1)
    return _demons(moving, fixed, inside, u, _STEPS[1])


def resized(image: Tensor, size: Sequence[int]) -> Tensor:
    """(B, C, X, Y, Z) linearly at another size."""
    return F.interpolate(image, size=list(size), mode="trilinear", align_corners=False)


def displaced(image: Tensor, u: Tensor) -> Tensor:
    """image(x + u(x)) of (C, 1, X, Y, Z) with u (1, 3, X, Y, Z) in voxels; the border goes on outside."""
    size = image.shape[2:]
    axes = [torch.arange(n, dtype=u.dtype) for n in size]
    place = torch.stack(torch.meshgrid(*axes, indexing="ij"))[None] + u
    grid = (2 * place + 1) / torch.tensor(size, dtype=u.dtype).view(1, 3, 1, 1, 1) - 1
    grid = grid.permute(0, 2, 3, 4, 1).flip(-1).expand(len(image), -1, -1, -1, -1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)


def jacobian(u: Tensor) -> Tensor:
    """(X, Y, Z) change of volume under x + u(x), u (1, 3, X, Y, Z) in voxels: 1 is none, 0 or less a fold."""
    rows = _gradient(u.transpose(0, 1)).permute(2, 3, 4, 0, 1)
    return torch.linalg.det(rows + torch.eye(3))


def _demons(moving: Tensor, fixed: Tensor, inside: Tensor, u: Tensor, steps: int) -> Tensor:
    slope = _gradient(fixed)
    for _ in range(steps):
        seen = displaced(moving, u)
        error = fixed - seen  # (C, 1, ...)
        force = (slope + _gradient(seen)) / 2  # (C, 3, ...)
        norm = (force * force).sum((0, 1)) + (error * error).sum((0, 1)) / 4 + _LEAST_SLOPE
        update = (error * force).sum(0, keepdim=True) / norm * inside
        u = _smooth(u + _smooth(update, _UPDATE_SIGMA), _FIELD_SIGMA)
    return u


def _wide(image: Tensor, axis: int, radius: int) -> Tensor:
    """With the border repeated `radius` times at both ends of one of the last three axes."""
    padding = [0] * 6
    padding[4 - 2 * axis] = padding[5 - 2 * axis] = radius
    return F.pad(image, padding, mode="replicate")


def _smooth(image: Tensor, sigma: float) -> Tensor:
    radius = int(3 * sigma + 0.5)
    weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    weights = weights / weights.sum()
    for axis in range(3):
        wide, n = _wide(image, axis, radius), image.shape[axis + 2]
        image = wide.narrow(axis + 2, 0, n) * float(weights[0])
        for place, weight in enumerate(weights[1:].tolist(), start=1):
            image.add_(wide.narrow(axis + 2, place, n), alpha=weight)
    return image


def _gradient(image: Tensor) -> Tensor:
    """Central differences (B, 3, X, Y, Z) of (B, 1, X, Y, Z), or of each of B rows of a field."""
    found = []
    for axis in range(3):
        wide, n = _wide(image, axis, 1), image.shape[axis + 2]
        found.append((wide.narrow(axis + 2, 2, n) - wide.narrow(axis + 2, 0, n)) / 2)
    return torch.cat(found, 1)
