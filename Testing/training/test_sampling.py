"""What a step sees: repeatable crops, every case equally often, structures in sight, nothing moved by accident."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_training import tiny_case

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.sampling import Stream, crop
from DualSSLSegLib.views.appearance import landmarks
from DualSSLSegLib.views.spatial import SpatialStrength

STILL = SpatialStrength(probability=0.0)
CPU = torch.device("cpu")


def stream(cases, **changes):
    values = {
        "per_step": 2,
        "patch_size": (16, 16, 16),
        "seed": 0,
        "foreground_share": 0.5,
        "strength": STILL,
    }
    return Stream(cases, **{**values, "device": CPU, **changes})


def test_a_step_is_repeatable_and_steps_differ():
    cases = [tiny_case("a", True), tiny_case("b", True)]
    one, two = stream(cases, strength=SpatialStrength()), stream(cases, strength=SpatialStrength())
    assert torch.equal(one.draw(5).images, two.draw(5).images)
    assert not torch.equal(one.draw(5).images, one.draw(6).images)


def test_the_looks_of_a_step_are_of_the_whole_scans_that_its_crops_are_from():
    cases = [tiny_case(name, False) for name in "abc"]
    one = stream(cases)
    for step in (0, 1, 7):
        expected = torch.stack(
            [landmarks(case.image) for name in one.draw(step).ids for case in cases if case.id == name]
        )
        assert torch.equal(one.looks(step), expected)


def test_every_case_is_seen_equally_often():
    source = stream([tiny_case(name, False) for name in "abcde"])
    seen = Counter(name for step in range(10) for name in source.draw(step).ids)
    assert set(seen.values()) == {4}


def test_labels_stay_on_their_voxels():
    label = np.zeros((20, 20, 20), np.uint8)
    label[6:12, 5:13, 7:11] = 1
    case = TrainingCase("a", label[None].astype(np.float32), (1, 1, 1), label)
    for strength in (STILL, SpatialStrength(rotation_deg=40, log_scale=0.3, deformation=0.0)):
        batch = stream([case], strength=strength, per_step=4).draw(0)
        inside = batch.images[:, 0] > 0.5
        agreement = (inside == (batch.labels == 1)).float().mean()
        assert agreement > 0.985


def test_without_augmentation_a_crop_is_the_volume_itself():
    case = tiny_case("a", True)
    batch = stream([case], patch_size=(32, 32, 32), per_step=1).draw(0)
    found = batch.labels[0].numpy()
    x, y, z = ((32 - n) // 2 for n in case.size)
    np.testing.assert_array_equal(found[x : x + 18, y : y + 20, z : z + 16], case.label)
    assert found.sum() == case.label.sum()


def test_crops_centred_on_structures_show_them():
    label = np.zeros((64, 64, 64), np.uint8)
    label[50:54, 8:12, 30:34] = 1
    case = TrainingCase("a", np.zeros((1, 64, 64, 64), np.float32), (1, 1, 1), label)
    always = stream([case], foreground_share=1.0, per_step=1)
    assert all((always.draw(step).labels == 1).any() for step in range(20))


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[st.integers(-12, 12)] * 3), st.tuples(*[st.integers(1, 14)] * 3))
def test_a_crop_is_the_volume_where_there_is_one_and_zero_elsewhere(start, size):
    volume = np.random.default_rng(0).normal(size=(2, 9, 8, 7))
    found = crop(volume, start, size)
    padded = np.pad(volume, [(0, 0), *[(12, 30)] * 3])
    window = tuple(slice(s + 12, s + 12 + n) for s, n in zip(start, size, strict=True))
    np.testing.assert_array_equal(found, padded[(slice(None), *window)])


def test_a_label_of_another_size_is_refused():
    with pytest.raises(BadInput, match="differ in size"):
        TrainingCase("a", np.zeros((1, 4, 4, 4)), (1, 1, 1), np.zeros((4, 4, 5), np.uint8))


def test_a_stream_without_cases_is_refused():
    with pytest.raises(BadInput):
        stream([])
