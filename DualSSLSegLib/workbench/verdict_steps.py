"""What a person decides about predictions: accepted, corrected or rejected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.study.writing import CannotWrite
from DualSSLSegLib.workbench.desk import verb
from DualSSLSegLib.workbench.review_steps import ReviewSteps

_SHARE_S = 1.0  # how long other work waits while many predictions are accepted


class VerdictSteps(ReviewSteps):
    """The other verbs of the section Review."""

    @verb
    def accept(self) -> None:
        """Make the prediction on screen the label of the case, as it is."""
        controller, prediction, author = self._study(), self.prediction, self.author
        assert prediction is not None  # see why_not
        if self.changed:
            raise BadInput("there is a label in work on this case.", hint="Submit or discard it first.")
        seconds = self._seconds_so_far()

        def work() -> None:
            newest = controller.prediction(prediction.case)
            if newest != prediction:
                raise BadInput("there is a newer prediction of this case.", hint="Review the case again.")
            controller.accept(prediction.case, author=author)
            controller.study.update_review(prediction.case, lambda review: review.with_time(author, seconds))

        self._judge(work, f"The prediction of {prediction.case} was accepted.", "reviewed")

    @verb
    def reject(self, reason: str = "") -> None:
        """Note that the prediction on screen is no good, and why."""
        controller, prediction, author = self._study(), self.prediction, self.author
        assert prediction is not None
        waits = any(row.id == prediction.case and row.state == "predicted" for row in self.rows)
        self._judge(
            lambda: controller.reject(prediction.case, author=author, reason=reason),
            f"The prediction of {prediction.case} was rejected.",
            "new" if waits else None,
        )

    def _judge(self, work: Callable[[], None], said: str, state: str | None) -> None:
        prediction = self.prediction
        assert prediction is not None

        def then(_: None) -> None:
            self._end_review()
            if state is not None:
                self._mark_row(prediction.case, state)
            self._say("info", said)
            self._tell("review")
            self._survey()

        self._do(work, then, busy="Writing the verdict", exclusive=True)

    @verb
    def correct(self) -> None:
        """Make the prediction on screen the label to be edited; submitting it makes a corrected label."""
        opened, predicted = self._the_case(), self._predicted
        assert predicted is not None
        if self.changed:
            raise BadInput(
                "what you have drawn on this case would be replaced.", hint="Submit or discard it first."
            )
        if opened.source == "draft" or self._in_work or self._save_under_way:
            raise BadInput(
                "there is unfinished work on this case, which would be replaced.",
                hint="Submit or discard it first.",
            )
        self._show_case(replace(predicted, structures=self.structures))  # one may have come since it was read
        self._say("info", "Correct the prediction, then submit it.")

    @verb
    def accept_all(self, cases: Iterable[str] | None = None) -> None:
        """Accept the predictions of these cases as they are; of all that only have a prediction when none are named."""
        wanted = [row.id for row in self.rows if row.state == "predicted"] if cases is None else list(cases)
        if not wanted:
            raise BadInput("there is no prediction to accept.", hint="Train first, or choose other cases.")
        self._accept_some(self._study(), wanted, 0, {})

    def _accept_some(
        self, controller: Controller, wanted: list[str], done: int, failures: dict[str, str]
    ) -> None:
        """Accept for about a second, then let other work have its turn."""

        def work() -> int:
            begun, number = time.monotonic(), done
            while number < len(wanted) and time.monotonic() - begun < _SHARE_S:
                try:
                    controller.accept(wanted[number], author=self.author)
                except CannotWrite:
                    raise
                except DualSSLSegError as error:
                    failures[wanted[number]] = str(error)
                number += 1
            return number

        def then(number: int) -> None:
            if number < len(wanted):
                self._accept_some(controller, wanted, number, failures)
                return
            accepted = len(wanted) - len(failures)
            words = f"{accepted} {'prediction was' if accepted == 1 else 'predictions were'} accepted."
            listed = "; ".join(f"{case}: {reason}" for case, reason in failures.items())
            if failures:
                self._say("warning", f"{words} {len(failures)} could not be: {listed}")
            else:
                self._say("info", words)
            if self.case in wanted and self.case not in failures:
                self._end_review()
            self._survey()

        def failed(error: Exception) -> None:
            self._survey()
            self._failed(error)

        self._do(work, then, busy=f"Accepting {done + 1} of {len(wanted)}", failed=failed, exclusive=True)
