"""Validation is frozen when a case is labelled, before anything was trained on it."""

from __future__ import annotations

import pytest
from support.studies import label_of, tiny_study

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.splits import frozen_for, with_newly_labelled, with_set

CASES = [f"c{number:02d}" for number in range(1, 20)]


def _label(study, cases, origin="manual"):
    for case in cases:
        study.add_revision(case, label_of(), author="Ada", origin=origin)


def test_from_the_eighth_labelled_case_every_fifth_is_frozen(tmp_path):
    study = tiny_study(tmp_path, CASES)
    _label(study, CASES[:7])
    assert study.splits.validation == ()
    _label(study, CASES[7:14])
    assert study.splits.validation == ("c08", "c13")
    _label(study, ["c08", "c01"], "corrected")  # labelled before: their place stays
    _label(study, CASES[14:])
    assert StudyFolder.open(tmp_path).splits.validation == ("c08", "c13", "c18")
    assert study.split("c08") == "validation" and study.split("c09") == "train"
    assert {c.id: c.split for c in study.status().cases}["c13"] == "validation"


def test_accepted_predictions_are_not_labelled_cases(tmp_path):
    study = tiny_study(tmp_path, CASES)
    _label(study, CASES[:10], "accepted")
    assert study.splits.validation == () and study.splits.train == ()
    _label(study, CASES[:8], "corrected")
    assert study.splits.validation == ("c08",)


def test_where_a_person_has_chosen_validation_cases_the_policy_adds_none(tmp_path):
    study = tiny_study(tmp_path, CASES)
    table = study.set_split(["c18", "c19"], "validation")
    assert table.validation == ("c18", "c19") == table.set_by_user
    study.set_split(["c17"], "test")
    _label(study, CASES)
    assert study.splits.validation == ("c18", "c19") and study.splits.test == ("c17",)


def test_cases_a_run_has_trained_on_cannot_be_kept_for_validation(tmp_path):
    study = tiny_study(tmp_path, CASES)
    run = study.runs_dir / "20260101T000000000Z-train-abcd"
    roles = [{"id": "c08", "role": "labelled"}, {"id": "c09", "role": "unlabelled"}]
    write_json(run / "inputs.json", {"v": 1, "cases": roles})
    with pytest.raises(BadInput, match="c08 cannot be kept for test: a run has been trained on it"):
        study.set_split(["c08", "c09"], "test")
    assert study.splits.test == ()
    _label(study, CASES[:9])
    assert study.splits.validation == ("c09",), "the policy passes over what was trained on"
    assert study.set_split(["c08"], "test", force=True).test == ("c08",)


def test_unknown_words_change_nothing(tmp_path):
    study = tiny_study(tmp_path, CASES)
    with pytest.raises(BadInput, match="Use one of train, validation, test"):
        study.set_split(["c01"], "holdout")
    with pytest.raises(BadInput, match="no case 'c99'"):
        study.set_split(["c01", "c99"], "test")
    assert study.splits.test == ()


def test_the_order_of_labelling_decides_and_gaps_heal():
    labelled = [f"x{n}" for n in range(40)]
    at_once = with_newly_labelled({}, labelled, set)
    one_by_one: dict = {}
    for count in range(1, 41):
        one_by_one = with_newly_labelled(one_by_one, labelled[:count], set)
    assert at_once == one_by_one
    assert sum(e.split == "validation" for e in at_once.values()) == frozen_for(40) == 7
    moved = with_newly_labelled(with_set(at_once, ["x7"], "train"), ["new"], set)
    assert moved["x7"].split == "train"


def test_a_label_that_was_kept_is_never_reported_as_lost(tmp_path):
    study = tiny_study(tmp_path, [f"c{n}" for n in range(8)])
    for number in range(7):
        study.add_revision(f"c{number}", label_of(), author="Ada", origin="manual")
    run = study.runs_dir / "20260101T000000000Z-train-abcd"
    run.mkdir(parents=True)
    (run / "inputs.json").write_text("{}")  # what it was trained on is not known, so no split can be chosen
    with pytest.raises(BadInput, match=r"kept as revision 1 of 'c7'.*inputs of this run are damaged"):
        study.add_revision("c7", label_of(), author="Ada", origin="manual")
    assert study.latest("c7").number == 1


def test_what_was_trained_on_is_looked_up_once_however_many_labels_come():
    asked = []
    splits = with_newly_labelled({}, [f"x{n}" for n in range(40)], lambda: asked.append(1) or {"x9"})
    assert len(asked) == 1 and splits["x9"].split == "train"
