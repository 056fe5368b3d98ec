"""Where the places of another scan's anatomy lie in a scan: a field that gives the one the shape of the other."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from DualSSLSegLib.registration.centred import centred
from DualSSLSegLib.registration.demons import jacobian, register

_VOXELS = 10_000  # of the volumes that are registered: shapes are smooth, and a larger one takes longer
_LEAST_SIDE = 8
_LEAST_JACOBIAN = 0.1  # a field that squeezes anatomy further than to a tenth is weakened until it does not


def shape_field(scan: np.ndarray, other: np.ndarray) -> Tensor:
    """The field (3, X, Y, Z) float16 that gives `labelled` the shape of `other`, both (C, x, y, z) normalised.

    On a coarse grid over the labelled scan, in shares of its size: the content of place p of the changed scan lies at
    p + field(p) of the labelled one. The scans' middles are laid on each other, in voxels, before they are registered.
    Only the labelled scan and its label are ever moved, so a poor fit makes an odd shape but never a wrong label.
    """
    size = scan.shape[1:]
    factor = max(1.0, (float(np.prod(size)) / _VOXELS) ** (1 / 3))
    x, y, z = (max(_LEAST_SIDE, round(n / factor)) for n in size)
    moving, fixed, known = (
        F.adaptive_avg_pool3d(centred(image, size)[None], (x, y, z))[0]
        for image in (_tensor(scan), _tensor(other), torch.ones(1, *other.shape[1:]))
    )
    moving, fixed = _normal(moving, torch.ones_like(known)), _normal(fixed, known)
    if not bool(moving.any() and fixed.any()):  # a scan without content has no shape
        return torch.zeros(3, x, y, z, dtype=torch.float16)
    u = register(moving, fixed, known[0])
    while float(jacobian(u).min()) < _LEAST_JACOBIAN:
        u = u * 0.9
    return (u[0] / torch.tensor([x, y, z]).view(3, 1, 1, 1)).half()


def _tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(image, dtype=np.float32))  # a copy: a map of a file cannot be written to


def _normal(image: Tensor, known: Tensor) -> Tensor:
    """Each channel of (C, X, Y, Z) with zero mean and unit spread where `known` (1, X, Y, Z) is 1, and 0 elsewhere."""
    count = known.sum().clamp_min(1)
    mean = (image * known).sum(dim=(1, 2, 3), keepdim=True) / count
    moved = (image - mean) * known
    return moved / (moved.square().sum(dim=(1, 2, 3), keepdim=True) / count).sqrt().clamp_min(1e-3)
