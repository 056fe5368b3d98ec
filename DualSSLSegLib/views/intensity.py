"""Intensity augmentation on the compute device: brightness, contrast, gamma, noise, blur, low resolution."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class IntensityStrength:
    """Largest change of a normalised image (zero mean, unit spread). `probability` is for each kind of change."""

    brightness: float = 0.3
    log_contrast: float = 0.3
    log_gamma: float = 0.4
    noise: float = 0.15
    blur_voxels: float = 1.0
    low_resolution: float = 0.5
    probability: float = 0.4


WEAK = IntensityStrength(0.1, 0.1, 0.1, 0.05, 0.0, 0.0, 0.5)
STRONG = IntensityStrength(0.5, 0.5, 0.6, 0.25, 1.2, 0.6, 0.6)


def _gate(count: int, probability: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) < probability).float()


def _symmetric(count: int, limit: float, gate: Tensor, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * limit * gate


def _blur(image: Tensor, sigma: float) -> Tensor:
    """Separable Gaussian blur of (1, C, X, Y, Z), sigma in voxels."""
    radius = max(1, int(2 * sigma + 0.5))
    positions = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (positions / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels = image.shape[1]
    for axis in range(3):
        shape = [1, 1, 1, 1, 1]
        shape[axis + 2] = -1
        padding = [0, 0, 0]
        padding[axis] = radius
        weight = kernel.view(shape).expand(channels, *[-1] * 4)
        image = F.conv3d(image, weight, padding=tuple(padding), groups=channels)
    return image


def _coarsen(image: Tensor, share: float) -> Tensor:
    """Lower the resolution of (1, C, X, Y, Z) to `share` of it and bring it back to size."""
    size = image.shape[2:]
    small = [max(4, int(n * share)) for n in size]
    low = F.interpolate(image, size=small, mode="trilinear", align_corners=False)
    return F.interpolate(low, size=size, mode="trilinear", align_corners=False)


def augment(image: Tensor, strength: IntensityStrength, generator: torch.Generator) -> Tensor:
    """A changed copy of the normalised image (B, C, X, Y, Z); every sample draws its own changes.

    Strengths come from the CPU generator and are repeatable on every device; the noise itself is drawn on the CPU
    too, for the same reason.
    """
    count = image.shape[0]
    column = (count, 1, 1, 1, 1)
    p = strength.probability
    shift = _symmetric(count, strength.brightness, _gate(count, p, generator), generator)
    contrast = torch.exp(_symmetric(count, strength.log_contrast, _gate(count, p, generator), generator))
    gamma = torch.exp(_symmetric(count, strength.log_gamma, _gate(count, p, generator), generator))
    noise = torch.rand(count, generator=generator) * strength.noise * _gate(count, p, generator)
    blur = torch.rand(count, generator=generator) * strength.blur_voxels * _gate(count, p / 2, generator)
    coarse = torch.rand(count, generator=generator) * strength.low_resolution * _gate(count, p / 2, generator)

    device = image.device
    low = image.amin(dim=(2, 3, 4), keepdim=True)
    span = (image.amax(dim=(2, 3, 4), keepdim=True) - low).clamp_min(1e-3)
    bent = ((image - low) / span).clamp(0, 1) ** gamma.view(column).to(device) * span + low
    # Bending moves the mean; it is put back, so that gamma changes the curve and brightness the level.
    bent = bent + (image.mean(dim=(2, 3, 4), keepdim=True) - bent.mean(dim=(2, 3, 4), keepdim=True))
    changed = bent * contrast.view(column).to(device) + shift.view(column).to(device)
    samples = []
    for index in range(count):
        sample = changed[index : index + 1]
        if blur[index] > 0.3:
            sample = _blur(sample, float(blur[index]))
        if coarse[index] > 0.1:
            sample = _coarsen(sample, 1 - float(coarse[index]))
        samples.append(sample)
    changed = torch.cat(samples)
    if bool((noise > 0).any()):
        grain = torch.randn(changed.shape, generator=generator).to(device)
        changed = changed + grain * noise.view(column).to(device)
    return changed
