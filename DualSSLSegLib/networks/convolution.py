"""The 3D convolution of both networks: torch's numbers, by the fastest of its ways on a processor.

Two shapes of these networks meet a slow way in torch. A batch of one crop with few channels is unrolled into columns
instead of going to oneDNN: three to five times slower forward and backward. And oneDNN's own gradient of a kernel is
two to three times slower than the same sums asked for as a convolution: of the image, by the gradient of the output as
a kernel of the image's size.
"""

from __future__ import annotations

import platform
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Conv3d(nn.Conv3d):
    """torch's Conv3d with the same parameters, the same names in a state_dict and the same result up to rounding."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, X, Y, Z) -> (B, out_channels, X', Y', Z')."""
        if self.kernel_size == (1, 1, 1) or not _on_vector_units(x):
            return super().forward(x)
        if self._keeps_size():
            return _SameSize.apply(x, self.weight, self.bias)
        if x.shape[0] == 1 and self.kernel_size == (3, 3, 3):
            return super().forward(x.to_mkldnn()).to_dense()
        return super().forward(x)

    def _keeps_size(self) -> bool:
        plain = (
            self.stride == self.dilation == (1, 1, 1) and self.groups == 1 and self.padding_mode == "zeros"
        )
        odd = all(size % 2 for size in self.kernel_size)
        return plain and odd and self.padding == tuple(size // 2 for size in self.kernel_size)


class _SameSize(torch.autograd.Function):
    """A convolution of stride 1 by an odd kernel that keeps the size of the image, and its gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _convolved(x, weight, bias, _half(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_x = F.conv_transpose3d(gradient.to_mkldnn(), weight, padding=_half(weight)).to_dense()
        if ctx.needs_input_grad[1]:  # as images with the batch for channels, one image for each channel of x
            images, kernels = x.transpose(0, 1), gradient.transpose(0, 1)
            of_weight = _convolved(images, kernels, None, _half(weight)).transpose(0, 1)
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum((0, 2, 3, 4))
        return of_x, of_weight, of_bias


def _half(weight: Tensor) -> tuple[int, ...]:
    """The padding that keeps the size of an image."""
    return tuple(size // 2 for size in weight.shape[2:])


def _convolved(x: Tensor, weight: Tensor, bias: Tensor | None, padding: tuple[int, ...]) -> Tensor:
    """By oneDNN, also where torch would unroll a batch of one into columns."""
    if x.shape[0] > 1:
        return F.conv3d(x, weight, bias, padding=padding)
    return F.conv3d(x.to_mkldnn(), weight, bias, padding=padding).to_dense()


def _on_vector_units(x: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and _one_dnn()
    )


_PC = platform.machine().lower() in ("x86_64", "amd64")  # on other processors torch chooses well by itself


def _one_dnn() -> bool:
    """Whether torch's oneDNN kernels for a PC's processor are there and wanted."""
    return _PC and torch.backends.mkldnn.is_available() and bool(torch.backends.mkldnn.enabled)
