"""The building blocks that both networks share: convolution-norm-ReLU, down, up, and the decoder."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.networks.convolution import Conv3d

NORMS = ("batch", "instance", "group")
_GROUPS = 8


class InstanceNorm(nn.GroupNorm):
    """InstanceNorm3d with affine parameters, written as a group norm with one group per channel.

    The numbers are the same, the kernel is faster on the CPU. A bottleneck of a single voxel is let through (it
    becomes the shift), where torch's own layers raise. Under autocast it keeps to the number
    format of its weights on processors, too; torch itself sees to that on a GPU only.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.group_norm(x.to(self.weight.dtype), self.num_groups, self.weight, self.bias, self.eps)


def norm_layer(norm: str, channels: int) -> nn.Module:
    """Normalisation over (B, C, X, Y, Z). Raises BadInput for an unknown name."""
    if norm == "batch":
        return nn.BatchNorm3d(channels)
    if norm == "instance":
        return InstanceNorm(channels)
    if norm == "group":
        return nn.GroupNorm(min(_GROUPS, channels), channels)
    raise BadInput(f"norm '{norm}' does not exist.", hint=f"Choose one of: {', '.join(NORMS)}.")


class ConvBlock(nn.Sequential):
    """`depth` times (3 x 3 x 3 convolution, norm, ReLU); the first one changes the channel count."""

    def __init__(self, depth: int, in_channels: int, out_channels: int, norm: str) -> None:
        layers: list[nn.Module] = []
        for index in range(depth):
            layers += [
                Conv3d(in_channels if index == 0 else out_channels, out_channels, 3, padding=1),
                norm_layer(norm, out_channels),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class Down(nn.Sequential):
    """Halve every spatial size: 2 x 2 x 2 convolution with stride 2, norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, norm: str) -> None:
        super().__init__(
            Conv3d(in_channels, out_channels, 2, stride=2),
            norm_layer(norm, out_channels),
            nn.ReLU(inplace=True),
        )


class Up(nn.Sequential):
    """Double every spatial size: 2 x 2 x 2 transposed convolution with stride 2, norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, norm: str) -> None:
        super().__init__(
            nn.ConvTranspose3d(in_channels, out_channels, 2, stride=2),
            norm_layer(norm, out_channels),
            nn.ReLU(inplace=True),
        )


class Decoder(nn.Module):
    """Four up-steps with element-wise sums of the skips; returns the full-resolution features.

    Input: five encoder maps with width, 2, 4, 8, 16 x width channels at 1, 1/2, 1/4, 1/8, 1/16 of the patch size.
    """

    def __init__(self, width: int, norm: str) -> None:
        super().__init__()
        channels = [16 * width, 8 * width, 4 * width, 2 * width, width]
        depths = [3, 3, 2, 1]
        self.ups = nn.ModuleList(Up(a, b, norm) for a, b in pairwise(channels))
        self.blocks = nn.ModuleList(
            ConvBlock(depth, c, c, norm) for depth, c in zip(depths, channels[1:], strict=True)
        )

    def forward(self, skips: list[Tensor]) -> Tensor:
        x = skips[-1]
        for up, block, skip in zip(self.ups, self.blocks, reversed(skips[:-1]), strict=True):
            x = block(up(x) + skip)
        return x


def initialise(network: nn.Module) -> None:
    """Kaiming-normal weights on every convolution; norm gains 1 and shifts 0; biases 0.

    Up-steps begin as a mere enlargement: the 8 new voxels of one get the same weights (Aitken et al. 2017, arXiv
    1707.02937). Drawn one by one they lay a checkerboard over predictions and uncertainty, which hundreds of steps do
    not take away.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
            nn.init.kaiming_normal_(module.weight)
            if isinstance(module, nn.ConvTranspose3d):
                with torch.no_grad():
                    module.weight.copy_(module.weight[:, :, :1, :1, :1].clone().expand_as(module.weight))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.BatchNorm3d, nn.GroupNorm)):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
