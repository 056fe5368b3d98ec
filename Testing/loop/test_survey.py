"""One look at a study for the panel, and what comes next."""

from __future__ import annotations

import shutil

import pytest
from support.predictions import predicted_run
from support.studies import GRID, label_of, tiny_study

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.draft_facts import save_draft
from DualSSLSegLib.loop.survey import counts_of, next_up, survey


def test_before_anything_is_trained_the_list_says_what_is_next(tmp_path):
    loop = Controller(tiny_study(tmp_path / "s"))
    found = survey(loop)
    assert found.queue is None and found.run is None and len(found.rows) == 3
    assert counts_of(found.rows) == {
        "new": 3,
        "predicted": 0,
        "in_progress": 0,
        "labelled": 0,
        "reviewed": 0,
        "failed": 0,
    }
    assert next_up(found.rows, None).case == "a" and next_up(found.rows, None, "a").case == "b"
    save_draft(loop.study, "c", label_of(), GRID)
    unfinished = next_up(survey(loop).rows, None)
    assert unfinished.case == "c" and "unfinished" in unfinished.reason


def test_the_queue_of_the_newest_model_leads_and_its_scores_stay(tmp_path):
    loop = Controller(tiny_study(tmp_path / "s"))
    loop.label("b", label_of(), author="Ada")
    run = predicted_run(loop.study, {"c": label_of(), "a": label_of()})
    found = survey(loop)
    assert found.run == run and found.queue.by_model
    assert [(row.id, row.state, row.rank, row.score) for row in found.rows] == [
        ("a", "predicted", 2, 0.9),
        ("b", "labelled", None, None),
        ("c", "predicted", 1, 1.0),
    ]
    assert next_up(found.rows, found.queue).case == "c"
    assert next_up(found.rows, found.queue, "c").case == "a"
    loop.accept("c", author="Ada")
    after = survey(loop)
    assert after.rows[2].score == 1.0 and after.rows[2].rank is None and after.rows[2].state == "reviewed"
    assert next_up(after.rows, found.queue).case == "a"  # also with a queue that is not new any more
    loop.accept("a", author="Ada")
    assert next_up(survey(loop).rows, survey(loop).queue) is None


def test_a_folder_that_is_gone_is_named(tmp_path):
    loop = Controller(tiny_study(tmp_path / "s"))
    shutil.move(tmp_path / "s", tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="cannot be reached"):
        survey(loop)
    shutil.move(tmp_path / "elsewhere", tmp_path / "s")
    assert len(survey(loop).rows) == 3


def test_publishing_in_shares_leaves_nothing(tmp_path):
    loop = Controller(tiny_study(tmp_path / "s"))
    predicted_run(loop.study, {"a": label_of(), "b": label_of(), "c": label_of()})
    shares = []
    shares.append(loop.publish(at_most_s=0.0))
    while loop.publishing_left:
        shares.append(loop.publish(at_most_s=0.0))
    assert [case for share in shares for case in share] == ["a", "b", "c"] and len(shares[0]) == 1
    assert len(list(loop.study.layout.original.iterdir())) == 3


def test_predictions_that_cannot_be_published_count_in_a_share_and_are_tried_once(tmp_path):
    """Thousands of damaged ones would otherwise hold up all other work at once, and again with every share."""
    loop = Controller(tiny_study(tmp_path / "s"))
    run = predicted_run(loop.study, {"a": label_of(), "b": label_of(), "c": label_of()})
    for case in ("a", "b"):
        run.prediction_path(case).write_bytes(b"no label")
    assert loop.publish(at_most_s=0.0) == [] and loop.publishing_left and list(loop.unpublished) == ["a"]
    assert loop.publish(at_most_s=0.0) == [] and loop.publishing_left and list(loop.unpublished) == ["a", "b"]
    assert loop.publish() == ["c"] and not loop.publishing_left and list(loop.unpublished) == ["a", "b"]
    predicted_run(loop.study, {"a": label_of()})  # the next time all are tried again
    assert loop.publish() == ["a"] and list(loop.unpublished) == ["b"]


def test_what_stands_as_it_did_is_not_made_anew(tmp_path):
    loop = Controller(tiny_study(tmp_path / "s"))
    predicted_run(loop.study, {"c": label_of(), "a": label_of()})
    before = survey(loop)
    loop.label("b", label_of(), author="Ada")
    after = survey(loop, before)
    assert after == survey(loop)
    assert after.rows[0] is before.rows[0] and after.rows[2] is before.rows[2]
    assert after.queue.cases[0] is before.queue.cases[0]
    loop.accept("c", author="Ada")
    last = survey(loop, after)
    assert last == survey(loop) and last.rows[0].rank == 1
    predicted_run(loop.study, {"a": label_of(), "c": label_of(1)})  # another ranking of the same cases
    assert survey(loop, last) == survey(loop)
