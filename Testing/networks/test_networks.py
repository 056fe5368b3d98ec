"""The networks have the size and cost that they are said to have, and return what they should."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.networks.blocks import NORMS, InstanceNorm
from DualSSLSegLib.networks.build import NETWORKS, build
from DualSSLSegLib.networks.dropout import ChannelDropout, dropout_from

SIZES = {
    "vnet": (9.449, 40.1),
    "resvnet": (17.93, 72.7),
    "short_resvnet": (5.658, 46.9),
}  # million parameters, GMAC per 112 x 112 x 80 patch; the first two as published


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_and_cost_are_those_that_are_told(name):
    with torch.device("meta"):
        network = build(name, in_channels=1, num_classes=2, width=16, norm="batch").eval()
        counter = FlopCounterMode(display=False)
        with counter, torch.no_grad():
            network(torch.zeros(1, 1, 112, 112, 80))
    millions = sum(p.numel() for p in network.parameters()) / 1e6
    gmac = counter.get_total_flops() / 2e9
    assert (round(millions, 3), round(gmac, 1)) == pytest.approx(SIZES[name], rel=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("norm", NORMS)
def test_every_argument_reaches_every_network(name, norm):
    network = build(name, in_channels=3, num_classes=5, width=4, norm=norm)
    out = network(torch.randn(2, 3, 32, 16, 48))
    assert out.logits.shape == (2, 5, 32, 16, 48)
    assert out.features.shape == (2, 4, 32, 16, 48)
    assert out.bottleneck.shape == (2, 64, 2, 1, 3)


def test_features_are_taken_before_the_dropout():
    network = build("vnet", in_channels=1, num_classes=2, width=4, dropout=0.9).train()
    features = network(torch.randn(1, 1, 16, 16, 32)).features
    assert (features.flatten(2).abs().sum(2) > 0).all(), "a dropped channel would be zero everywhere"


def test_instance_norm_gives_the_numbers_of_torch():
    ours = build("vnet", in_channels=1, num_classes=2, width=4, norm="instance").blocks[0][1]
    x = torch.randn(2, 4, 6, 5, 7) * 3 + 1
    torch.testing.assert_close(ours(x), torch.nn.InstanceNorm3d(4, affine=True)(x))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_patch_whose_bottleneck_is_one_voxel_trains(name):
    network = build(name, in_channels=1, num_classes=2, width=4, norm="instance").train()
    network(torch.randn(1, 1, 16, 16, 16)).logits.sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_new_network_lays_no_checkerboard_over_what_it_enlarges(name):
    network = build(name, in_channels=1, num_classes=3, width=2, norm="instance", dropout=0.0)
    for up in network.decoder.ups:
        x = torch.randn(1, up[0].in_channels, 2, 3, 2)
        enlarged = up[0](x)
        halves = torch.nn.functional.avg_pool3d(enlarged, 2)
        again = torch.nn.functional.interpolate(halves, scale_factor=2, mode="nearest")
        assert torch.allclose(enlarged, again, atol=1e-5) and float(enlarged.detach().std()) > 0.1


def test_dropout_of_a_crop_repeats_with_its_generator_whatever_batch_it_is_in():
    dropout = ChannelDropout(0.5).train()
    x = torch.ones(64, 64, 1, 1, 1)

    def dropped(crops: range) -> torch.Tensor:
        with dropout_from([torch.Generator().manual_seed(crop) for crop in crops]):
            return dropout(x[: len(crops)])

    whole = dropped(range(64))
    assert torch.equal(whole, torch.cat([dropped(range(20)), dropped(range(20, 64))]))
    assert whole.mean() == pytest.approx(1.0, abs=0.1)
    assert not torch.equal(whole, dropout(x))  # outside, the global numbers
    assert torch.equal(dropout.eval()(x), x)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"name": "unet"}, "vnet, resvnet, short_resvnet"),
        ({"norm": "layer"}, "batch, instance, group"),
        ({"num_classes": 1}, "2 classes"),
    ],
)
def test_wrong_words_are_refused_with_what_is_allowed(arguments, word):
    with pytest.raises(BadInput, match=word):
        build(**{"name": "vnet", "in_channels": 1, "num_classes": 2, **arguments})


def test_the_norm_of_bfloat16_is_that_of_its_numbers_in_float32():
    torch.manual_seed(0)
    norm = InstanceNorm(32)
    x = (30 + 0.1 * torch.randn(1, 32, 2, 3, 1)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = norm(x)
    torch.testing.assert_close(found, norm(x.float()))
