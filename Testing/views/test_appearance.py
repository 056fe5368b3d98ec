"""A labelled crop may look like an unlabelled scan; what is brighter stays brighter, so its label stays true."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from DualSSLSegLib.views.appearance import borrow


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _crops(seed: int, spread: float, level: float) -> torch.Tensor:
    return torch.randn(2, 1, 12, 12, 12, generator=_generator(seed)) * spread + level


@given(seed=st.integers(0, 1000))
def test_the_order_of_intensities_stays_and_numbers_repeat(seed):
    crop, look = _crops(1, 1.0, 0.0), _crops(2, 3.0, 5.0).exp().clamp_max(1e4)
    changed = borrow(crop, look, 1.0, _generator(seed))
    for before, after in zip(crop, changed, strict=True):
        steps = after.flatten()[before.flatten().argsort()].diff()
        assert bool((steps >= -1e-3 * after.abs().max()).all())
    assert torch.equal(changed, borrow(crop, look, 1.0, _generator(seed)))


def test_levels_move_towards_the_other_scan_and_never_past_it():
    crop, look = _crops(1, 1.0, 0.0), _crops(2, 1.0, 4.0)
    means = [float(borrow(crop, look, 1.0, _generator(seed)).mean()) for seed in range(40)]
    assert all(-0.2 <= mean <= 4.2 for mean in means)
    assert max(means) - min(means) > 1  # how far is drawn anew each time


def test_no_crop_changes_when_none_is_chosen_and_the_given_one_never_does():
    crop, look = _crops(1, 1.0, 0.0), _crops(2, 1.0, 4.0)
    kept = crop.clone()
    assert torch.equal(borrow(crop, look, 0.0, _generator()), crop)
    borrow(crop, look, 1.0, _generator())
    assert torch.equal(crop, kept)


def test_an_empty_scan_has_no_look_to_lend_and_a_flat_crop_stays_finite():
    empty, crop = torch.zeros(1, 1, 8, 8, 8), torch.randn(2, 1, 8, 8, 8, generator=_generator(1))
    assert torch.equal(borrow(crop, empty, 1.0, _generator()), crop)
    assert bool(borrow(empty, crop, 1.0, _generator()).isfinite().all())
