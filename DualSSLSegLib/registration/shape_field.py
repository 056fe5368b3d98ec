"""Where the places of another scan's anatomy lie in a scan: a field that gives the one the shape of the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from DualSSLSegLib.registration.centred import centred
from DualSSLSegLib.registration.demons import jacobian, register

_VOXELS = 10_000  # of the volumes that are registered: shapes are smooth, and a larger one takes longer
_LEAST_SIDE = 8
_MOST_READ = (
    1_000_000  # voxels of a scan that are looked at: of a larger one every second, third, ... of each axis
)
_LEAST_JACOBIAN = 0.1  # a field that squeezes anatomy further than to a tenth is weakened until it does not


def shape_field(scan: np.ndarray, other: np.ndarray) -> Tensor:
    """The field (3, X, Y, Z) float16 that gives `scan` the shape of `other`, both (C, x, y, z) normalised.

    On a coarse grid over `scan`, in shares of its size: the content of place p of the changed scan lies at p + field(p)
    of the scan. The scans' middles are laid on each other, in voxels, before they are registered; where the other ends,
    nothing pulls. The field is smooth and folds nothing, whatever the registration is worth.
    """
    step = _thinning(scan.shape[1:])
    whole, beside = (_thinned(image, step) for image in (scan, other))
    size = whole.shape[1:]
    coarse = coarse_size(size)
    moving, fixed, known = (
        F.adaptive_avg_pool3d(centred(image, size)[None], coarse)[0]
        for image in (whole, beside, torch.ones(1, *beside.shape[1:]))
    )
    known = (known > 0.99).float()  # at its edge a coarse voxel is partly something else
    # Both are measured where both are known: a scan that shows more, such as air around it, is as bright as before.
    moving, fixed = _normal(moving, known), _normal(fixed, known) * known
    if not bool(moving.any() and fixed.any()):  # a scan without content has no shape
        return torch.zeros(3, *coarse, dtype=torch.float16)
    u = register(moving, fixed, known[0])
    while float(jacobian(u).min()) < _LEAST_JACOBIAN:
        u = u * 0.9
    return (u[0] / torch.tensor(coarse).view(3, 1, 1, 1)).half()


def coarse_size(size: Sequence[int]) -> tuple[int, int, int]:
    """A grid of at most about 10,000 voxels over a volume of `size`: all axes as many times fewer, short ones kept."""
    sides = [max(_LEAST_SIDE, n) for n in size]
    for _ in range(3):  # an axis that is short already leaves more to the others
        free = [n for n in sides if n > _LEAST_SIDE]
        kept = _LEAST_SIDE ** (3 - len(free))
        factor = (float(np.prod(free)) * kept / _VOXELS) ** (1 / len(free)) if free else 1.0
        if factor <= 1:
            break
        sides = [n if n == _LEAST_SIDE else max(_LEAST_SIDE, round(n / factor)) for n in sides]
    x, y, z = sides
    return x, y, z


def _thinning(size: Sequence[int]) -> int:
    """Every how many-th voxel along each axis is looked at."""
    return max(1, int(np.ceil((float(np.prod(size)) / _MOST_READ) ** (1 / 3) - 1e-6)))


def _thinned(image: np.ndarray, step: int) -> Tensor:
    """(C, X, Y, Z) float32: a copy, for a map of a file cannot be written to."""
    return torch.from_numpy(np.array(image[:, ::step, ::step, ::step], dtype=np.float32))


def _normal(image: Tensor, known: Tensor) -> Tensor:
    """Each channel of (C, X, Y, Z) with zero mean and unit spread where `known` (1, X, Y, Z) is 1."""
    count = known.sum().clamp_min(1)
    mean = (image * known).sum(dim=(1, 2, 3), keepdim=True) / count
    spread = (((image - mean) * known).square().sum(dim=(1, 2, 3), keepdim=True) / count).sqrt()
    return torch.where(spread > 1e-3, (image - mean) / spread.clamp_min(1e-3), torch.zeros_like(image))
