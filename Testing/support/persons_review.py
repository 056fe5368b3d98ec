"""How one person reviews predictions in the panel: looks, goes to an uncertain place, accepts or corrects."""

from __future__ import annotations

import numpy as np

from support.person_at_panel import PersonAtPanel
from support.slicer_scene import segment_arrays, shown_in_every_view, slice_offsets


class Reviewer(PersonAtPanel):
    """Reviews what a run has predicted."""

    def review(self) -> str:
        """See the prediction most worth a look, its heat map, and go to an uncertain place; its case."""
        ui, scene = self.panel.review.ui, self.workbench.case_scene
        self.hand.click(ui.reviewNextButton)
        self.wait_until(lambda: self.workbench.prediction is not None)
        case = str(self.workbench.case)
        assert scene.prediction_node.GetDisplayNode().GetVisibility2DOutline()
        assert (segment_arrays(scene.prediction_node, scene.volume_node) == self.predicted(case)).all()
        assert shown_in_every_view("foreground") == {self.workbench.heat_map.node.GetID()}
        assert ui.mapCheckBox.checked
        self.look("review-1-prediction", self.panel.review.widget)
        ui.mapCheckBox.click()
        assert shown_in_every_view("foreground") == {None}
        self.look("review-2-outline", self.panel.review.widget)
        ui.mapCheckBox.click()
        self.wait_until(lambda: shown_in_every_view("foreground") != {None})
        if self.workbench.hot_spots:
            self._go_to_a_place(case)
        ui.mapCombo.setCurrentIndex(1)
        self.wait_until(lambda: self.workbench.map_shown == "disagreement")
        self.look("review-4-disagreement", self.panel.review.widget)
        return case

    def _go_to_a_place(self, case: str) -> None:
        ui, run = self.panel.review.ui, self.workbench.prediction.run.id
        self.hand.click(ui.nextSpotButton)
        spot = self.workbench.hot_spots[0]
        assert np.allclose(slice_offsets(), spot.centre_ras_mm)
        marks = self.workbench.marks.node
        position = [0.0, 0.0, 0.0]
        marks.GetNthControlPointPositionWorld(0, position)
        assert np.allclose(position, spot.centre_ras_mm) and marks.GetNthControlPointSelected(0)
        assert self.workbench.hot_spots[0].seen
        review = self.workbench.controller.study.review
        self.wait_until(lambda: review(case).seen.get(run) == (spot.number,))
        assert ui.spotsTable.item(0, 0).text()
        self.look("review-3-uncertain-place", self.panel.review.widget)

    def accept(self, case: str) -> None:
        """The prediction becomes the label."""
        predicted = self.predicted(case)
        self.hand.click(self.panel.review.ui.acceptButton)
        self.wait_until(lambda: self.workbench.prediction is None)
        newest = self.workbench.controller.study.latest(case)
        assert (newest.origin, newest.run) == ("accepted", self.workbench.run.id)
        assert (self.newest_label(case) == predicted).all()
        assert self.workbench.case_scene.prediction_node is None and self.workbench.heat_map.node is None
        assert shown_in_every_view("foreground") == {None}

    def correct(self) -> None:
        """Another one is mended before it becomes the label."""
        self.hand.click(self.panel.review.ui.reviewNextButton)
        self.wait_until(lambda: self.workbench.prediction is not None)
        case = str(self.workbench.case)
        self.hand.click(self.panel.review.ui.correctButton)
        assert (self.workbench.case_scene.label() == self.predicted(case)).all()
        self.draw(self.reference(case))
        self.look("review-5-correcting", self.panel.annotate.widget)
        self.hand.submit()
        assert self.workbench.controller.study.latest(case).origin == "corrected"
        assert (self.newest_label(case) == self.reference(case)).all()
