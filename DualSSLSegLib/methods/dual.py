"""The main method: two different networks, uncertainty-guided pseudo-labels (arXiv 2505.17690, arXiv 2509.13084).

Per network n: L_s = CE + Dice + a L_cr on labels, in part in the look of unlabelled scans (`views/appearance.py`), and,
once the labels have been learnt, on unlabelled scans entropy-filtered supervision (L_efs), KL-weighted
cross pseudo-supervision (L_dyn), cosine consistency (L_cos) and prototype contrast (L_c), ramped up together.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from DualSSLSegLib.methods.base import Method, Step, Term, pair
from DualSSLSegLib.methods.collapse_guard import CollapseGuard, Held
from DualSSLSegLib.methods.dual_options import DualOptions
from DualSSLSegLib.methods.losses import (
    cosine_consistency,
    cross_entropy,
    cross_supervision,
    dice_loss,
    disagreement,
    entropy,
    hard_labels,
    rectification,
)
from DualSSLSegLib.methods.prototypes import PrototypeMemory, prototype_contrast
from DualSSLSegLib.methods.pseudo_labels import fuse, masked, reliable
from DualSSLSegLib.networks.output import NetworkOutput
from DualSSLSegLib.views.appearance import borrow
from DualSSLSegLib.views.intensity import STRONG, augment


class Dual(Method):
    """Network "a" is the residual one, "b" the V-Net."""

    dice_average: Tensor

    def __init__(self, options: DualOptions, num_classes: int, feature_channels: int) -> None:
        super().__init__()
        self.options = options
        self.num_classes = num_classes
        self.roles = pair(options.residual_network)
        self.borrows_looks = options.borrowed_looks > 0
        self.memory = torch.nn.ModuleDict(
            {role: PrototypeMemory(num_classes, feature_channels) for role in self.roles}
        )
        self.register_buffer("dice_average", torch.full((2,), math.nan))
        self.guard = CollapseGuard(num_classes)
        self._log: dict[str, float] = {}

    def know_scans(self, shares: Tensor, crop_part: float) -> None:
        self.guard.know_scans(shares, crop_part)

    def held_back(self) -> Held:
        return self.guard.held()

    def unlabelled_from(self, total: int) -> float:
        """Progress at which the networks begin to learn on unlabelled scans.

        Pseudo-labels of networks that still learn much from labels cost more than they bring: a short run gives the
        labels a larger share than a long one, and a run that goes on from an earlier one counts that one's steps.
        """
        options = self.options
        missing = max(0, options.labels_first_steps - self.earlier_steps) / max(1, total)
        return max(options.labels_first_share, min(missing, options.labels_first_most))

    def wants_unlabelled(self, progress: float, total: int) -> bool:
        return self.options.unlabelled_weight > 0 and progress >= self.unlabelled_from(total)

    def ramp(self, progress: float, total: int) -> float:
        """Sigmoid ramp-up exp(-5 (1 - t)^2) from the moment the unlabelled scans join (Laine and Aila 2017)."""
        options = self.options
        if options.ramp == "none" or options.ramp_share == 0:
            return 1.0
        begin = self.unlabelled_from(total)
        if begin >= 1:  # never, but for a step that is timed
            return 1.0
        t = min(max(progress - begin, 0.0) / ((1 - begin) * options.ramp_share), 1.0)
        return math.exp(-5 * (1 - t) ** 2)

    def report(self) -> dict[str, float]:
        return dict(self._log)

    def terms(self, step: Step) -> dict[str, Term]:
        self._log = {}
        unlabelled = step.unlabelled
        out = step.forward(self._views(step))
        count = len(step.labels)
        probabilities = {role: F.softmax(o.logits, 1) for role, o in out.items()}
        terms, winner = self._supervised(out, probabilities, step.labels, step.generator)
        if unlabelled is None:
            return terms
        guides = self._guides(step, unlabelled, {role: o.logits[count:].detach() for role, o in out.items()})
        ramp = self.ramp(step.progress, step.total) * self.options.unlabelled_weight
        h = {role: entropy(logits) for role, logits in guides.items()}
        p = {role: F.softmax(logits, 1) for role, logits in guides.items()}
        fused = fuse(p["a"], p["b"], h["a"], h["b"], self.options.fuse)
        if self.options.collapse_guard and self.guard.collapsed(fused):
            ramp = 0.0
            self._log["collapse_guard"] = 1.0
        keep = self.options.keep + (self.options.keep_final - self.options.keep) * step.progress
        mask = reliable(
            h["a"], h["b"], fused, self.num_classes, keep, self.options.keep_per_class, step.generator
        )
        pseudo = masked(fused, mask)
        self._log["reliable_share"] = float(mask.float().mean())
        for role in self.roles:
            filtered = cross_entropy(out[role].logits[count:], pseudo)
            if self.options.filtered_form == "ce_dice":
                filtered = filtered + dice_loss(probabilities[role][count:], pseudo)
            terms[f"filtered_{role}"] = Term(filtered, ramp * self.options.filtered_weight)
        terms |= self._cross(out, guides, count, winner, ramp)
        region = slice(count, None) if self.options.cross_region == "unlabelled" else slice(None)
        cosine = cosine_consistency(probabilities["a"][region], probabilities["b"][region])
        terms["cosine"] = Term(cosine, ramp * self.options.cosine_weight)
        terms |= self._contrast(step, out, probabilities, pseudo, count, winner, ramp)
        return terms

    def _views(self, step: Step) -> dict[str, Tensor]:
        """The batch of each network, labelled crops first."""
        first = self._view(step)
        return {"a": first, "b": first if self.options.views == "same" else self._view(step)}

    def _view(self, step: Step) -> Tensor:
        labelled = step.labelled
        if step.looks is not None:
            labelled = borrow(labelled, *step.looks, self.options.borrowed_looks, step.generator)
        clean = labelled if step.unlabelled is None else torch.cat([labelled, step.unlabelled])
        return augment(clean, STRONG, step.generator)

    def _supervised(
        self,
        out: dict[str, NetworkOutput],
        probabilities: dict[str, Tensor],
        labels: Tensor,
        generator: torch.Generator,
    ) -> tuple[dict[str, Term], str]:
        """CE + Dice + rectification per network, and the name of the better network on these labels."""
        count = len(labels)
        p = {role: value[:count] for role, value in probabilities.items()}
        mistakes = disagreement(p["a"], p["b"], self.options.rectification_confidence)
        terms, dice = {}, []
        for role in self.roles:
            overlap = dice_loss(p[role], labels)
            dice.append(overlap.detach())
            terms[f"ce_{role}"] = Term(cross_entropy(out[role].logits[:count], labels))
            terms[f"dice_{role}"] = Term(overlap)
            corrected = rectification(p[role], labels, mistakes)
            terms[f"rectification_{role}"] = Term(corrected, self.options.rectification_weight)
            self.memory[role].update(out[role].features[:count].detach(), labels, generator)  # type: ignore[operator]
        score = torch.stack(dice).to(self.dice_average)
        m = self.options.winner_ema
        self.dice_average = torch.where(
            self.dice_average.isnan(), score, m * self.dice_average + (1 - m) * score
        )
        winner = "a" if bool(self.dice_average[0] <= self.dice_average[1]) else "b"
        self._log["winner_is_a"] = float(winner == "a")
        return terms, winner

    def _guides(self, step: Step, unlabelled: Tensor, live: dict[str, Tensor]) -> dict[str, Tensor]:
        """Logits that make pseudo-labels: of the moving averages on the unchanged crops, or the networks' own."""
        if self.options.teacher == "live":
            return live
        return {role: out.logits for role, out in step.teacher(dict.fromkeys(self.roles, unlabelled)).items()}

    def _cross(
        self, out: dict[str, NetworkOutput], guides: dict[str, Tensor], count: int, winner: str, ramp: float
    ) -> dict[str, Term]:
        """KL-weighted cross pseudo-supervision; the teacher's logits are the guides on unlabelled crops."""
        options = self.options
        pairs = {"symmetric": (("a", "b"), ("b", "a")), "vnet_teaches": (("b", "a"),)}.get(
            options.cross, ((winner, "b" if winner == "a" else "a"),)
        )
        terms = {}
        for teacher, student in pairs:
            target, own = guides[teacher], out[student].logits[count:]
            if options.cross_region == "all":
                target = torch.cat([out[teacher].logits[:count].detach(), target])
                own = out[student].logits
            value = cross_supervision(
                target,
                own,
                soft=options.cross_target == "soft",
                temperature=options.cross_temperature,
                detach_weight=options.detach_weight,
            )
            terms[f"cross_{student}"] = Term(value, ramp * options.cross_weight)
        return terms

    def _contrast(
        self,
        step: Step,
        out: dict[str, NetworkOutput],
        probabilities: dict[str, Tensor],
        pseudo: Tensor,
        count: int,
        winner: str,
        ramp: float,
    ) -> dict[str, Term]:
        if self.options.contrast_weight == 0:
            return {}
        terms = {}
        for role in self.roles:
            if self.options.contrast_networks == "loser" and role == winner:
                continue
            value = prototype_contrast(
                out[role].features[count:],
                hard_labels(probabilities[role][count:].detach()),
                pseudo,
                self.memory[role],  # type: ignore[arg-type]
                form=self.options.contrast_form,
                generator=step.generator,
            )
            terms[f"contrast_{role}"] = Term(value, ramp * self.options.contrast_weight)
        return terms
