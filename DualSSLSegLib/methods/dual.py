"""The main method: two different networks, uncertainty-guided pseudo-labels (arXiv 2505.17690, arXiv 2509.13084).

Per network n: L_s = CE + Dice + a L_cr on labels, in part in the look of unlabelled scans (`views/appearance.py`), and,
once the labels have been learnt, on unlabelled scans entropy-filtered supervision (L_efs), KL-weighted
cross pseudo-supervision (L_dyn), cosine consistency (L_cos) and prototype contrast (L_c).

The pseudo-labels are made once for whole scans (`training/own_labels.py`), and a step then learns from labelled crops
or from such ones; or, as published, for a crop in each step, which then learns from both, the terms ramped up together.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from DualSSLSegLib.methods import dual_schedule
from DualSSLSegLib.methods.base import Method, Step, Term, pair
from DualSSLSegLib.methods.collapse_guard import CollapseGuard, Held
from DualSSLSegLib.methods.dual_options import DualOptions
from DualSSLSegLib.methods.losses import (
    IGNORE,
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
from DualSSLSegLib.uncertainty.slabs import planes
from DualSSLSegLib.views.appearance import borrow
from DualSSLSegLib.views.intensity import STRONG, augment

_TINY = 1e-30  # keeps log finite


class Dual(Method):
    """Network "a" is the residual one, "b" the V-Net."""

    dice_average: Tensor

    def __init__(self, options: DualOptions, num_classes: int, feature_channels: int) -> None:
        super().__init__()
        self.options = options
        self.num_classes = num_classes
        self.roles = pair(options.residual_network)
        self.borrows_looks = options.borrowed_looks > 0
        if options.teacher == "scans":
            self.own_labels_share, self.own_labels_time = options.own_labels_share, options.own_labels_time
        self.memory = torch.nn.ModuleDict(
            {role: PrototypeMemory(num_classes, feature_channels) for role in self.roles}
        )
        self.register_buffer("dice_average", torch.full((2,), math.nan))
        self.guard = CollapseGuard(num_classes)
        self.labelled = 1
        self._log: dict[str, float] = {}

    def know_scans(self, labelled: int, shares: Tensor, crop_part: float) -> None:
        self.labelled = labelled
        self.guard.know_scans(shares, crop_part)

    def held_back(self) -> Held:
        return self.guard.held()

    def unlabelled_from(self, total: int) -> float:
        """Progress at which the networks begin to learn on unlabelled scans."""
        return dual_schedule.unlabelled_from(self.options, self.labelled, self.earlier_steps, total)

    def wants_unlabelled(self, progress: float, total: int) -> bool:
        if self.options.teacher == "scans" or self.options.unlabelled_weight == 0:
            return False
        return progress >= self.unlabelled_from(total)

    def own_labels_from(self, total: int) -> int | None:
        if not self.own_labels_share * self.own_labels_time * self.options.unlabelled_weight:
            return None
        begin = math.ceil(self.unlabelled_from(total) * total)
        return begin if begin < total else None

    def ramp(self, progress: float, total: int) -> float:
        """What share of their weight the terms on unlabelled crops have when pseudo-labels are made crop by crop."""
        return dual_schedule.ramp(self.options, self.unlabelled_from(total), progress)

    def report(self) -> dict[str, float]:
        return dict(self._log)

    def terms(self, step: Step) -> dict[str, Term]:
        self._log = {}
        if step.own_labels:
            return self._on_own_labels(step)
        unlabelled = step.unlabelled
        out = step.forward(self._views(step))
        count = len(step.labels)
        probabilities = {role: F.softmax(o.logits, 1) for role, o in out.items()}
        terms = self._supervised(out, probabilities, step.labels, step.generator)
        if unlabelled is None:
            return terms
        guides = self._guides(step, unlabelled, {role: o.logits[count:].detach() for role, o in out.items()})
        ramp = self.ramp(step.progress, step.total) * self.options.unlabelled_weight
        p = {role: F.softmax(logits, 1) for role, logits in guides.items()}
        h = {role: entropy(logits) for role, logits in guides.items()}
        fused = fuse(p["a"], p["b"], h["a"], h["b"], self.options.fuse)
        if self.options.collapse_guard and self.guard.collapsed(fused):
            ramp = 0.0
            self._log["collapse_guard"] = 1.0
        keep = self.options.keep + (self.options.keep_final - self.options.keep) * step.progress
        pseudo = masked(fused, self._reliable(h["a"], h["b"], fused, keep, step.generator))
        return terms | self._unsupervised(step, out, probabilities, guides, pseudo, count, ramp)

    def _on_own_labels(self, step: Step) -> dict[str, Term]:
        """The terms on unlabelled scans, of crops whose labels the networks made for the whole scan; each network is
        guided by what the other one says now."""
        out = step.forward(self._views(step))
        probabilities = {role: F.softmax(o.logits, 1) for role, o in out.items()}
        guides = {role: o.logits.detach() for role, o in out.items()}
        weight = self.options.unlabelled_weight
        return self._unsupervised(step, out, probabilities, guides, step.labels, 0, weight)

    def _unsupervised(
        self,
        step: Step,
        out: dict[str, NetworkOutput],
        probabilities: dict[str, Tensor],
        guides: dict[str, Tensor],
        pseudo: Tensor,
        count: int,
        ramp: float,
    ) -> dict[str, Term]:
        """All terms on the unlabelled crops, those from `count` on, with their pseudo-labels (B_u, X, Y, Z)."""
        self._log["reliable_share"] = float((pseudo != IGNORE).float().mean())
        terms = {}
        for role in self.roles:
            filtered = cross_entropy(out[role].logits[count:], pseudo)
            if self.options.filtered_form == "ce_dice":
                filtered = filtered + dice_loss(probabilities[role][count:], pseudo)
            terms[f"filtered_{role}"] = Term(filtered, ramp * self.options.filtered_weight)
        terms |= self._cross(out, guides, count, ramp)
        region = slice(count, None) if self.options.cross_region == "unlabelled" else slice(None)
        cosine = cosine_consistency(probabilities["a"][region], probabilities["b"][region])
        terms["cosine"] = Term(cosine, ramp * self.options.cosine_weight)
        return terms | self._contrast(step, out, probabilities, pseudo, count, ramp)

    def trusted(self, probabilities: np.ndarray, generator: torch.Generator) -> Tensor:
        """Whole-scan form of the entropy filter: the fused label where a network is among the surest `keep`. Goes a few
        planes at a time: the probabilities of a large scan may be more than the memory holds."""
        size = probabilities.shape[2:]
        h_a, h_b = torch.empty(1, *size), torch.empty(1, *size)
        fused = torch.empty((1, *size), dtype=torch.int8)
        for slab in planes(probabilities):
            p = torch.from_numpy(np.array(probabilities[:, :, slab], dtype=np.float32))
            a, b = -(p * p.clamp_min(_TINY).log()).sum(1)[:, None]
            h_a[:, slab], h_b[:, slab] = a, b
            fused[:, slab] = fuse(p[:1], p[1:], a, b, self.options.fuse)
        return masked(fused, self._reliable(h_a, h_b, fused, self.options.keep, generator))[0]

    def trusts(self, shares: Tensor) -> bool:
        return not (self.options.collapse_guard and self.guard.vanished_from(shares))

    def _reliable(
        self, h_a: Tensor, h_b: Tensor, fused: Tensor, keep: float, generator: torch.Generator
    ) -> Tensor:
        per_class = self.options.keep_per_class
        return reliable(h_a, h_b, fused, self.num_classes, keep, per_class, generator)

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
    ) -> dict[str, Term]:
        """CE + Dice + rectification per network; which one is better on these labels is kept."""
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
        self._log["winner_is_a"] = float(self._winner == "a")
        return terms

    @property
    def _winner(self) -> str:
        """The network that is better on the labels of the last steps."""
        return "a" if bool(self.dice_average[0] <= self.dice_average[1]) else "b"

    def _guides(self, step: Step, unlabelled: Tensor, live: dict[str, Tensor]) -> dict[str, Tensor]:
        """Logits that make pseudo-labels: of the moving averages on the unchanged crops, or the networks' own."""
        if self.options.teacher == "live":
            return live
        return {role: out.logits for role, out in step.teacher(dict.fromkeys(self.roles, unlabelled)).items()}

    def _cross(
        self, out: dict[str, NetworkOutput], guides: dict[str, Tensor], count: int, ramp: float
    ) -> dict[str, Term]:
        """KL-weighted cross pseudo-supervision; the teacher's logits are the guides on unlabelled crops."""
        options, winner = self.options, self._winner
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
        ramp: float,
    ) -> dict[str, Term]:
        if self.options.contrast_weight == 0:
            return {}
        terms = {}
        for role in self.roles:
            if self.options.contrast_networks == "loser" and role == self._winner:
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
