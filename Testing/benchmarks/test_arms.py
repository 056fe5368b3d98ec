"""Arms and budgets: names that never collide, and a ladder over every term."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.arms import TERMS, TrainingTime, arms, result_name, rung_of, training_time
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.methods.catalogue import options_from
from DualSSLSegLib.methods.dual_options import DualOptions
from DualSSLSegLib.methods.dual_strong_options import DualStrongOptions


def test_a_budget_is_written_in_one_word():
    assert training_time("5min") == TrainingTime(minutes=5.0)
    assert training_time("0.5 min").text == "0.5 min"
    counted = TrainingTime(iterations=680, stands_for="5 min")
    assert (counted.text, counted.request) == ("5 min in steps", {"iterations": 680})
    assert training_time("6000steps").request == {"iterations": 6000}
    for wrong in ("5", "5h", "0min", "2.5steps", ""):
        with pytest.raises(BadInput, match="budget"):
            training_time(wrong)


def test_results_keep_the_names_that_finished_runs_have():
    name = result_name("hippocampus", "labels_only", 4, training_time("5min"), 0)
    assert name == "hippocampus_labels_only_4labels_5min_seed0.json"
    assert result_name("la", "dual", 8, training_time("889steps"), 2) == "la_dual_8labels_889steps_seed2.json"


def test_options_go_to_the_methods_that_have_them_and_are_in_their_names_unless_a_tag_is():
    dual, base = arms(["dual", "labels_only"], options=["keep=0.5"])
    assert (dual.name, dual.options) == ("dual+keep=0.5", {"keep": "0.5"})
    assert (base.name, base.options) == ("labels_only", {})
    assert [arm.name for arm in arms(["dual", "labels_only"], options=["keep=0.5"], tag="-try")] == [
        "dual-try",
        "labels_only-try",
    ]


def test_an_option_that_both_methods_have_keeps_them_equal():
    found = arms(["dual", "labels_only", "full"], options=["optimiser=adamw"])
    assert [arm.options for arm in found] == [{"optimiser": "adamw"}] * 3
    assert found[1].name == "labels_only+optimiser=adamw"


def test_full_supervision_is_labels_only_with_more_labels():
    (full,) = arms(["full"])
    assert (full.name, full.method, full.full) == ("full", "labels_only", True)


def test_the_ladder_has_the_strong_method_the_baseline_and_every_term_off_once():
    found = arms([], ladder=True)
    start = "dual_strong+labels_first_steps=0"
    assert [arm.name for arm in found[:2]] == [start, "labels_only"]
    assert [rung_of(arm.name) for arm in found[2:]] == [(start, term) for term in TERMS]
    default = dataclasses.asdict(DualStrongOptions(labels_first_steps=0))
    for arm, (option, _) in zip(found[2:], TERMS.values(), strict=True):
        changed = dataclasses.asdict(options_from("dual_strong", arm.options))
        assert [name for name in default if changed[name] != default[name]] == [option]


def test_a_ladder_of_dual_has_no_rung_for_what_only_the_strong_method_does():
    rungs = [rung_of(arm.name) for arm in arms(["dual"], ladder=True)]
    assert [rung[1] for rung in rungs if rung] == [term for term in TERMS if term not in ("looks", "shapes")]


def test_unlabelled_scans_join_in_a_ladder_however_short_it_is_unless_told_otherwise():
    assert arms(["dual"], ladder=True)[0].options == {"labels_first_steps": "0"}
    later = arms(["dual"], options=["labels_first_steps=50"], ladder=True)
    assert {arm.options["labels_first_steps"] for arm in later if arm.method == "dual"} == {"50"}
    assert arms(["dual"])[0].options == {}


def test_the_terms_are_all_weights_of_dual_but_the_common_one():
    weights = {
        f.name for f in dataclasses.fields(DualOptions) if f.name.endswith("_weight") and f.type == "float"
    }
    assert weights - {"unlabelled_weight"} == {o for o, _ in TERMS.values() if o.endswith("_weight")}


def test_a_term_that_is_off_already_is_no_rung():
    names = [arm.name for arm in arms(["dual"], options=["cosine_weight=0"], tag="-x", ladder=True)]
    assert "dual-x-no-cosine" not in names
    assert "dual-x-no-cross" in names
    assert rung_of("dual-x-no-cross") == ("dual-x", "cross")
    assert rung_of("dual") is None
    assert rung_of("dual-no-sense") is None


@pytest.mark.parametrize("wrong", [{"methods": ["none"]}, {"options": ["keep"]}, {"options": ["kept=1"]}])
def test_what_no_training_could_do_is_refused_before_the_first(wrong):
    with pytest.raises(BadInput):
        arms(**{"methods": ["dual"], **wrong})
