"""A labelled crop may look like an unlabelled scan; what is brighter stays brighter, so its label stays true."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from DualSSLSegLib.views.appearance import borrow, landmarks


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _crops(seed: int, spread: float, level: float) -> torch.Tensor:
    return torch.randn(2, 1, 12, 12, 12, generator=_generator(seed)) * spread + level


def _borrowed(
    image: torch.Tensor, other: torch.Tensor, probability: float = 1.0, seed: int = 0
) -> torch.Tensor:
    """Crops that are whole scans."""
    own, looks = (torch.stack([landmarks(scan.numpy()) for scan in scans]) for scans in (image, other))
    return borrow(image, own, looks, probability, _generator(seed))


@given(seed=st.integers(0, 1000))
def test_the_order_of_intensities_stays_and_numbers_repeat(seed):
    crop, look = _crops(1, 1.0, 0.0), _crops(2, 3.0, 5.0).exp().clamp_max(1e4)
    changed = _borrowed(crop, look, seed=seed)
    for before, after in zip(crop, changed, strict=True):
        steps = after.flatten()[before.flatten().argsort()].diff()
        assert bool((steps >= -1e-6 * after.abs().max()).all())
    assert torch.equal(changed, _borrowed(crop, look, seed=seed))


def test_a_crop_from_a_scan_of_the_same_look_stays_as_it_is_whatever_it_shows():
    scan = torch.randn(1, 1, 24, 24, 24, generator=_generator(5))
    scan[:, :, :12] += 6  # bright anatomy in one half
    own = torch.stack([landmarks(scan[0].numpy())])
    for part in (scan[:, :, :12], scan[:, :, 12:]):
        torch.testing.assert_close(borrow(part, own, own, 1.0, _generator()), part, rtol=0, atol=1e-4)


def test_landmarks_are_quantiles_of_the_scan_without_its_padding_and_a_large_scan_is_thinned_out():
    small = np.zeros((2, 20, 20, 20), np.float16)
    small[:, 5:] = np.linspace(1, 2, 15 * 20 * 20).reshape(15, 20, 20)
    for row in landmarks(small):
        torch.testing.assert_close(row, torch.linspace(1, 2, 17), rtol=0, atol=2e-3)
    large = np.random.default_rng(0).normal(size=(1, 130, 130, 130)).astype(np.float32)
    whole = torch.from_numpy(np.quantile(large, np.linspace(0, 1, 17)).astype(np.float32))
    torch.testing.assert_close(landmarks(large)[0, 1:-1], whole[1:-1], rtol=0, atol=0.02)


def test_levels_move_towards_the_other_scan_and_never_past_it():
    crop, look = _crops(1, 1.0, 0.0), _crops(2, 1.0, 4.0)
    means = [float(_borrowed(crop, look, seed=seed).mean()) for seed in range(40)]
    assert all(-0.2 <= mean <= 4.2 for mean in means)
    assert max(means) - min(means) > 1  # how far is drawn anew each time


def test_no_crop_changes_when_none_is_chosen_and_the_given_one_never_does():
    crop, look = _crops(1, 1.0, 0.0), _crops(2, 1.0, 4.0)
    kept = crop.clone()
    assert torch.equal(_borrowed(crop, look, 0.0), crop)
    _borrowed(crop, look)
    assert torch.equal(crop, kept)


def test_cut_off_air_stays_one_level():
    crop, look = _crops(1, 1.0, 0.0), _crops(2, 2.0, 1.0)
    air = torch.zeros_like(crop, dtype=torch.bool)
    air[:, :, :9] = True  # three quarters of the crop, equal up to the last digits as after a resampling
    crop[air] = -1.5 + torch.randn(int(air.sum()), generator=_generator(3)) * 1e-7
    for seed in range(10):
        for changed, flat in zip(_borrowed(crop, look, seed=seed), air, strict=True):
            assert float(changed[flat].std()) < 1e-3


def test_padding_is_no_intensity():
    crop, look = _crops(1, 1.0, 3.0), _crops(2, 1.0, -3.0)
    for image in (crop, look):
        image[:, :, :6] = 0
    changed = _borrowed(crop, look, seed=4)
    assert not torch.equal(changed, crop)
    assert bool((changed[:, :, :6] == 0).all())
    assert float(changed[:, :, 6:].std()) > 0.5  # nothing is pressed into the padding's level


def test_a_voxel_far_out_goes_no_farther():
    crop = torch.zeros(1, 1, 24, 24, 24)
    crop[:] = -1 + 0.01 * torch.randn(crop.shape, generator=_generator(1))
    crop[0, 0, 0, 0, :12] = -9.0
    changed = _borrowed(crop, _crops(2, 3.0, 0.0), seed=2)
    assert float(changed.abs().max()) < 30


def test_an_empty_scan_has_no_look_to_lend_and_a_flat_crop_stays_as_it_is():
    empty, crop = torch.zeros(1, 1, 8, 8, 8), torch.randn(2, 1, 8, 8, 8, generator=_generator(1))
    flat = torch.full((1, 1, 8, 8, 8), 2.0)
    for nothing in (empty, flat):
        assert torch.equal(_borrowed(crop, nothing), crop)
        assert torch.equal(_borrowed(nothing, crop), nothing)
