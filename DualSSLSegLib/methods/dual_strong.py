"""The strong method: `dual`, whose labelled scans also come in the shapes of unlabelled ones.

A labelled scan is registered to unlabelled ones before the training; in a step it is bent a random part of the way to
the shape of one of them, together with its label, and takes the look of another (Zhao et al., CVPR 2019, learn such
transformations with networks; here they are demons, `registration/demons.py`). The label stays true whatever the
registration is worth, and a step costs no more than one of labels alone.
"""

from __future__ import annotations

from DualSSLSegLib.methods.dual import Dual
from DualSSLSegLib.methods.dual_strong_options import DualStrongOptions


class DualStrong(Dual):
    """Networks and terms of `Dual`."""

    def __init__(self, options: DualStrongOptions, num_classes: int, feature_channels: int) -> None:
        super().__init__(options, num_classes, feature_channels)
        self.strong = options
        self.shape_pairs = options.shape_pairs

    def shape_share(self, labelled: int) -> float:
        """The fewer shapes the labelled scans have themselves, the more are borrowed."""
        kept = self.strong.shapes_with_many
        return self.strong.borrowed_shapes * (kept + (1 - kept) / max(1, labelled))
