"""What every network returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class NetworkOutput(NamedTuple):
    """logits (B, K, X, Y, Z); features (B, width, X, Y, Z) before dropout; bottleneck (B, 16 width, x, y, z)."""

    logits: Tensor
    features: Tensor
    bottleneck: Tensor
