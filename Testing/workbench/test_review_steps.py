"""Reviewing predictions: maps, hot spots, and the three verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from support.benches import bench, paint
from support.predictions import predicted_run
from support.studies import label_of, tiny_study

from DualSSLSegLib.errors import BadInput

pytestmark = pytest.mark.panel


@pytest.fixture
def predicted(tmp_path):
    """Cases b and c are predicted."""
    predicted_run(tiny_study(tmp_path / "s"), {"b": label_of(2), "c": label_of(1)})
    return bench(tmp_path / "s")


def test_a_review_shows_prediction_map_and_hot_spots(predicted):
    assert predicted.why_not("accept")
    predicted.review()
    assert predicted.case == "b" and predicted.prediction.case == "b" and predicted.opened.source == "empty"
    assert predicted.map_shown == "uncertainty" and predicted.heat_map.visible
    assert [spot.number for spot in predicted.hot_spots] == [1, 2] and predicted.current_hot_spot is None
    assert predicted.score_words.startswith("Estimated error 0.25") and "Reason 0." in predicted.message.text
    assert not predicted.changed and not predicted.case_scene.label().any()
    predicted.show_map("disagreement")
    assert predicted.map_shown == "disagreement"
    predicted.show_map("")
    assert predicted.map_shown == "" and not predicted.heat_map.visible
    with pytest.raises(BadInput, match="no map"):
        predicted.show_map("beauty")


def test_hot_spots_are_worked_through(predicted):
    predicted.review("b")
    predicted.jump_next()
    assert predicted.current_hot_spot == 1
    predicted.mark_seen(1)
    predicted.jump_next()
    assert predicted.current_hot_spot == 2
    predicted.mark_seen(2)
    assert all(spot.seen for spot in predicted.hot_spots)
    predicted.jump_next()
    assert predicted.current_hot_spot == 1  # all are seen: round again
    with pytest.raises(BadInput, match="no hot spot 7"):
        predicted.jump(7)
    predicted.leave_review()
    assert predicted.case == "b" and predicted.prediction is None and predicted.hot_spots == []
    predicted.review("b")
    assert [spot.seen for spot in predicted.hot_spots] == [True, True]


def test_accepting_writes_a_revision_with_its_run(predicted):
    predicted.review("b")
    run = predicted.prediction.run
    predicted.clock.now += 9
    predicted.accept()
    newest = predicted.controller.study.latest("b")
    assert (newest.origin, newest.run, newest.author) == ("accepted", run.id, "Ada")
    assert predicted.prediction is None and predicted.next_case.case == "c"
    assert predicted.controller.study.review("b").seconds == {"Ada": 9.0}
    predicted.review()
    assert predicted.case == "c"


def test_an_older_prediction_does_not_put_a_label_out_of_force_that_trains(predicted):
    study = predicted.controller.study
    study.add_revision("b", label_of(1), author="Bob", origin="corrected")
    predicted.refresh()
    predicted.review("b")
    assert "Bob (revision 1) is newer" in predicted.why_not("accept") and not predicted.why_not("correct")
    with pytest.raises(BadInput, match="is newer than this prediction"):
        predicted.accept()
    predicted.accept_all(["b", "c"])
    assert predicted.message.kind == "warning" and "is newer than this prediction" in predicted.message.text
    assert study.latest("b").origin == "corrected" and study.latest("c").origin == "accepted"
    predicted.review("b")
    predicted.correct()
    with pytest.raises(BadInput, match="is newer than this prediction"):
        predicted.submit(then_next=False)  # nothing was changed in it, so it would count as accepted
    assert predicted.opened is not None and study.latest("b").number == 1
    paint(predicted, label_of(2, 2))
    predicted.submit(then_next=False)
    assert study.latest("b").origin == "corrected" and study.latest("b").number == 2
    predicted.review("c")
    assert predicted.why_not("accept") == ""


def test_a_label_submitted_while_a_prediction_is_on_screen_is_newer_all_the_same(predicted):
    predicted.review("b")
    assert predicted.why_not("accept") == ""
    predicted.controller.study.add_revision("b", label_of(1), author="Bob", origin="manual")
    with pytest.raises(BadInput, match="is newer than this prediction"):
        predicted.accept()


def test_rejecting_is_remembered_with_its_reason(predicted):
    predicted.review("b")
    predicted.reject("leaks into the stomach")
    (verdict,) = predicted.controller.study.review("b").rejected
    assert verdict.reason == "leaks into the stomach" and predicted.controller.study.latest("b") is None


def test_a_rejected_prediction_is_offered_no_more(predicted):
    """Neither for review, nor with all others, nor as something to begin from."""
    predicted.review("b")
    predicted.reject()
    assert {row.id: row.state for row in predicted.rows} == {"a": "new", "b": "new", "c": "predicted"}
    predicted.leave_case()
    predicted.review()
    assert predicted.case == "c"
    predicted.leave_case()
    predicted.accept_all()
    assert predicted.controller.study.latest("b") is None
    predicted.open_next()
    assert predicted.case == "b" and predicted.opened.source == "empty"
    predicted.review("b")  # who asks for it sees it, and may still accept it
    predicted.accept()
    assert predicted.controller.study.latest("b").origin == "accepted"


def test_correcting_takes_the_prediction_as_the_label(predicted):
    predicted.review("b")
    predicted.correct()
    assert predicted.prediction is None and np.array_equal(predicted.case_scene.label(), label_of(2))
    assert not predicted.changed
    paint(predicted, label_of(2, 2))
    predicted.submit(then_next=False)
    assert predicted.controller.study.latest("b").origin == "corrected"


def test_looking_at_a_prediction_counts_to_the_time_of_its_correction(predicted):
    predicted.review("b")
    predicted.clock.now += 20
    predicted.touch()
    predicted.correct()
    predicted.clock.now += 5
    predicted.touch()
    predicted.submit(then_next=False)
    assert predicted.controller.study.review("b").seconds == {"Ada": 25.0}


def test_a_structure_that_came_during_the_review_can_be_drawn_in_the_correction(predicted):
    predicted.review("b")
    predicted.add_structure("cyst")
    predicted.correct()
    names = [structure.name for structure in predicted.structures]
    segmentation = predicted.case_scene.segmentation_node.GetSegmentation()
    assert [segmentation.GetNthSegment(n).GetName() for n in range(len(names))] == names
    drawn = label_of(2)
    drawn[0, 0, 0] = predicted.structures[-1].value
    paint(predicted, drawn)
    predicted.submit(then_next=False)
    predicted.open_case("b")
    assert np.array_equal(predicted.case_scene.label(), drawn)


def test_a_label_in_work_is_not_replaced_by_a_prediction(predicted):
    predicted.open_case("b")
    paint(predicted, label_of(1))
    predicted.review()
    assert predicted.case == "b" and np.array_equal(predicted.case_scene.label(), label_of(1))
    for verb in ("correct", "accept"):
        with pytest.raises(BadInput, match="Submit or discard"):
            getattr(predicted, verb)()
    assert np.array_equal(predicted.case_scene.label(), label_of(1)) and predicted.changed


@pytest.mark.parametrize("kept", ["by hand", "by itself"])
def test_strokes_that_are_kept_as_a_draft_are_not_replaced_either(predicted, kept):
    predicted.open_case("b")
    paint(predicted, label_of(1))
    if kept == "by hand":
        predicted.save_draft()
    else:
        predicted.clock.now += 61
        predicted.poll()
    assert not predicted.changed
    predicted.review()
    with pytest.raises(BadInput, match="unfinished work"):
        predicted.correct()
    predicted.submit(then_next=False)
    assert predicted.controller.study.latest("b").origin == "manual"
    predicted.review("b")
    predicted.correct()  # what was drawn is a revision now
    assert np.array_equal(predicted.case_scene.label(), label_of(2))


def test_accepting_all_names_what_could_not_be(predicted, tmp_path):
    run = predicted.controller.runs.all()[0]
    run.prediction_path("b").write_bytes(b"rubbish")
    predicted.accept_all()
    assert {row.id: row.state for row in predicted.rows} == {"a": "new", "b": "predicted", "c": "reviewed"}
    assert predicted.message.kind == "warning" and "b" in predicted.message.text
    with pytest.raises(BadInput, match="no prediction to accept"):
        predicted.accept_all([])
    predicted.accept_all(["c"])
    assert (
        predicted.controller.study.latest("c").number == 2
        and "1 prediction was accepted" in predicted.message.text
    )


def test_a_newer_prediction_is_not_accepted_unseen(predicted):
    predicted.review("b")
    predicted_run(predicted.controller.study, {"b": label_of(1)})
    with pytest.raises(BadInput, match="newer prediction"):
        predicted.accept()
    assert predicted.controller.study.latest("b") is None and predicted.prediction is not None


def test_damaged_files_of_a_prediction_are_named(predicted):
    run = predicted.controller.runs.all()[0]
    run.uncertainty_path("b").write_bytes(b"rubbish")
    with pytest.raises(BadInput, match="uncertainty"):
        predicted.review("b")
    assert predicted.prediction is None
    with pytest.raises(BadInput, match="no prediction"):
        predicted.review("a")


def test_the_scene_is_closed_during_a_review(predicted):
    import slicer

    predicted.review("b")
    predicted.scene_closing()
    slicer.mrmlScene.Clear(0)
    predicted.scene_closed()
    assert predicted.case is None and predicted.prediction is None
    predicted.poll()
    predicted.review("b")
    assert predicted.prediction is not None
