"""Registration finds the shape of another scan, whatever its size and surroundings, and folds nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from DualSSLSegLib.registration.demons import displaced, jacobian, register
from DualSSLSegLib.registration.shape_field import coarse_size, shape_field

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


@pytest.mark.parametrize("air", [-1.0, -8.0])
def test_a_scan_that_shows_more_than_the_other_is_compared_where_both_are_known(air):
    part = ball((15, 15, 10), (7, 6, 5), (30, 28, 20))
    whole = np.full((1, 60, 40, 36), air, np.float32)
    box = (slice(15, 45), slice(6, 34), slice(8, 28))
    whole[(0, *box)] = part[0]
    changed = bent(whole, shape_field(whole, part))[0][box]
    assert overlap(changed > 0.5, torch.from_numpy(part[0]) > 0.5) > 0.9


@pytest.mark.parametrize(
    "size", [(512, 512, 300), (1, 512, 512), (24, 512, 512), (2, 3, 900), (20, 20, 20), (4, 4, 4)]
)
def test_the_coarse_grid_is_small_whatever_the_scan_is_like(size):
    coarse = coarse_size(size)
    assert min(coarse) >= 8
    assert np.prod(coarse) < 12_000
