"""Finding a case by its id: the folder is listed once and again when something seems to be missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.model import Case
from DualSSLSegLib.study.scan import Listing, same_spelling


class CaseIndex:
    """The last listing of a study at `root`; `walk` makes a new one, and is given the one before."""

    def __init__(self, root: Path, walk: Callable[[Listing | None], Listing]) -> None:
        self._root = root
        self._walk = walk
        self._listing: Listing | None = None
        self._before: Listing | None = None

    def listing(self) -> Listing:
        """The listing, made when there is none yet."""
        if self._listing is None:
            self._listing = self._before = self._walk(self._before)
        return self._listing

    def refresh(self) -> None:
        """Forget the listing."""
        self._listing = None

    def find(self, case: str | Case) -> Case:
        """The case of that id, also in another Unicode spelling.

        Raises BadInput for an unknown id, naming similar ones, and for a refused one, saying why.
        """
        wanted = case.id if isinstance(case, Case) else str(case)
        listing = self.listing()
        if wanted not in listing.cases:
            self.refresh()
            listing = self.listing()
        spelled = wanted if wanted in listing.cases else same_spelling(wanted, listing.cases)
        if spelled is not None:
            return listing.cases[spelled]
        if wanted in listing.refused:
            paths = [problem.path for problem in listing.problems if wanted in problem.cases]
            raise BadInput(listing.refused[wanted], path=paths[0] if paths else self._root)
        import difflib

        similar = difflib.get_close_matches(wanted, listing.cases, n=3)
        hint = f"Did you mean {' or '.join(similar)}?" if similar else f"It has {len(listing.cases)} others."
        raise BadInput(f"this study has no case {wanted!r}.", hint=hint, path=self._root)
