"""The section Review: a prediction, where it is uncertain, and the verdict on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from DualSSLSegLib.loop.case_table import CaseRow
from DualSSLSegLib.panel.heat_map_controls import HeatMapControls
from DualSSLSegLib.panel.hot_spot_table import HotSpotTable

_NEXT_KEY = "N"
_NO_RANK = 1 << 40


class ReviewSection:
    """`widget` holds the section; `update` shows what the workbench says."""

    def __init__(self, workbench: Any, resource_path: Callable[[str], str]) -> None:
        self.workbench = workbench
        self.widget = slicer.util.loadUI(resource_path("UI/Review.ui"))
        self.ui = ui = slicer.util.childWidgetVariables(self.widget)
        for label in (ui.caseLabel, ui.scoreLabel, ui.waitingLabel):
            label.textFormat = qt.Qt.PlainText  # a case may be called like HTML
        self._waiting: list[CaseRow] = []
        self._unfolded_for: Any = None  # the study whose predictions have unfolded the section
        self._shortcut: Any = None
        self._entered = False
        self.heat_map = HeatMapControls(ui, workbench)
        self.spots = HotSpotTable(ui.spotsTable, self._go_to)
        for reason in (
            "",
            _("A structure is missing"),
            _("It is in the wrong place"),
            _("The borders are wrong"),
            _("The scan is of poor quality"),
            _("The scan shows something else"),
        ):
            ui.reasonCombo.addItem(reason)
        ui.reasonCombo.lineEdit().setPlaceholderText(_("reason (may be left out)"))
        self._buttons = {
            ui.acceptNextButton: ("accept", lambda: workbench.accept(then_review_next=True)),
            ui.acceptButton: ("accept", workbench.accept),
            ui.correctButton: ("correct", workbench.correct),
            ui.rejectButton: ("reject", self._reject),
            ui.nextSpotButton: ("jump_next", self._go_to_next),
            ui.acceptAllButton: ("accept_all", self._accept_all),
            ui.cancelAcceptButton: ("cancel_accept_all", workbench.cancel_accept_all),
        }
        self._helps = {str(button.objectName): str(button.toolTip) for button in self._buttons}
        for button, (_verb, take) in self._buttons.items():
            button.clicked.connect(lambda *_arguments, take=take: take())
        ui.reviewNextButton.clicked.connect(lambda *_arguments: self._review_next())
        ui.reviewThisButton.clicked.connect(lambda *_arguments: workbench.review(workbench.case))
        self._next_help = str(ui.reviewNextButton.toolTip)
        self._this_help = str(ui.reviewThisButton.toolTip)
        self.update("cases")
        self.update("review")

    def update(self, topic: str) -> None:
        """Show the part of the workbench's state that `topic` names."""
        if topic in ("study", "cases"):
            rows = [row for row in self.workbench.rows if row.state == "predicted"]
            self._waiting = sorted(rows, key=lambda row: _NO_RANK if row.rank is None else row.rank)
            if self._waiting and self.workbench.study_path != self._unfolded_for:
                self._unfolded_for = self.workbench.study_path  # once: who folds it again wants it folded
                self.ui.reviewSection.collapsed = False
        if topic in ("study", "cases", "case", "message"):
            self._show_choice()
            self._show_buttons()
        if topic == "review":
            self._show_prediction()
            self._show_choice()
            self._show_buttons()

    def enter(self) -> None:
        self._entered = True
        if self._shortcut is None:
            self._shortcut = qt.QShortcut(qt.QKeySequence(_NEXT_KEY), slicer.util.mainWindow() or self.widget)
            self._shortcut.activated.connect(self._go_to_next)
        self._show_buttons()

    def exit(self) -> None:
        self._entered = False
        if self._shortcut is not None:
            self._shortcut.enabled = False  # the key belongs to other modules again

    def close(self) -> None:
        """Give the key back."""
        if self._shortcut is not None:
            self._shortcut.enabled = False
            self._shortcut.setParent(None)
            self._shortcut = None

    # --- showing ------------------------------------------------------------------------------------------

    def _next(self) -> CaseRow | None:
        """The prediction most worth a look, other than the one on screen."""
        shown = self.workbench.prediction
        on_screen = shown.case if shown is not None else None
        return next((row for row in self._waiting if row.id != on_screen), None)

    def _show_choice(self) -> None:
        workbench, ui = self.workbench, self.ui
        following = self._next()
        reason = workbench.why_not("review")
        if not reason and following is None:
            reason = (
                _("No other prediction waits.") if self._waiting else _("No prediction waits: train first.")
            )
        ui.reviewNextButton.enabled = not reason
        ui.reviewNextButton.toolTip = reason or self._next_help
        shown = workbench.prediction
        this = workbench.why_not("review")
        if not this and workbench.case is None:
            this = _("No case is open.")
        elif not this and shown is not None and shown.case == workbench.case:
            this = _("It is on screen already.")
        ui.reviewThisButton.enabled = not this
        ui.reviewThisButton.toolTip = this or self._this_help
        if following is None:
            ui.waitingLabel.text = reason
        else:
            words = _("1 prediction waits.") if len(self._waiting) == 1 else _("{count} predictions wait.")
            next_words = _("Next: {case}.").format(case=following.id)
            why = following.reason or ""
            ui.waitingLabel.text = " ".join((words.format(count=len(self._waiting)), next_words, why)).strip()

    def _show_prediction(self) -> None:
        workbench, ui = self.workbench, self.ui
        shown = workbench.prediction
        ui.predictionPart.setVisible(shown is not None)
        self.heat_map.show()
        if shown is None:
            ui.reasonCombo.setCurrentIndex(0)
            self.spots.show([], None)
            return
        ui.reviewSection.collapsed = False
        ui.caseLabel.text = _("Prediction of {case}").format(case=shown.case)
        ui.scoreLabel.text = workbench.score_words
        ui.scoreLabel.setVisible(bool(workbench.score_words))
        self.spots.show(workbench.hot_spots, workbench.current_hot_spot)
        ui.spotsTable.setVisible(bool(workbench.hot_spots))
        ui.spotsLabel.text = _spots_words([spot.seen for spot in workbench.hot_spots])

    def _show_buttons(self) -> None:
        for button, (verb, _take) in self._buttons.items():
            reason = self.workbench.why_not(verb)
            button.enabled = not reason
            button.toolTip = reason or self._helps[str(button.objectName)]
        count = len(self._waiting)
        self.ui.acceptAllButton.text = (
            _("Accept all {count} unseen...").format(count=count) if count else _("Accept all")
        )
        accepting = "being accepted" in self.workbench.why_not("accept_all")
        self.ui.cancelAcceptButton.setVisible(accepting)
        self.ui.reasonCombo.enabled = bool(self.ui.rejectButton.enabled)
        if self._shortcut is not None:
            self._shortcut.enabled = self._entered and not self.workbench.why_not("jump_next")

    # --- doing --------------------------------------------------------------------------------------------

    def _go_to(self, number: int) -> None:
        self.workbench.jump(number)
        self._mark_current()

    def _go_to_next(self) -> None:
        self.workbench.jump_next()
        self._mark_current()

    def _mark_current(self) -> None:
        """Who has been there has seen it."""
        workbench = self.workbench
        for spot in workbench.hot_spots:
            if spot.number == workbench.current_hot_spot and not spot.seen:
                workbench.mark_seen(spot.number)

    def _review_next(self) -> None:
        following = self._next()
        if following is not None:
            self.workbench.review(following.id)

    def _reject(self) -> None:
        self.workbench.reject(str(self.ui.reasonCombo.currentText).strip())

    def _accept_all(self) -> None:
        cases = [row.id for row in self._waiting]
        question = _(
            "Accept {count} predictions as they are, without looking at each? They become the labels of their cases. "
            "They are not trained on, unless you switch that on, and you can still correct each of them later."
        ).format(count=len(cases))
        if slicer.util.confirmOkCancelDisplay(question, _("Accept all predictions")):
            self.workbench.accept_all(cases)


def _spots_words(seen: list[bool]) -> str:
    if not seen:
        return _("No uncertain places were found in this prediction.")
    if all(seen):
        return _("Uncertain places: all {count} seen").format(count=len(seen))
    return _("Uncertain places: {seen} of {count} seen").format(seen=sum(seen), count=len(seen))
