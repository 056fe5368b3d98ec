"""Spatial augmentation on the compute device: rotation, scaling, smooth deformation and mirroring in one resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class SpatialStrength:
    """How far a patch is moved. Angles in degrees; `deformation` in shares of the patch size; `mirror` per axis."""

    rotation_deg: float = 15.0
    log_scale: float = 0.2
    deformation: float = 0.03
    translation: float = 0.0
    mirror: tuple[bool, bool, bool] = (False, False, False)
    probability: float = 0.9


def outer_size(patch_size: tuple[int, int, int], margin: float = 1.25) -> tuple[int, int, int]:
    """Size of the crop to read so that a rotated patch still finds its voxels."""
    x, y, z = (int(math.ceil(size * margin / 2) * 2) for size in patch_size)
    return x, y, z


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low


def _rotation(angles: Tensor) -> Tensor:
    """Rotation matrices (B, 3, 3) from Euler angles (B, 3) in radians."""
    cos, sin = torch.cos(angles), torch.sin(angles)
    one, zero = torch.ones_like(cos[:, 0]), torch.zeros_like(cos[:, 0])
    about_x = torch.stack([one, zero, zero, zero, cos[:, 0], -sin[:, 0], zero, sin[:, 0], cos[:, 0]], 1)
    about_y = torch.stack([cos[:, 1], zero, sin[:, 1], zero, one, zero, -sin[:, 1], zero, cos[:, 1]], 1)
    about_z = torch.stack([cos[:, 2], -sin[:, 2], zero, sin[:, 2], cos[:, 2], zero, zero, zero, one], 1)
    return about_x.view(-1, 3, 3) @ about_y.view(-1, 3, 3) @ about_z.view(-1, 3, 3)


def sampling_grid(
    count: int,
    patch_size: tuple[int, int, int],
    outer: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    strength: SpatialStrength,
    generator: torch.Generator,
    device: torch.device,
) -> Tensor:
    """Sampling positions (count, X, Y, Z, 3) in the normalised coordinates of the outer crop.

    Rotations act in millimetres, so that anisotropic voxels are not sheared. Drawn on the CPU from `generator`,
    which makes a step repeatable on every device.
    """
    moved = (torch.rand(count, generator=generator) < strength.probability).float()
    limit = math.radians(strength.rotation_deg)
    angles = _uniform((count, 3), -limit, limit, generator) * moved[:, None]
    scale = torch.exp(
        _uniform((count, 1), -strength.log_scale, strength.log_scale, generator) * moved[:, None]
    )
    mirror = torch.where(
        (torch.rand((count, 3), generator=generator) < 0.5) & torch.tensor(strength.mirror), -1.0, 1.0
    )
    shift = _uniform((count, 3), -strength.translation, strength.translation, generator) * moved[:, None]
    coarse = (
        torch.randn((count, 3, 4, 4, 4), generator=generator)
        * strength.deformation
        * moved.view(-1, 1, 1, 1, 1)
    )

    size_mm = torch.tensor([n * s for n, s in zip(patch_size, spacing_mm, strict=True)])
    outer_mm = torch.tensor([n * s for n, s in zip(outer, spacing_mm, strict=True)])
    axes = [((torch.arange(n) + 0.5) / n - 0.5) for n in patch_size]
    place = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).to(
        device
    )  # (X, Y, Z, 3) in shares of the patch
    field = F.interpolate(coarse.to(device), size=patch_size, mode="trilinear", align_corners=True)
    place = place + (field.permute(0, 2, 3, 4, 1) + shift.to(device).view(-1, 1, 1, 1, 3))
    matrix = _rotation(angles) * scale[:, :, None] * mirror[:, None, :]
    matrix = (size_mm[None, None, :] * matrix / (outer_mm[None, :, None] / 2)).to(device)
    position = torch.einsum("bij,bxyzj->bxyzi", matrix, place)
    return position.flip(-1)  # grid_sample wants the last array axis first


def resample(image: Tensor, label: Tensor | None, grid: Tensor) -> tuple[Tensor, Tensor | None]:
    """Image (B, C, outer) by linear, label (B, outer) by nearest interpolation onto the grid; outside is 0."""
    moved = F.grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    if label is None:
        return moved, None
    nearest = F.grid_sample(
        label[:, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=False
    )
    return moved, nearest[:, 0].round().long()
