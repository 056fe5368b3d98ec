"""How far a phase is that takes one scan after the other: scans done, the part of the present one, the time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from DualSSLSegLib.worker.session import Session

_TOLD_FROM = 0.02  # of all scans: before, the time left is a guess


class CaseProgress:
    """Writes `progress` events for a phase of `total` scans: step, total, case, part (0..1 of it) and eta_s.

    Hand `hear` to a predictor as its `report`: windows of a large scan then count as parts of it.
    """

    def __init__(self, session: Session, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._total = total
        self._clock = clock
        self._begun = clock()
        self._done = 0
        self._skipped = 0
        self._case = ""

    def begin(self, case: str) -> None:
        """This scan is next."""
        self._case = case

    def hear(self, type: str, **fields: Any) -> None:
        """What the prediction of the present scan reports: its windows, or a warning."""
        if type == "warning":
            self._session.warn(**fields)
        elif type == "progress" and fields["total"]:
            self._report(min(1.0, fields["step"] / fields["total"]))

    def end(self, *, skipped: bool = False) -> None:
        """The scan is done; `skipped` when nothing had to be computed, which says nothing about the time left."""
        self._done += 1
        self._skipped += skipped
        self._case = ""
        self._report(0.0)

    def _report(self, part: float) -> None:
        fields: dict[str, Any] = {"step": self._done, "total": self._total}
        if self._case:
            fields |= {"case": self._case, "part": round(part, 3)}
        worked = self._done - self._skipped + part
        left = self._total - self._done - part
        if worked >= _TOLD_FROM * self._total and worked > 0 and left > 0:
            fields["eta_s"] = round((self._clock() - self._begun) / worked * left, 1)
        self._session.report("progress", **fields)
