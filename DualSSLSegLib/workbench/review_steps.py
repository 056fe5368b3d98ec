"""Looking at a prediction: label, maps, hot spots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.hot_spot_list import ListedHotSpot, hot_spot_list, score_words
from DualSSLSegLib.loop.opened_case import OpenedCase, open_case, with_prediction
from DualSSLSegLib.loop.predictions import Prediction, why_not_accepted
from DualSSLSegLib.scene.arrays import in_slicers_order
from DualSSLSegLib.workbench.desk import verb
from DualSSLSegLib.workbench.training_steps import TrainingSteps

if TYPE_CHECKING:
    import numpy as np

MAPS = {"uncertainty": "Uncertainty", "disagreement": "Disagreement"}  # as in the legends


@dataclass(frozen=True, eq=False)
class _Reviewed:
    """A case with its newest prediction, read: `opened` as it is without the prediction, `predicted` with it."""

    opened: OpenedCase
    predicted: OpenedCase
    prediction: Prediction
    hot_spots: list[ListedHotSpot]
    words: str
    map: np.ndarray
    why_not_accepted: str


class ReviewSteps(TrainingSteps):
    """Verbs of the section Review."""

    _predicted: OpenedCase | None = None
    _why_not_accepted = ""  # the prediction on screen, as it was when it was read

    @verb
    def review(self, case: str | None = None) -> None:
        """Show a case with its newest prediction, its uncertainty and its hot spots: the open case when none is named
        and its prediction waits, else the first of the queue."""
        wanted = case or self._next_to_review()
        controller = self._study()
        on_screen = self.opened if self.opened is not None and self.case == wanted else None

        def work() -> _Reviewed:
            return _read(controller, wanted, on_screen)

        def then(found: _Reviewed) -> None:
            if on_screen is None:
                self._show_case(found.opened)
            elif self.case != wanted:
                return  # it was left meanwhile; what was drawn on it may be a draft that `found` does not know
            self._show_review(found)

        def begin() -> None:
            self._do(work, then, busy=f"Reading {wanted}", key="open", failed=self._not_read)

        if on_screen is not None:
            begin()
        else:
            self._leave(begin)

    def _next_to_review(self) -> str:
        predicted = {row.id: row for row in self.rows if row.state == "predicted"}
        queued = self.queue.cases if self.queue is not None else ()
        here = next((row for row in self.rows if row.id == self.case), None)
        if self.case is not None and here is not None and here.state in ("predicted", "in_progress"):
            return self.case
        waiting = [entry.case for entry in queued if entry.case in predicted] + list(predicted)
        if not waiting:
            raise BadInput("no prediction waits for a review.", hint="Train first.")
        return waiting[0]

    def _show_review(self, found: _Reviewed) -> None:
        assert self.opened is not None
        self.prediction, self.hot_spots, self.score_words = found.prediction, found.hot_spots, found.words
        self.current_hot_spot = None
        self._predicted, self._why_not_accepted = found.predicted, found.why_not_accepted
        assert found.predicted.label is not None
        self.case_scene.show_prediction(found.predicted.label, found.predicted.structures)
        self._show_map_now("uncertainty", found.map)
        self.marks.show(self.hot_spots, self.case_scene.volume_node)
        row = next((row for row in self.rows if row.id == self.case), None)
        self._say(
            "info", f"Why this case: {row.reason}" if row is not None and row.reason else found.opened.note
        )
        self._tell("review")

    @verb
    def leave_review(self) -> None:
        """Take prediction, map and hot spots out of the views; the case stays open."""
        self._end_review()
        self._tell("review")

    def _end_review(self) -> None:
        if self.prediction is None:
            return
        self.heat_map.remove()
        self.marks.remove()
        self.case_scene.hide_prediction()
        self.prediction = self._predicted = self.current_hot_spot = None
        self.hot_spots, self.score_words, self.map_shown = [], "", ""
        self._tell("review")

    # --- maps and hot spots -------------------------------------------------------------------------------

    @verb
    def show_map(self, name: str) -> None:
        """Show "uncertainty" or "disagreement" as a heat map over the scan; "" hides it."""
        prediction, opened = self.prediction, self._the_case()
        assert prediction is not None  # see why_not
        if not name:
            self.heat_map.hide()
            self.map_shown = ""
            self._tell("review")
            return
        if name not in MAPS:
            raise BadInput(f"there is no map {name!r}.", hint=f"Choose one of: {', '.join(MAPS)}.")

        def then(array: np.ndarray) -> None:
            if self.prediction == prediction:
                self._show_map_now(name, array)
                self._tell("review")

        self._do(lambda: _map(prediction, name, opened), then, busy="Reading the map", key="map")

    def _show_map_now(self, name: str, array: np.ndarray) -> None:
        self.heat_map.show(array, self.case_scene.volume_node, MAPS[name])
        self.map_shown = name

    @verb
    def jump(self, number: int) -> None:
        """Show a hot spot in the middle of every view."""
        self._spot(number)
        self.current_hot_spot = number
        self.time_spent.touch()
        self.marks.select(number)
        self._tell("review")

    @verb
    def jump_next(self) -> None:
        """Jump to the next hot spot that is not marked as seen; to the next one when all are."""
        if not self.hot_spots:
            raise BadInput("this prediction has no hot spots.")
        start = self.current_hot_spot or 0
        after = [spot for spot in self.hot_spots if spot.number > start]
        in_turn = after + [spot for spot in self.hot_spots if spot.number <= start]
        self.jump(next((spot.number for spot in in_turn if not spot.seen), in_turn[0].number))

    @verb
    def mark_seen(self, number: int) -> None:
        """Mark a hot spot as looked at; it is remembered with the case, unless the study can be looked at only."""
        self._spot(number)
        prediction, controller = self.prediction, self._study()
        assert prediction is not None
        self.hot_spots = [replace(s, seen=True) if s.number == number else s for s in self.hot_spots]
        self._tell("review")
        if not self.read_only:
            self._do(
                lambda: controller.study.update_review(
                    prediction.case, lambda review: review.with_seen(prediction.run.id, [number])
                ),
                lambda _: None,
            )

    def _spot(self, number: int) -> ListedHotSpot:
        for spot in self.hot_spots:
            if spot.number == number:
                return spot
        raise BadInput(f"there is no hot spot {number}.")


def _read(controller: Controller, case: str, on_screen: OpenedCase | None) -> _Reviewed:
    prediction = controller.present_prediction(case)
    opened = open_case(controller, case) if on_screen is None else on_screen
    predicted = with_prediction(controller, replace(opened, label=None))
    return _Reviewed(
        opened,
        predicted,
        prediction,
        hot_spot_list(controller, prediction),
        score_words(prediction.facts()),
        _map(prediction, "uncertainty", opened),
        why_not_accepted(controller.study, prediction.run, prediction.case),
    )


def _map(prediction: Prediction, name: str, opened: OpenedCase) -> np.ndarray:
    """A map of a prediction, (X, Y, Z) float32 0..1 on the grid of the scan. Raises BadInput."""
    from DualSSLSegLib.imaging.read import read_voxels

    path = prediction.uncertainty if name == "uncertainty" else prediction.disagreement
    array, grid = read_voxels(path)
    if not grid.same_as(opened.grid):
        raise BadInput(
            f"this map does not fit the scan: {grid.difference(opened.grid)}.",
            hint="Predict again.",
            path=path,
        )
    return in_slicers_order(array)
