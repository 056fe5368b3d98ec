"""Opening, labelling, submitting and leaving a case."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.opened_case import OpenedCase, check_image, open_case
from DualSSLSegLib.loop.survey import counts_of, next_up
from DualSSLSegLib.scene.arrays import in_slicers_order
from DualSSLSegLib.scene.segmentation import copy_from
from DualSSLSegLib.workbench.desk import in_words, is_expected, verb
from DualSSLSegLib.workbench.leaving import Leaving
from DualSSLSegLib.workbench.submitted import origin_of, reviewed

if TYPE_CHECKING:
    import numpy as np


class AnnotateSteps(Leaving):
    """Verbs of the section Annotate."""

    @verb
    def open_case(self, case: str, *, correct_prediction: bool = False) -> None:
        """Show a case with its draft, else (with `correct_prediction`) its prediction, else its newest label."""
        self._leave(lambda: self._read_case(case, correct_prediction))

    @verb
    def open_next(self) -> None:
        """Show the case that should be labelled next, from its prediction if it has one; the message says why it."""
        upcoming = next_up(self.rows, self.queue, self.case)
        if upcoming is None:
            raise BadInput("every case is labelled or reviewed.", hint="Train again, or add scans.")
        self._leave(lambda: self._read_case(upcoming.case, None, upcoming.reason))

    def _read_case(self, case: str, correct_prediction: bool | None, reason: str = "") -> None:
        """Read a case and show it. `correct_prediction` None: when there is a prediction and nothing else."""
        controller = self._study()

        def work() -> OpenedCase:
            if correct_prediction is None:
                study = controller.study
                begun = study.drafts.path(case) is not None or study.latest(case) is not None
                from_prediction = not begun and controller.waiting_prediction(case) is not None
            else:
                from_prediction = correct_prediction
            return ready_to_show(open_case(controller, case, correct_prediction=from_prediction))

        def then(opened: OpenedCase) -> None:
            self._show_case(opened)
            words = " ".join(
                part for part in (f"Why this case: {reason}" if reason else "", opened.note) if part
            )
            self._say("info", words)

        self._do(work, then, busy=f"Reading {case}", key="open", failed=self._not_read)

    def _not_read(self, error: Exception) -> None:
        self._tell("case")
        if self.controller is not None and isinstance(error, BadInput):
            with suppress(DualSSLSegError):  # a study that is out of reach: the error at hand says it
                self._survey()  # a scan whose content cannot be read counts as failed from now on
        self._failed(error)

    def _show_case(self, opened: OpenedCase, *, in_study: bool = True) -> None:
        self._leave_now()
        self.case_scene.show(opened)
        self.opened, self.case = opened, opened.id if in_study else None
        self._saved_at = self.clock()
        if in_study:
            self.time_spent.start(opened.id)
        self.next_case = next_up(self.rows, self.queue, self.case)
        self._tell("case")

    # --- submitting ---------------------------------------------------------------------------------------

    @verb
    def submit(self, then_next: bool = True, *, empty: bool = False) -> None:
        """Write the label on screen as a revision; the case is left once that is done, and the next one opened.

        An empty label is refused once; a second call, or `empty`, submits it. When the label cannot be written it stays
        on screen and a draft is tried.
        """
        controller, opened = self._study(), self._the_case()
        drawn = self.changed
        label = self._take_label()
        if not label.any() and not empty and self._asked_about_empty != opened.id:
            self._asked_about_empty = opened.id
            self._unsaved = drawn
            raise BadInput(
                "nothing is labelled in this case.",
                hint="Submit again to say that the scan shows none of the structures.",
            )
        self._asked_about_empty = None
        number = self._drafts.take_number()
        seconds, author, drafts = self._seconds_so_far(), self.author, self._drafts

        def work() -> tuple[str, DualSSLSegError | None]:
            check_image(controller, opened)
            revision = controller.label(
                opened.id, label, author=author, origin=origin_of(opened, label), run=opened.run
            )
            try:
                drafts.forget(number, controller.study, opened.id)
                controller.study.update_review(opened.id, lambda review: reviewed(review, revision, seconds))
            except DualSSLSegError as error:  # the label is written: to submit it again would only repeat it
                return revision.origin, error
            return revision.origin, None

        def then(written: tuple[str, DualSSLSegError | None]) -> None:
            origin, trouble = written
            self._mark_row(opened.id, "reviewed" if origin == "accepted" else "labelled")
            if self._shows(opened) and self.changed:
                self._say(
                    "warning",
                    "The label was submitted; what you have drawn since is still on screen.",
                    "Submit again.",
                )
            elif trouble is not None:
                if self._shows(opened):
                    self._leave_now()
                self._tell("case")
                text, hint = in_words(trouble)
                said = f"The label of {opened.id} was submitted, but not all that goes with it could be written. {text}"
                self._say("warning", said, hint)
            elif then_next and self._shows(opened) and (up := next_up(self.rows, self.queue, opened.id)):
                self._leave_now()
                self._read_case(up.case, None, up.reason)
            else:
                if self._shows(opened):
                    self._leave_now()
                self._tell("case")
                as_it_is = " as predicted, without a change" if origin == "accepted" else ""
                self._say("info", f"The label of {opened.id} was submitted{as_it_is}.")
            self._survey()

        def failed(error: Exception) -> None:
            self._seconds_kept += seconds
            self._not_submitted(controller, opened, label, number, error)

        self._do(
            self._writing(number, opened, label, work),
            then,
            failed=failed,
            busy=f"Writing the label of {opened.id}",
            exclusive=True,
        )

    def _not_submitted(
        self, controller: Controller, opened: OpenedCase, label: np.ndarray, number: int, error: Exception
    ) -> None:
        """The label could not be written: it stays on screen, and a draft of it is tried."""
        on_screen = self._shows(opened) and self.case_scene.alive
        self._unsaved = on_screen
        drafts = self._drafts
        text, hint = in_words(error)
        where = "it is still on screen" if on_screen else "it was written as a draft"

        def kept(_: None) -> None:
            self._say(
                "error",
                f"The label could not be submitted; {where}, and kept as unfinished work. {text}",
                hint,
            )
            if self.for_scripts or not is_expected(error):
                raise error

        def not_kept(second: Exception) -> None:
            if not on_screen:
                self._rescue(opened.id, label, opened.grid, error)
            else:
                self._say(
                    "error",
                    f"The label could not be written, neither as a label nor as a draft; {where}. {text}",
                    f"{hint} You can save the label to another place.".strip(),
                )
            if self.for_scripts or not is_expected(error):
                raise error from second

        self._do(
            lambda: drafts.save(number, controller.study, opened, label),
            kept,
            failed=not_kept,
            busy="Saving the unfinished work",
        )

    def _mark_row(self, case: str, state: str) -> None:
        """What is known of a case already, until the study was looked at again."""
        self.rows = [
            replace(row, state=state, rank=None, reason="") if row.id == case else row for row in self.rows
        ]
        self.counts = counts_of(self.rows)
        self._tell("cases")

    # --- leaving ------------------------------------------------------------------------------------------

    @verb
    def leave_case(self) -> None:
        """Close the open case; strokes become a draft first, and when that fails the case stays open."""
        self._leave(lambda: self._tell("case"))

    @verb
    def discard_draft(self) -> None:
        """Throw the unfinished work on the open case away and show the case as it was before."""
        opened = self._the_case()
        if self.case is None:
            self._show_case(opened, in_study=False)
            return
        controller, drafts, writes = self._study(), self._drafts, not self.read_only
        number = drafts.take_number()

        def work() -> None:
            if writes:
                drafts.forget(number, controller.study, opened.id)

        def then(_: None) -> None:
            self._keep_time()
            self._leave_now()
            self._read_case(opened.id, False)
            self._survey()

        self._do(work, then, busy="Discarding the unfinished work", exclusive=True)

    # --- labels of other modules --------------------------------------------------------------------------

    @verb
    def use_segmentation(self, node: Any) -> None:
        """Take a segmentation or label map of another module as the label of the open case."""
        opened = self._the_case()
        copy_from(node, self.case_scene.segmentation_node, opened.structures, self.case_scene.volume_node)
        self._say("info", "The label was taken over; look at it, then submit.")
        self._tell("case")


def ready_to_show(opened: OpenedCase) -> OpenedCase:
    """The case with its scan in the order of Slicer's memory; a second for a large scan, so for the background."""
    volume = opened.volume
    return replace(opened, volume=replace(volume, array=in_slicers_order(volume.array)))
