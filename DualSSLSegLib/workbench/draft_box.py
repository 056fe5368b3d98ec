"""Writing unfinished work: in the background, and within a time when a scene or the program ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.draft_facts import save_draft
from DualSSLSegLib.study.folder import StudyFolder

if TYPE_CHECKING:
    import numpy as np

    from DualSSLSegLib.loop.opened_case import OpenedCase

_PATIENCE_S = 10.0  # that Slicer waits for a drive: a large label takes a few seconds on a slow one


class DraftBox:
    """Writes drafts from any thread; one taken earlier never replaces one taken later."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = 0
        self._written = 0

    def take_number(self) -> int:
        """The number of a label that is taken from the screen now."""
        self._taken += 1
        return self._taken

    def save(self, number: int, study: StudyFolder, opened: OpenedCase, label: np.ndarray) -> None:
        """Write a draft of an opened case unless a later one was written. Raises BadInput."""
        with self._guard:
            if number >= self._written:
                image = opened.image_digest
                save_draft(study, opened.id, label, opened.grid, run=opened.run, image_digest=image)
                self._written = number

    def forget(self, number: int, study: StudyFolder, case: str) -> None:
        """Remove the draft, unless one was written that was taken after `number`; none from before is written any more.
        Raises BadInput."""
        with self._guard:
            if number >= self._written:
                study.drafts.discard(case)
                self._written = number

    def save_in_time(self, number: int, study: StudyFolder, opened: OpenedCase, label: np.ndarray) -> None:
        """As `save`, while Slicer waits. Raises BadInput also when the drive does not answer in time, or still has not
        taken an earlier draft: the writing then goes on by itself, and Slicer does not wait for it.
        """
        failures: list[Exception] = []

        def write() -> None:
            try:
                self.save(number, study, opened, label)
            except Exception as error:
                failures.append(error)

        thread = threading.Thread(target=write, name="draft at the end", daemon=True)
        thread.start()
        thread.join(_PATIENCE_S)
        if thread.is_alive():
            raise BadInput("the study did not take it in time.")
        if failures:
            raise failures[0]
