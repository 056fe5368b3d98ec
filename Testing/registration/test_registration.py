"""Registration finds the shape of another scan, folds nothing, and carries a label along."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from DualSSLSegLib.registration.carried_back import carried_back
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


def label_of(image: np.ndarray) -> np.ndarray:
    """Class 1 in the ball's lower half, class 2 in its upper."""
    inside = image[0] > 0.5
    upper = np.arange(image.shape[3]) > np.nonzero(inside)[2].mean()
    return (inside * (1 + upper)).astype(np.uint8)


def test_a_good_prediction_fits_the_labelled_scan_and_a_bad_one_does_not():
    own, labelled = ball((11, 13, 9), (5, 7, 5)), ball((13, 15, 10), (7, 6, 6), (26, 26, 24))
    truth = label_of(own)
    shifted, half = np.roll(truth, 4, 0), np.where(np.arange(SIZE[0])[:, None, None] < 11, truth, 0)
    good, *bad, nothing = (
        np.mean(carried_back(own, guess, labelled, label_of(labelled), num_classes=3))
        for guess in (truth, half, shifted, 0 * truth)
    )
    assert good > 0.8
    assert max(bad) < good - 0.1
    assert nothing == 0


@pytest.mark.parametrize("air", [-1.0, -8.0])
def test_a_scan_that_shows_more_than_the_labelled_one_is_compared_where_both_are_known(air):
    part = ball((15, 15, 10), (7, 6, 5), (30, 28, 20))
    whole = np.full((1, 60, 40, 36), air, np.float32)
    box = (slice(15, 45), slice(6, 34), slice(8, 28))
    whole[(0, *box)] = part[0]
    truth = np.zeros(whole.shape[1:], np.uint8)
    truth[box] = label_of(part)
    found = carried_back(whole, truth, part, label_of(part), num_classes=3)
    assert min(found) > 0.85
    long = np.zeros_like(truth)
    long[:, 14:26, 14:22] = 1  # the labelled scan shows the middle of it
    assert carried_back(whole, long, part, long[box], num_classes=2)[0] > 0.85


def test_a_scan_without_the_structure_cannot_judge_it():
    own = ball((11, 13, 9), (5, 7, 5))
    truth = label_of(own)
    assert carried_back(own, truth, own, np.where(truth == 2, 0, truth), num_classes=3)[1] is None


@pytest.mark.parametrize(
    "size", [(512, 512, 300), (1, 512, 512), (24, 512, 512), (2, 3, 900), (20, 20, 20), (4, 4, 4)]
)
def test_the_coarse_grid_is_small_whatever_the_scan_is_like(size):
    coarse = coarse_size(size)
    assert min(coarse) >= 8
    assert np.prod(coarse) < 12_000


def test_what_the_label_says_nothing_of_is_not_counted():
    own = ball((11, 13, 9), (5, 7, 5))
    truth = label_of(own)
    guess = np.where(truth == 2, 0, truth)
    values = {"labelled_image": own, "labelled": truth, "num_classes": 3}
    assert carried_back(own, guess, **values) == [pytest.approx(1.0, abs=0.02), 0]
    assert carried_back(own, guess, **values, unknown=(2,))[1] is None
    assert carried_back(own, 0 * guess, own, 0 * truth, num_classes=3) == [None, None]
