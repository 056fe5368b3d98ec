"""Our convolution gives torch's numbers, forward and backward, by whichever way it takes."""

from __future__ import annotations

import pytest
import torch

from DualSSLSegLib.networks.convolution import Conv3d


@pytest.mark.parametrize("crops", [1, 2])
@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "bias"),
    [(1, 7, 1, False), (2, 7, 1, True), (1, 3, 1, True), (4, 3, 1, True), (4, 3, 2, False), (4, 1, 1, True)],
)
def test_values_and_gradients_are_those_of_torch(crops, channels, kernel, stride, bias):
    torch.manual_seed(0)
    settings = {"stride": stride, "padding": kernel // 2, "bias": bias}
    ours = Conv3d(channels, 5, kernel, **settings).double()
    torchs = torch.nn.Conv3d(channels, 5, kernel, **settings).double()
    torchs.load_state_dict(ours.state_dict())
    ours.float()  # the expected numbers stay in double precision
    x = torch.randn(crops, channels, 8, 10, 6)
    found = _values_and_gradients(ours, x)
    expected = _values_and_gradients(torchs, x.double())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other.float(), rtol=1e-4, atol=1e-4)


def _values_and_gradients(convolution: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    x = x.clone().requires_grad_()
    y = convolution(x)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum().backward()
    return [y.detach(), x.grad, *(p.grad for p in convolution.parameters())]


def test_it_works_where_no_gradient_is_wanted_and_in_half_precision():
    convolution, x = Conv3d(4, 4, 3, padding=1), torch.randn(1, 4, 8, 8, 8)
    with torch.inference_mode():
        quiet = convolution(x)
    torch.testing.assert_close(quiet, convolution(x).detach())
    with torch.autocast("cpu", torch.bfloat16):
        assert convolution(x).dtype == torch.bfloat16
