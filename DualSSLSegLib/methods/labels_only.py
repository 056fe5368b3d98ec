"""The baseline: the same two networks, cross-entropy plus Dice on the labelled scans alone."""

from __future__ import annotations

import torch.nn.functional as F

from DualSSLSegLib.methods.base import Method, Step, Term, pair
from DualSSLSegLib.methods.labels_only_options import LabelsOnlyOptions
from DualSSLSegLib.methods.losses import cross_entropy, dice_loss
from DualSSLSegLib.views.intensity import STRONG, WEAK, augment


class LabelsOnly(Method):
    """Both networks, each with a view of its own; or one of them alone."""

    def __init__(self, options: LabelsOnlyOptions, num_classes: int, feature_channels: int) -> None:
        super().__init__()
        self.roles = pair(options.residual_network)
        if options.networks != "both":
            del self.roles["a" if options.networks == "vnet" else "b"]
        self.strength = STRONG if options.strong_views else WEAK

    def terms(self, step: Step) -> dict[str, Term]:
        terms = {}
        views = {role: augment(step.labelled, self.strength, step.generator) for role in self.roles}
        for role, out in step.forward(views).items():
            terms[f"ce_{role}"] = Term(cross_entropy(out.logits, step.labels))
            terms[f"dice_{role}"] = Term(dice_loss(F.softmax(out.logits, 1), step.labels))
        return terms
