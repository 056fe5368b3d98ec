"""Label files of other programs that are no revision yet: whether they can become one, each file read once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.model import Case, Problem, Structure
from DualSSLSegLib.study.scan import stamps_of

if TYPE_CHECKING:
    import numpy as np

    from DualSSLSegLib.imaging.geometry import Grid

_READ_AT_MOST = 32
"""Label files that one look at a study reads; of more it says only that they wait."""

_Key = tuple[Path, tuple[tuple[int, int], ...], tuple[tuple[str, int], ...]]


def read_pending(
    case: Case, path: Path, own: Sequence[Structure] | None, structures: Sequence[Structure]
) -> tuple[np.ndarray, Grid]:
    """A foreign label as (X, Y, Z) uint8 with the study's values on the grid of its case, and that grid.

    `own` names the values of the file where they are its own. Raises BadInput when it is no label of the case.
    """
    from DualSSLSegLib.study.label_check import checked_label, translated_label

    if own:
        return translated_label(case, path, own, structures)
    return checked_label(case, path, structures)


class PendingLabels:
    """What is known about the pending label files of a study; kept in memory while they do not change."""

    def __init__(self) -> None:
        self._known: dict[_Key, str] = {}
        self._reads_left = _READ_AT_MOST

    def begin(self) -> None:
        """A new look at the study, which may read label files again."""
        self._reads_left = _READ_AT_MOST

    def remember(self, path: Path, structures: Sequence[Structure], reason: str) -> None:
        """Keep why a file cannot be read, found by whoever tried to import it."""
        try:
            self._known[_key(path, structures)] = reason
        except OSError:  # gone since: nothing to remember
            return

    def why_unreadable(
        self, case: Case, path: Path, own: Sequence[Structure] | None, structures: Sequence[Structure]
    ) -> str:
        """Why a file cannot become a label of the case, in words; "" when it can, or was not looked into."""
        key = _key(path, structures)
        if key not in self._known:
            if self._reads_left <= 0:
                return ""
            self._reads_left -= 1
            try:
                read_pending(case, path, own, structures)
                self._known[key] = ""
            except BadInput as error:
                self._known[key] = in_words(error)
        return self._known[key]


def in_words(error: BadInput) -> str:
    """The reason and the next step, without the path, which is shown beside it."""
    return f"{error.message} {error.hint}".strip()


def problem_of(error: BadInput, case_id: str, path: Path | None = None) -> Problem:
    """The problem of a case with a file: `path`, or the one that the error names."""
    return Problem(path or Path(error.path or ""), in_words(error), (case_id,))


def _key(path: Path, structures: Sequence[Structure]) -> _Key:
    return path, stamps_of([path]), tuple((s.name, s.value) for s in structures)
