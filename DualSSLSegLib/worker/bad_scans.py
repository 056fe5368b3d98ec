"""Scans that cannot be used: named once, never in the way of the others."""

from __future__ import annotations

from collections.abc import Sequence

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.worker.inputs import InputCase, with_role
from DualSSLSegLib.worker.session import Session


class BadScans:
    """The scans of a run that cannot be used. One of them never stops the others, unless it carries a label."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reasons: dict[str, str] = {}

    def __contains__(self, case: InputCase) -> bool:
        return case.id in self._reasons

    @property
    def reasons(self) -> dict[str, str]:
        """Case id -> what is wrong with it, in words."""
        return dict(self._reasons)

    def add(self, case: InputCase, error: DualSSLSegError) -> None:
        """Remember a bad scan and tell the journal, once."""
        if case.id not in self._reasons:
            self._reasons[case.id] = str(error)
            self._session.warn("bad_scan", f"Case {case.id} is left out: {error}", case=case.id)

    def raise_if_labelled(self, cases: Sequence[InputCase]) -> None:
        """Raise BadInput that names every labelled or validation case among the bad ones."""
        wrong = [case for case in with_role(cases, "labelled", "validation") if case in self]
        if wrong:
            listed = "\n".join(f"  {case.id}: {self._reasons[case.id]}" for case in wrong)
            raise BadInput(
                f"{len(wrong)} labelled case(s) cannot be used, so nothing was trained:\n{listed}",
                hint="Repair them, or take their labels out of the study.",
            )
