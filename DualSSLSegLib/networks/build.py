"""Networks by name."""

from __future__ import annotations

from torch import nn

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.networks.resvnet import ResVNet, ShortResVNet
from DualSSLSegLib.networks.vnet import VNet

NETWORKS: dict[str, type[nn.Module]] = {
    "vnet": VNet,
    "resvnet": ResVNet,
    "short_resvnet": ShortResVNet,
}
SIZE_MULTIPLE = 16  # four halvings: every spatial size of an input must be divisible by this


def build(
    name: str,
    *,
    in_channels: int,
    num_classes: int,
    width: int = 16,
    norm: str = "batch",
    dropout: float = 0.5,
) -> nn.Module:
    """Build a network. Its forward takes (B, in_channels, X, Y, Z) and returns a NetworkOutput.

    Raises BadInput for an unknown name or norm, or for counts below 1 channel, 2 classes, width 1.
    """
    if name not in NETWORKS:
        raise BadInput(f"network '{name}' does not exist.", hint=f"Choose one of: {', '.join(NETWORKS)}.")
    if in_channels < 1 or num_classes < 2 or width < 1:
        raise BadInput(
            f"a network needs at least 1 channel, 2 classes and width 1, not {in_channels}, {num_classes}, {width}."
        )
    return NETWORKS[name](in_channels, num_classes, width, norm, dropout)
