"""Hot spots as a list to work through, and the score in words."""

from __future__ import annotations

import pytest
from support.predictions import predicted_run
from support.studies import label_of, tiny_study

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.hot_spot_list import hot_spot_list, score_words


def test_hot_spots_are_numbered_and_remember_who_was_seen(tmp_path):
    loop = Controller(tiny_study(tmp_path))
    run = predicted_run(loop.study, {"a": label_of()})
    loop.study.update_review("a", lambda review: review.with_seen(run.id, [2]).with_seen("older run", [1]))
    first, second = hot_spot_list(loop, loop.prediction("a"))
    assert (first.number, first.seen, second.number, second.seen) == (1, False, 2, True)
    assert first.volume_mm3 > second.volume_mm3 and first.sentence == "Place 1."
    assert first.centre_ras_mm == (-1.0, 2.0, 3.0)


def test_damaged_facts_are_named(tmp_path):
    loop = Controller(tiny_study(tmp_path))
    run = predicted_run(loop.study, {"a": label_of()})
    run.prediction_facts_path("a").write_text('{"hot_spots": [{"peak": 1}]}')
    with pytest.raises(BadInput, match="damaged") as caught:
        hot_spot_list(loop, loop.prediction("a"))
    assert caught.value.path == str(run.prediction_facts_path("a"))


def test_the_score_says_what_it_rests_on():
    score = {"risk": 0.25, "networks": 2, "disagreement": 0.1, "rim_entropy": 0.3, "missing": ["tumour"]}
    words = score_words({"score": score, "calibrated": True})
    assert words == (
        "Estimated error 0.25 of 1, from: the two networks overlap with Dice 0.90; "
        "mean uncertainty in and around the structures 0.30 of 1; not found: tumour. "
        "It puts cases in order and is no measured error."
    )
    nothing = {
        **score,
        "disagreement": 0.0,
        "missing": [],
        "structures": [{"name": "tumour", "disagreement": None}],
    }
    assert "overlap" not in score_words({"score": nothing, "calibrated": True})
    assert "uncertainty is not calibrated" in score_words({"score": {"risk": 0.5}})
    assert score_words({}) == ""
