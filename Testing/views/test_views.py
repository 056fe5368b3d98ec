"""Views: what changes a crop and what must not."""

from __future__ import annotations

import pytest
import torch

from DualSSLSegLib.views.intensity import STRONG, WEAK, IntensityStrength, augment
from DualSSLSegLib.views.spatial import SpatialStrength, outer_size, resample, sampling_grid

PATCH = (16, 24, 16)
CPU = torch.device("cpu")


def grid(strength, spacing=(1.0, 1.0, 1.0), seed=0, count=2):
    generator = torch.Generator().manual_seed(seed)
    return sampling_grid(count, PATCH, outer_size(PATCH), spacing, strength, generator, CPU)


def test_no_strength_reads_the_middle_of_the_crop_exactly():
    outer = outer_size(PATCH)
    image = torch.randn(2, 1, *outer)
    moved, _ = resample(image, None, grid(SpatialStrength(probability=0.0)))
    x, y, z = ((o - p) // 2 for o, p in zip(outer, PATCH, strict=True))
    torch.testing.assert_close(moved, image[:, :, x : x + 16, y : y + 24, z : z + 16], atol=1e-5, rtol=1e-5)


def test_a_rotation_keeps_millimetres_on_thick_slices():
    """A ball of 6 mm stays a ball of about its volume however thick the slices are."""
    spacing = (1.0, 1.0, 3.0)
    outer = outer_size(PATCH)
    axes = [(torch.arange(n) - (n - 1) / 2) * s for n, s in zip(outer, spacing, strict=True)]
    x, y, z = torch.meshgrid(*axes, indexing="ij")
    ball = ((x**2 + y**2 + z**2) < 36).float()[None, None].expand(2, -1, -1, -1, -1)
    turned, _ = resample(ball, None, grid(SpatialStrength(45, 0.0, 0.0, probability=1.0), spacing))
    assert turned.sum((1, 2, 3, 4)).tolist() == pytest.approx([float(ball[0].sum())] * 2, rel=0.1)


def test_mirroring_turns_the_crop_round():
    outer = outer_size(PATCH)
    image = torch.randn(1, 1, *outer).expand(8, -1, -1, -1, -1)
    still, _ = resample(image, None, grid(SpatialStrength(probability=0.0), count=8))
    maybe, _ = resample(
        image, None, grid(SpatialStrength(0, 0, 0, 0, (True, False, False), probability=0.0), count=8)
    )
    flipped = [torch.allclose(m, s.flip(1), atol=1e-5) for m, s in zip(maybe, still, strict=True)]
    same = [torch.allclose(m, s, atol=1e-5) for m, s in zip(maybe, still, strict=True)]
    assert all(f != s for f, s in zip(flipped, same, strict=True))
    assert any(flipped)
    assert any(same)


def test_intensity_changes_repeat_and_differ_between_samples():
    image = torch.randn(1, 2, *PATCH).expand(3, -1, -1, -1, -1)
    always = IntensityStrength(probability=1.0)
    first = augment(image, always, torch.Generator().manual_seed(1))
    again = augment(image, always, torch.Generator().manual_seed(1))
    assert torch.equal(first, again)
    assert not torch.allclose(first[0], first[1])
    assert torch.isfinite(first).all()


@pytest.mark.parametrize("strength", [WEAK, STRONG])
def test_a_constant_crop_stays_finite(strength):
    assert torch.isfinite(
        augment(torch.zeros(4, 1, *PATCH), strength, torch.Generator().manual_seed(0))
    ).all()


def test_zero_strength_changes_nothing():
    image = torch.randn(2, 1, *PATCH)
    none = IntensityStrength(0, 0, 0, 0, 0, 0, probability=1.0)
    torch.testing.assert_close(
        augment(image, none, torch.Generator().manual_seed(0)), image, atol=1e-5, rtol=1e-5
    )
