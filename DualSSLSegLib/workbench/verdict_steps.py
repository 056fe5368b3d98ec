"""What a person decides about predictions: accepted, corrected or rejected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.give_way import give_way
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.study.writing import CannotWrite
from DualSSLSegLib.workbench.desk import verb
from DualSSLSegLib.workbench.review_steps import ReviewSteps

_SHARE_S = 1.0  # how long other work waits while many predictions are accepted


class VerdictSteps(ReviewSteps):
    """The other verbs of the section Review."""

    _accepting: object = None  # the study whose predictions are being accepted, share by share
    _accept_no_more = False

    @verb
    def accept(self, then_review_next: bool = False) -> None:
        """Make the prediction on screen the label of the case, as it is; with `then_review_next` the next one that
        waits is reviewed after that."""
        controller, prediction, author = self._study(), self.prediction, self.author
        assert prediction is not None  # see why_not
        seconds = self._seconds_so_far()

        def work() -> None:
            newest = controller.present_prediction(prediction.case)
            if newest != prediction:
                raise BadInput("there is a newer prediction of this case.", hint="Review the case again.")
            controller.accept(prediction.case, author=author)
            controller.study.update_review(prediction.case, lambda review: review.with_time(author, seconds))

        said = f"The prediction of {prediction.case} was accepted."
        self._judge(work, said, "reviewed", then_review_next=then_review_next)

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

    def _judge(
        self, work: Callable[[], None], said: str, state: str | None, *, then_review_next: bool = False
    ) -> None:
        prediction = self.prediction
        assert prediction is not None

        def then(_: None) -> None:
            self._end_review()
            if state is not None:
                self._mark_row(prediction.case, state)
            others = any(row.state == "predicted" for row in self.rows)
            self._say("info", said if others or not then_review_next else f"{said} No other waits.")
            self._tell("review")
            if then_review_next and others:
                self.review(self._next_to_review())
            self._survey()

        self._do(work, then, busy="Writing the verdict", exclusive=True)

    @verb
    def correct(self) -> None:
        """Make the prediction on screen the label to be edited; submitting it makes a corrected label."""
        predicted = self._predicted
        assert predicted is not None
        seconds = self._seconds_so_far()
        self._show_case(replace(predicted, structures=self.structures))  # one may have come since it was read
        self._seconds_kept = seconds  # looking at the prediction was the first part of correcting it
        self._say("info", "Correct the prediction, then submit it.")

    @verb
    def accept_all(self, cases: Iterable[str] | None = None) -> None:
        """Accept the predictions of these cases as they are; of all that only have a prediction when none are named."""
        wanted = [row.id for row in self.rows if row.state == "predicted"] if cases is None else list(cases)
        if not wanted:
            raise BadInput("there is no prediction to accept.", hint="Train first, or choose other cases.")
        labelled = {row.id for row in self.rows if row.state in ("labelled", "reviewed")}
        self._accept_no_more = False
        self._accept_some(self._study(), wanted, labelled, 0, {})

    @verb
    def cancel_accept_all(self) -> None:
        """Accept no more; what was accepted stays."""
        self._accept_no_more = True
        self._tell("message")

    def _accept_some(
        self,
        controller: Controller,
        wanted: list[str],
        labelled: set[str],
        done: int,
        failures: dict[str, str],
    ) -> None:
        """Accept for about a second, then let other work have its turn. Cases that are worked on keep their labels:
        those with unfinished work, and those that were not `labelled` when it began and are now."""
        on_screen = self.case if self.changed else None
        study = controller.study

        def work() -> int:
            begun, number = time.monotonic(), done
            while number < len(wanted) and (number == done or time.monotonic() - begun < _SHARE_S):
                give_way()
                if self._accept_no_more:
                    break
                case = wanted[number]
                try:
                    if case == on_screen or study.drafts.path(case) is not None:
                        raise BadInput("there is unfinished work on it.")
                    if case not in labelled and study.latest(case) is not None:
                        raise BadInput("it was labelled meanwhile.")
                    controller.accept(case, author=self.author)
                except CannotWrite:
                    raise
                except DualSSLSegError as error:
                    failures[case] = str(error)
                number += 1
            return number

        def then(number: int) -> None:
            if number < len(wanted) and not self._accept_no_more:
                self._accept_some(controller, wanted, labelled, number, failures)
                return
            self._accepting = None
            accepted = number - len(failures)
            words = f"{accepted} {'prediction was' if accepted == 1 else 'predictions were'} accepted."
            if number < len(wanted):
                words = f"Stopped: {words} {len(wanted) - number} still wait."
            listed = "; ".join(f"{case}: {reason}" for case, reason in failures.items())
            if failures:
                self._say("warning", f"{words} {len(failures)} could not be: {listed}")
            else:
                self._say("info", words)
            if self.case in wanted[:number] and self.case not in failures:
                self._end_review()
            self._survey()

        def failed(error: Exception) -> None:
            self._accepting = None
            self._survey()
            self._failed(error)

        self._accepting = controller
        self._do(work, then, busy=f"Accepting {done + 1} of {len(wanted)}", failed=failed)
