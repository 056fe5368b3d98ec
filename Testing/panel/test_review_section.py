"""Reviewing: what is shown, where it leads, and the verdicts."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from host import dialogs
from support.benches import ToldWorkers
from support.predictions import predicted_run
from support.studies import label_of, tiny_study

from DualSSLSegLib.atomic import read_json, write_json

pytestmark = pytest.mark.panel


@pytest.fixture
def review(panel, tmp_path):
    """The section with a study of which b and c are predicted; b is to be reviewed first."""
    predicted_run(tiny_study(tmp_path / "s"), {"b": label_of(2), "c": label_of(1)})
    panel.workbench.launcher = ToldWorkers()
    panel.workbench.open_study(tmp_path / "s")
    section = next(section for section in panel.panel.sections if hasattr(section.ui, "acceptButton"))
    panel.wait_until(lambda: section.ui.reviewNextButton.enabled and not panel.workbench.busy)
    return section


@pytest.fixture
def reviewing(panel, review):
    """b is on screen."""
    panel.click(review.ui.reviewNextButton)
    panel.wait_until(lambda: panel.workbench.prediction is not None and not panel.workbench.busy)
    return review


def column(table, number: int) -> list[str]:
    return [str(table.item(row, number).text()) for row in range(table.rowCount)]


def offsets() -> list[float]:
    """Where the three slices lie: x of Yellow, y of Green, z of Red, in mm."""
    import slicer

    nodes = [
        slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode() for name in ("Yellow", "Green", "Red")
    ]
    return [node.GetSliceToRAS().GetElement(axis, 3) for axis, node in enumerate(nodes)]


def test_it_says_what_waits_and_why(panel, review):
    ui = review.ui
    assert ui.waitingLabel.text == "2 predictions wait. Next: b. Reason 0."
    assert ui.predictionPart.isHidden()
    assert not ui.reviewThisButton.enabled and ui.reviewThisButton.toolTip == "No case is open."
    assert ui.acceptAllButton.text == "Accept all 2 unseen..."


def test_it_unfolds_when_there_is_something_to_review(panel, review):
    assert not review.ui.reviewSection.collapsed
    review.ui.reviewSection.collapsed = True
    panel.workbench.refresh()
    panel.wait_until(lambda: not panel.workbench.busy)
    assert review.ui.reviewSection.collapsed  # who folds it again wants it folded
    panel.workbench.review("c")  # as a double-click in the table does
    panel.wait_until(lambda: panel.workbench.prediction is not None)
    assert not review.ui.reviewSection.collapsed and review.ui.caseLabel.text == "Prediction of c"


def test_a_prediction_is_shown_with_map_score_and_places(panel, reviewing):
    ui = reviewing.ui
    assert panel.workbench.case == "b" and ui.caseLabel.text == "Prediction of b"
    assert ui.scoreLabel.text.startswith("Estimated error 0.25 of 1, from: the two networks")
    assert ui.mapCheckBox.checked and ui.mapCombo.currentIndex == 0
    table = ui.spotsTable
    assert column(table, 1) == ["Place 1.", "Place 2."] and column(table, 2) == ["90 mm³", "45 mm³"]
    assert column(table, 0) == ["", ""] and ui.spotsLabel.text == "Uncertain places: 0 of 2 seen"
    assert "Next: c" in ui.waitingLabel.text and not ui.reviewThisButton.enabled


def test_a_row_leads_to_its_place_and_ticks_it(panel, reviewing, clean_host):
    table = reviewing.ui.spotsTable
    table.setCurrentCell(1, 1)
    clean_host.settle(50)
    assert panel.workbench.current_hot_spot == 2
    assert offsets() == pytest.approx(panel.workbench.hot_spots[1].centre_ras_mm)
    assert column(table, 0) == ["", "✓"]
    panel.click(reviewing.ui.nextSpotButton)
    assert panel.workbench.current_hot_spot == 1 and table.currentRow() == 0
    assert column(table, 0) == ["✓", "✓"] and "all 2 seen" in reviewing.ui.spotsLabel.text
    panel.workbench.jump(2)
    table.cellClicked.emit(0, 1)  # back to the place, after a look around
    assert offsets() == pytest.approx(panel.workbench.hot_spots[0].centre_ras_mm)


def test_the_key_n_leads_through_the_places_while_the_panel_is_on_screen(panel, reviewing):
    assert reviewing._shortcut.enabled
    reviewing._shortcut.activated.emit()
    assert panel.workbench.current_hot_spot == 1
    reviewing._shortcut.activated.emit()
    assert panel.workbench.current_hot_spot == 2
    panel.panel.exit()
    assert not reviewing._shortcut.enabled
    for topic in ("study", "cases", "case", "review", "message"):  # such as the end of a run
        panel.workbench._tell(topic)
    assert not reviewing._shortcut.enabled
    panel.panel.enter()
    assert reviewing._shortcut.enabled
    panel.workbench.leave_review()
    assert not reviewing._shortcut.enabled


def test_the_heat_map_has_one_switch(panel, reviewing):
    ui, heat_map = reviewing.ui, panel.workbench.heat_map
    assert heat_map.visible
    ui.mapCheckBox.click()
    assert not heat_map.visible and not ui.opacitySlider.enabled
    ui.mapCheckBox.click()
    panel.wait_until(lambda: heat_map.visible)
    ui.mapCombo.setCurrentIndex(1)
    panel.wait_until(lambda: panel.workbench.map_shown == "disagreement")
    ui.opacitySlider.value = 0.25
    ui.thresholdSlider.value = 0.75
    ui.legendCheckBox.click()
    assert (heat_map.opacity, heat_map.threshold, heat_map.legend) == (0.25, 0.75, False)
    assert heat_map.node.GetDisplayNode().GetLowerThreshold() == pytest.approx(0.75)


def test_accepting_writes_the_label_and_the_next_one_follows(panel, reviewing):
    run = panel.workbench.prediction.run
    panel.click(reviewing.ui.acceptButton)
    panel.wait_until(lambda: not panel.workbench.busy and panel.workbench.prediction is None)
    newest = panel.workbench.controller.study.latest("b")
    assert (newest.origin, newest.run) == ("accepted", run.id)
    assert reviewing.ui.predictionPart.isHidden()
    panel.wait_until(lambda: "Next: c" in reviewing.ui.waitingLabel.text)
    panel.click(reviewing.ui.reviewNextButton)
    panel.wait_until(lambda: panel.workbench.prediction is not None)
    assert panel.workbench.case == "c"


def test_one_click_accepts_and_shows_the_next(panel, reviewing):
    ui, study = reviewing.ui, panel.workbench.controller.study
    panel.click(ui.acceptNextButton)
    panel.wait_until(lambda: panel.workbench.prediction is not None and panel.workbench.case == "c")
    panel.wait_until(lambda: not panel.workbench.busy)
    assert study.latest("b").origin == "accepted" and ui.caseLabel.text == "Prediction of c"
    panel.click(ui.acceptNextButton)
    panel.wait_until(lambda: panel.workbench.prediction is None and not panel.workbench.busy)
    assert study.latest("c").origin == "accepted"
    assert any("No other waits" in text for text in panel.said())


def test_accept_and_correct_opens_the_prediction_for_editing(panel, reviewing):
    panel.click(reviewing.ui.correctButton)
    assert panel.workbench.prediction is None
    assert np.array_equal(panel.workbench.case_scene.label(), label_of(2))
    panel.paint("liver", at=3)
    panel.submit()
    assert panel.workbench.controller.study.latest("b").origin == "corrected"


def test_a_rejection_takes_its_reason_along(panel, reviewing):
    reviewing.ui.reasonCombo.setEditText("leaks into the stomach")
    panel.click(reviewing.ui.rejectButton)
    panel.wait_until(lambda: panel.workbench.prediction is None and not panel.workbench.busy)
    (verdict,) = panel.workbench.controller.study.review("b").rejected
    assert verdict.reason == "leaks into the stomach"
    assert str(reviewing.ui.reasonCombo.currentText) == ""


def test_all_are_accepted_only_after_a_question_that_counts(panel, review):
    dialogs.answer("message", "Cancel")
    panel.click(review.ui.acceptAllButton)
    assert "2 predictions" in dialogs.shown[-1].text
    assert panel.workbench.controller.study.latest("b") is None
    dialogs.answer("message", "Ok")
    panel.click(review.ui.acceptAllButton)
    panel.wait_until(lambda: panel.workbench.counts["reviewed"] == 2)
    panel.wait_until(lambda: not review.ui.acceptAllButton.enabled)
    assert review.ui.acceptAllButton.toolTip == "No prediction waits."


def test_accepting_all_can_be_stopped_and_what_was_accepted_stays(panel, review, monkeypatch):
    ui, workbench = review.ui, panel.workbench
    assert ui.cancelAcceptButton.isHidden()
    monkeypatch.setattr(sys.modules["DualSSLSegLib.workbench.verdict_steps"], "_SHARE_S", 0.0)
    accept, second, go_on = workbench.controller.accept, threading.Event(), threading.Event()

    def slowly(case, **options):
        if workbench.controller.study.latest("b") is not None:
            second.set()
            go_on.wait(60)
        return accept(case, **options)

    monkeypatch.setattr(workbench.controller, "accept", slowly)
    workbench.accept_all(["b", "c", "a"])
    panel.wait_until(second.is_set)
    assert workbench.busy == "Accepting 2 of 3"
    assert not ui.acceptAllButton.enabled
    panel.click(ui.cancelAcceptButton)
    assert not ui.cancelAcceptButton.enabled and "then it stops" in ui.cancelAcceptButton.toolTip
    go_on.set()
    panel.wait_until(lambda: any("Stopped: 2 predictions" in text for text in panel.said()))
    panel.wait_until(lambda: not workbench.busy)
    assert any("1 still wait" in text for text in panel.said())
    assert ui.cancelAcceptButton.isHidden() and workbench.counts["reviewed"] == 2


def test_the_list_does_not_say_size_and_peak_twice(panel, tmp_path):
    run = predicted_run(tiny_study(tmp_path / "s"), {"b": label_of(2)})
    facts = read_json(run.prediction_facts_path("b"))
    for spot in facts["hot_spots"]:
        spot["where"] = "at the border between liver and background, at its superior end"
        spot["sentence"] = f"90 mm³ {spot['where']}; the networks are unsure (peak 0.90)"
    write_json(run.prediction_facts_path("b"), facts)
    panel.workbench.open_study(tmp_path / "s")
    panel.wait_until(lambda: panel.workbench.rows and not panel.workbench.busy)
    panel.workbench.review("b")
    panel.wait_until(lambda: panel.workbench.prediction is not None)
    table = panel.panel.review.ui.spotsTable
    assert column(table, 1)[0] == "At the border between liver and background, at its superior end"
    assert table.item(0, 1).toolTip().startswith("90 mm³ at the border")


def test_buttons_of_a_verdict_say_why_they_wait(panel, reviewing):
    panel.paint("liver")  # a label in work: accepting would pass it over
    panel.workbench._tell("message")
    for name in ("acceptButton", "correctButton"):
        button = getattr(reviewing.ui, name)
        assert not button.enabled and "Submit or discard" in button.toolTip
