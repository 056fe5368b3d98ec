"""Every loss term is looked at before it trains anything."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.methods.base import Term

_LIMIT = 50  # steps in a row without a single finite loss


class FiniteGuard:
    """Leaves terms that are not finite out of the sum, counts them by name, and gives up when nothing is finite."""

    def __init__(self) -> None:
        self.violations: dict[str, int] = {}
        self._dead_steps = 0

    def total(self, terms: Mapping[str, Term]) -> tuple[Tensor | None, dict[str, float]]:
        """The weighted sum of the finite terms (None when there is none) and the value of each term.

        Raises RunFailed after 50 steps in a row without any finite term.
        """
        names = list(terms)
        values = torch.stack([terms[name].value.detach().float() for name in names]).tolist()
        finite = [name for name, value in zip(names, values, strict=True) if math.isfinite(value)]
        for name in set(names) - set(finite):
            self.violations[name] = self.violations.get(name, 0) + 1
        active = [name for name in finite if terms[name].weight != 0]
        if not active:
            self.dead("no loss term was finite")
            return None, dict(zip(names, values, strict=True))
        total = torch.stack([terms[name].value.float() * terms[name].weight for name in active]).sum()
        return total, dict(zip(names, values, strict=True))

    def dead(self, reason: str) -> None:
        """Count a step that could not train. Raises RunFailed when there were 50 of them in a row."""
        self._dead_steps += 1
        if self._dead_steps >= _LIMIT:
            raise RunFailed(
                f"training broke down: for {_LIMIT} steps {reason}.",
                hint="Look for scans with extreme intensities, or train anew with --from-scratch and another --seed.",
            )

    def alive(self) -> None:
        """A step trained."""
        self._dead_steps = 0
