"""Whether values are CT-like or MR-like is decided from the scans, said in words, and makes their scales
alike.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.intensity import ChannelPlan, IntensityPlan, normalise, plan_intensity


def ct(seed: int, padding: int | None = None) -> np.ndarray:
    """(1, X, Y, Z): air, a body of fat and muscle, an organ at 60 HU, bone."""
    rng = np.random.default_rng(seed)
    image = np.full((30, 30, 20), -1000.0)
    image[5:25, 5:25] = -80
    image[8:22, 8:22] = 40
    image[10:14, 10:14] = 60
    image[18:20, 18:20] = 800
    image += rng.normal(0, 12, image.shape)
    if padding is not None:
        image[:3] = padding
    return np.rint(image)[None].astype(np.float32)


def mr(seed: int, scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = np.abs(rng.normal(20, 8, (30, 30, 20)))
    image[5:25, 5:25] += 200
    image[10:14, 10:14] += 150
    return (image * scale)[None].astype(np.float32)


def test_ct_is_recognised_and_shares_one_scale():
    scans = [ct(0), ct(1, padding=-2000), ct(2, padding=-1024), ct(3, padding=-3024)]
    plan = plan_intensity(scans)
    assert plan.mode == "ct"
    assert "Hounsfield" in plan.explanation and "body" in plan.explanation
    (channel,) = plan.channels
    assert -200 < channel.low < -50 < 700 < channel.high < 900
    a, b = (normalise(scan, plan) for scan in (ct(0), ct(0) + 5))
    inside = (ct(0) > channel.low) & (ct(0) + 5 < channel.high)
    np.testing.assert_allclose((b - a)[inside], 5 / channel.std, rtol=1e-3)


def test_ct_is_scaled_by_the_labelled_structures_when_there_are_some():
    label = np.zeros((30, 30, 20), np.uint8)
    label[10:14, 10:14] = 1
    plan = plan_intensity([ct(0), ct(1)], [label, None])
    assert "labelled structures" in plan.explanation
    assert 10 < plan.channels[0].low < plan.channels[0].high < 110
    assert abs(plan.channels[0].mean - 60) < 3
    nothing = plan_intensity([ct(0)], [np.zeros((30, 30, 20), np.uint8)])
    assert "body" in nothing.explanation


@pytest.mark.parametrize("scale", [1e-3, 1, 300, 5000])
def test_mr_of_any_scale_looks_the_same_afterwards(scale):
    scans = [mr(0), mr(1, scale)]
    plan = plan_intensity(scans)
    assert plan.mode == "mr" and "no absolute scale" in plan.explanation
    a, b = normalise(mr(0), plan), normalise(mr(0, scale), plan)
    assert a.dtype == np.float32
    np.testing.assert_allclose(a, b, atol=1e-3)
    assert abs(a.mean()) < 0.02 and abs(a.std() - 1) < 0.02


def test_an_outlier_does_not_squeeze_the_rest():
    scan = mr(0)
    scan[0, 0, 0, 0] = 1e6
    spoilt, clean = normalise(scan, plan_intensity([mr(0)])), normalise(mr(0), plan_intensity([mr(0)]))
    assert np.abs(spoilt - clean)[0].ravel()[1:].max() < 0.05


def test_padding_does_not_count():
    scan = mr(0)
    padded = np.zeros((1, 60, 60, 30), np.float32)
    padded[:, 10:40, 10:40, 5:25] = scan
    a = normalise(padded, plan_intensity([padded]))[:, 10:40, 10:40, 5:25]
    np.testing.assert_allclose(a, normalise(scan, plan_intensity([scan])), atol=0.05)


@pytest.mark.parametrize(
    "scan",
    [
        mr(0) - 120,  # a z-scored or shifted MR
        (mr(0) - 100) / 50,
        np.rint(mr(0) * 120 - 30000),  # a rescaled secondary capture
        np.random.default_rng(0).integers(0, 255, (1, 9, 9, 9)).astype(np.float32),
    ],
)
def test_negative_values_alone_do_not_make_a_ct(scan):
    assert plan_intensity([scan]).mode == "mr"


def test_a_single_odd_scan_does_not_change_the_decision():
    assert plan_intensity([*(ct(n) for n in range(9)), mr(0)]).mode == "ct"
    assert plan_intensity([*(mr(n) for n in range(9)), ct(0)]).mode == "mr"


def test_channels_are_decided_one_by_one():
    both = np.concatenate([ct(0), mr(0)])
    plan = plan_intensity([both])
    assert [channel.mode for channel in plan.channels] == ["ct", "mr"]
    assert plan.mode == "mixed" and "Channel 2" in plan.explanation
    np.testing.assert_allclose(normalise(both, plan)[:1], normalise(ct(0), plan_intensity([ct(0)])))


def test_a_plan_survives_json():
    plan = plan_intensity([ct(0)])
    assert IntensityPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


@pytest.mark.parametrize(
    "content",
    [{}, {"channels": []}, {"channels": [{"mode": "pet", "low": 0, "high": 1, "mean": 0, "std": 1}]},
     {"channels": [{"mode": "ct", "low": 5, "high": 1, "mean": 0, "std": 1}]},
     {"channels": [{"mode": "ct", "low": 0, "high": 1, "mean": 0, "std": 0}]}],
)  # fmt: skip
def test_what_is_no_plan_is_refused(content):
    with pytest.raises(BadInput, match="intensity plan"):
        IntensityPlan.from_dict(content)


def test_wrong_channels_and_no_scans_are_refused():
    plan = IntensityPlan((ChannelPlan("mr"),))
    with pytest.raises(BadInput, match="2 channels, the model was made for 1"):
        normalise(np.concatenate([mr(0), mr(1)]), plan)
    with pytest.raises(BadInput, match="no scan"):
        plan_intensity([])
    with pytest.raises(BadInput, match="2 channels, others 1"):
        plan_intensity([mr(0), np.concatenate([mr(0), mr(1)])])


def test_nearly_constant_scans_stay_finite():
    scan = np.zeros((1, 20, 20, 20), np.float32)
    scan[0, 5, 5, 5] = 3
    result = normalise(scan, plan_intensity([scan]))
    assert np.isfinite(result).all() and result.std() > 0
