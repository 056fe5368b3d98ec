"""Crops along a shape field: as many as asked, along its axis, and never further than there are voxels."""

from __future__ import annotations

import pytest
import torch

from DualSSLSegLib.views.shapes import bend


def straight(size=(8, 8, 8), reach=0.8) -> torch.Tensor:
    """Positions of a crop in the middle of its outer crop, last axis first."""
    axes = [((torch.arange(n) + 0.5) / n * 2 - 1) * reach for n in size]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flip(-1)


def bend_once(fields: torch.Tensor, probability: float = 1.0, seed: int = 0) -> torch.Tensor:
    values = {"start": (2, 2, 2), "outer": (10, 10, 10), "size": (20, 20, 20)}
    return bend(
        straight(), fields, **values, probability=probability, generator=torch.Generator().manual_seed(seed)
    )


def test_so_many_crops_are_bent_as_asked():
    fields = torch.randn(3, 3, 5, 5, 5) * 0.05
    grid = straight()
    assert torch.equal(bend_once(fields, 0.0), grid)
    changed = sum(not torch.equal(bend_once(fields, 0.6, seed), grid) for seed in range(200))
    assert 95 < changed < 145
    assert torch.allclose(bend_once(torch.zeros_like(fields)), grid, atol=1e-6)


def test_a_field_moves_along_its_axis_and_no_further_than_there_are_voxels():
    field = torch.zeros(1, 3, 5, 5, 5)
    field[:, 0] = 0.01  # of 20 voxels along x, in an outer crop of 10: 0.04 of its normalised 2
    moved = bend_once(field) - straight()
    assert moved[..., :2].abs().max() < 1e-6
    assert (
        0.3 * 0.04 - 1e-6 <= float(moved[..., 2].min()) == pytest.approx(float(moved[..., 2].max()), abs=1e-6)
    )
    far = bend_once(field * 50) - straight()
    assert float(far[..., 2].mean()) == pytest.approx(1 - 0.8 * 7 / 8, abs=1e-5)
