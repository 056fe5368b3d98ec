"""The guard against collapse: whether a structure of the labels has nearly vanished from the pseudo-labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn

_VANISHED = 0.05  # a structure with less than this share of its labelled volume has nearly vanished
_SHARE_MOMENTUM = 0.95  # at least
_MEETINGS = 5  # crops with a structure, about, over which its share is averaged


class Held(NamedTuple):
    """Shares (0..1) of the steps with pseudo-labels: of those in which any structure had nearly vanished, so that the
    networks learnt from labels alone, and of those in which each class had."""

    share: float = 0.0
    classes: Mapping[int, float] = MappingProxyType({})


class CollapseGuard(nn.Module):
    """Compares the share of each structure in the pseudo-labels of the last crops with that in whole labelled scans.

    Unlabelled crops lie anywhere in a scan, so whole scans are their measure, not labelled crops, of which half are
    centred on a structure. What it has seen is in buffers, so a resumed training goes on with it.
    """

    labelled_share: Tensor
    pseudo_share: Tensor
    looks: Tensor
    held_looks: Tensor
    vanished_looks: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("labelled_share", torch.full((num_classes,), math.nan))
        self.register_buffer("pseudo_share", torch.full((num_classes,), math.nan))
        self.register_buffer("looks", torch.zeros(()))
        self.register_buffer("held_looks", torch.zeros(()))
        self.register_buffer("vanished_looks", torch.zeros(num_classes))
        self._momentum = _SHARE_MOMENTUM

    def know_scans(self, shares: Tensor, crop_part: float) -> None:
        """As `Method.know_scans`: a structure is met in at least `crop_part` of the crops that lie anywhere."""
        self.labelled_share.copy_(shares)
        self.pseudo_share.copy_(shares)
        self._momentum = max(_SHARE_MOMENTUM, 1 - crop_part / _MEETINGS)

    def collapsed(self, pseudo: Tensor) -> bool:
        """Look at the pseudo-labels (B, X, Y, Z) of a step: whether any structure has nearly vanished from the last
        crops. A structure that no label knows (share NaN) is not missed."""
        counts = torch.bincount(pseudo.flatten(), minlength=len(self.pseudo_share))
        self.pseudo_share.lerp_(counts.to(self.pseudo_share) / pseudo.numel(), 1 - self._momentum)
        return self._held(self.pseudo_share)

    def vanished_from(self, shares: Tensor) -> bool:
        """The same of the mean shares (K,) of the classes in whole unlabelled scans."""
        return self._held(shares.to(self.labelled_share))

    def _held(self, shares: Tensor) -> bool:
        vanished = shares < _VANISHED * self.labelled_share
        vanished[0] = False
        self.looks += 1
        self.held_looks += vanished.any()
        self.vanished_looks += vanished
        return bool(vanished.any())

    def held(self) -> Held:
        """In how many of the steps so far it found a collapse."""
        steps = max(1.0, float(self.looks))
        classes = {index: count / steps for index, count in enumerate(self.vanished_looks.tolist()) if count}
        return Held(float(self.held_looks) / steps, classes)
