"""V-Net (network B of the pair): plain convolution encoder, summed skips."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from DualSSLSegLib.networks.blocks import ConvBlock, Decoder, Down, initialise
from DualSSLSegLib.networks.convolution import Conv3d
from DualSSLSegLib.networks.dropout import ChannelDropout
from DualSSLSegLib.networks.output import NetworkOutput


class VNet(nn.Module):
    """V-Net after Milletari et al. 2016 in the form used by the semi-supervised left-atrium literature.

    Input (B, in_channels, X, Y, Z), every size divisible by 16. With width 16, two classes and one channel:
    9.449 M parameters and 40.1 GMAC for a 112 x 112 x 80 patch.
    """

    def __init__(self, in_channels: int, num_classes: int, width: int, norm: str, dropout: float) -> None:
        super().__init__()
        channels = [width * factor for factor in (1, 2, 4, 8, 16)]
        depths = [1, 2, 3, 3, 3]
        self.blocks = nn.ModuleList(
            ConvBlock(depth, in_channels if level == 0 else c, c, norm)
            for level, (depth, c) in enumerate(zip(depths, channels, strict=True))
        )
        self.downs = nn.ModuleList(Down(a, b, norm) for a, b in pairwise(channels))
        self.bottleneck_dropout = ChannelDropout(dropout)
        self.decoder = Decoder(width, norm)
        self.head_dropout = ChannelDropout(dropout)
        self.head = Conv3d(width, num_classes, 1)
        initialise(self)

    def forward(self, x: Tensor) -> NetworkOutput:
        skips = [self.blocks[0](x)]
        for down, block in zip(self.downs, self.blocks[1:], strict=True):
            skips.append(block(down(skips[-1])))
        bottleneck = skips[-1]
        skips[-1] = self.bottleneck_dropout(bottleneck)
        features = self.decoder(skips)
        return NetworkOutput(self.head(self.head_dropout(features)), features, bottleneck)
