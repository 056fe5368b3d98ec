"""Leaving a case: what is drawn is kept first, and the time spent is written down."""

from __future__ import annotations

from collections.abc import Callable

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.loop.opened_case import OpenedCase
from DualSSLSegLib.workbench.keeping import Keeping


class Leaving(Keeping):
    """How a case goes off the screen."""

    _asked_about_empty: str | None = None  # the case whose empty label was refused once

    def _leave(self, then: Callable[[], None]) -> None:
        """Leave the open case, then `then`. Raises BadInput when strokes cannot be kept here; the case stays open."""
        if self._save_under_way:  # whether that succeeds is known before the case goes
            self._do(
                lambda: None,
                lambda _: self._leave_or_say(then),
                busy="Saving the unfinished work",
                exclusive=True,
                of_study=False,
            )
            return
        if not self.changed:
            self._keep_time()
            self._leave_now()
            then()
            return
        if self.read_only or self.case is None:
            raise BadInput(
                f"what you have drawn cannot be kept here. {self.read_only or 'This scan belongs to no study.'}",
                hint="Save the label to a file of your own first, or discard it.",
            )

        def kept() -> None:
            if self.changed:  # drawn while it was being written
                self._leave_or_say(then)
                return
            self._keep_time()
            self._leave_now()
            then()

        self._write_draft(kept, exclusive=True)

    def _shows(self, opened: OpenedCase) -> bool:
        """Whether a case is on screen since it was opened, also after the structures of the study have changed."""
        return self.opened is not None and self.opened.volume is opened.volume

    def _leave_or_say(self, then: Callable[[], None]) -> None:
        """As `_leave`, where nobody waits for an error."""
        try:
            self._leave(then)
        except DualSSLSegError as error:
            self._failed(error)

    def _leave_now(self) -> None:
        """Take the case off the screen. What is drawn must be kept by now."""
        self._end_review()
        if self.opened is not None:
            self.case_scene.remove()
        self.case = self.opened = None
        self._unsaved = self._in_work = False
        self._seconds_kept = 0.0
        self.time_spent.stop()
        self._asked_about_empty = None

    def _end_review(self) -> None:
        raise NotImplementedError

    def _survey(self) -> None:
        raise NotImplementedError

    def _seconds_so_far(self) -> float:
        """The seconds spent on the case and not written yet; counting begins again."""
        seconds, case = self.time_spent.stop() + self._seconds_kept, self.case
        self._seconds_kept = 0.0
        if case is not None:
            self.time_spent.start(case)
        return seconds

    def _keep_time(self) -> None:
        """Write the time spent on the open case into its review."""
        case, seconds = self.case, self._seconds_so_far()
        if case is None or self.read_only or seconds < 1:
            return
        study, author = self._study().study, self.author
        self._do(
            lambda: study.update_review(case, lambda review: review.with_time(author, seconds)),
            lambda _: None,
        )
