"""Shapes of other scans: registration finds them, nothing folds, and label and image are moved as one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from DualSSLSegLib.views.registration import displaced, jacobian, register
from DualSSLSegLib.views.shapes import bend, shape_field

SIZE = (24, 28, 20)


def ball(centre, radii, size=SIZE) -> np.ndarray:
    """(1, X, Y, Z) a soft ellipsoid, zero mean and unit spread as prepared scans have."""
    axes = np.meshgrid(*[np.arange(n) for n in size], indexing="ij")
    distance = sum(((axis - c) / r) ** 2 for axis, c, r in zip(axes, centre, radii, strict=True)) ** 0.5
    image = 1 / (1 + np.exp(8 * (distance - 1)))
    return ((image - image.mean()) / image.std())[None].astype(np.float32)


def overlap(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def bent(image: np.ndarray, field: torch.Tensor) -> torch.Tensor:
    """The whole scan along a field, all of the way."""
    size = image.shape[1:]
    whole = torch.nn.functional.interpolate(field[None].float(), size=size, mode="trilinear")
    return displaced(torch.from_numpy(image)[:, None], whole * torch.tensor(size).view(1, 3, 1, 1, 1))[:, 0]


def test_a_scan_takes_the_shape_of_another():
    own, other = ball((11, 13, 9), (5, 7, 4)), ball((13, 15, 10), (7, 6, 6))
    changed = bent(own, shape_field(own, other))
    before, after = (
        overlap(image > 0.5, torch.from_numpy(other) > 0.5) for image in (torch.from_numpy(own), changed)
    )
    assert before < 0.75
    assert after > 0.85


def test_its_brightness_is_another_matter():
    own, other = ball((11, 13, 9), (5, 7, 4)), ball((12, 14, 10), (7, 6, 6))
    plain, brighter = (shape_field(own, image) for image in (other, 3 * other + 2))
    assert (plain - brighter).abs().max() < 0.02


def test_a_larger_scan_with_more_channels_is_compared_on_a_coarse_grid():
    big = (50, 60, 44)
    own, other = (np.repeat(ball(c, (12, 14, 11), big), 2, 0) for c in ((24, 29, 21), (28, 33, 24)))
    field = shape_field(own, other)
    assert field.shape[0] == 3
    assert np.prod(field.shape[1:]) < 12_000
    assert overlap(bent(own, field) > 0.5, torch.from_numpy(other) > 0.5) > 0.92


@pytest.mark.parametrize("size", [(30, 20, 26), (12, 40, 9), SIZE, (3, 60, 60)])
def test_scans_of_any_size_fit_together_without_a_fold(size):
    own = ball((11, 13, 9), (5, 7, 4))
    noise = np.random.default_rng(0).normal(0, 1, (1, *size)).astype(np.float32)
    field = shape_field(own, noise)
    u = field[None].float() * torch.tensor(field.shape[1:]).view(1, 3, 1, 1, 1)
    assert torch.isfinite(field).all()
    assert jacobian(u).min() > 0


def test_a_scan_without_content_bends_nothing():
    own, empty = ball((11, 13, 9), (5, 7, 4)), np.zeros((1, *SIZE), np.float32)
    for a, b in ((own, empty), (empty, own), (empty, empty)):
        assert not shape_field(a, b).any()


def test_the_same_scan_is_already_in_shape():
    own = torch.from_numpy(ball((11, 13, 9), (5, 7, 4)))
    assert register(own, own, torch.ones(SIZE)).abs().max() < 1e-4


def test_nothing_pulls_where_the_other_scan_is_not_known():
    own, other = (torch.from_numpy(ball(c, (5, 6, 4))) for c in ((11, 13, 9), (14, 13, 9)))
    assert register(own, other, torch.ones(SIZE)).abs().max() > 1
    assert register(own, other, torch.zeros(SIZE)).abs().max() == 0


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
