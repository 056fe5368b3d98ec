"""The label curve: who chooses what, and the table of what it brought."""

from __future__ import annotations

import pytest
from support.fabricated_results import result

from benchmarks.label_curve import _name, arguments_from, who_does_what
from benchmarks.label_curve_table import page, rank_correlation

SPLITS = {
    "labelled_2": ["a", "b"],
    "labelled_4": ["a", "b", "c", "d"],
    "unlabelled": ["u1", "u2", "u3"],
    "validation_2": ["v", "w"],
    "labels": {"0": "background", "1": "liver"},
}


def point(labels: int, dice: list[float], steps: int = 300) -> dict:
    return {"labels": labels, "training": {"iterations": steps}, "cases": result("dual", dice)["cases"]}


def curve(choice: str, seed: int, last: list[float], *, steps: int = 300, candidates: int = 40) -> dict:
    return {
        "set": "x",
        "method": "dual",
        "choice": choice,
        "seed": seed,
        "candidates": candidates,
        "points": [point(2, [0.5, 0.6, 0.7, 0.8], steps), point(4, last, steps)],
    }


def test_candidates_are_the_other_labelled_scans_first_and_never_those_that_are_measured():
    who = who_does_what(SPLITS, 2, 3)
    assert (who.labelled, who.unlabelled, who.measured) == (("a", "b"), ("c", "d", "u1"), ("v", "w"))
    assert who_does_what(SPLITS, 2, 100).unlabelled == ("c", "d", "u1", "u2", "u3")


def test_the_table_pairs_ours_with_each_random_choice():
    ours, other = [0.8, 0.8, 0.9, 0.9], [0.7, 0.8, 0.8, 0.9]
    rows = [
        line.split(" | ")
        for line in page(
            [curve("ours", 0, ours), curve("random", 0, other), curve("random", 1, other)]
        ).splitlines()
        if line.startswith("| x | dual | 300 | 40 | 4")
    ]
    assert [row[5] for row in rows] == ["ours", "random"]
    assert rows[0][6:9] == ["one seed", "0.8500", "-"]
    assert rows[1][6:8] == ["2 seeds", "0.8000 ± 0.0000"]
    assert rows[1][8].startswith("+0.0500 (")


def test_curves_of_other_trainings_and_other_candidates_have_rows_of_their_own():
    same = [0.8, 0.8, 0.9, 0.9]
    ours, other = curve("ours", 0, same), curve("random", 0, same)
    text = page([ours, {**other, "candidates": 9}, curve("random", 0, same, steps=999)])
    rows = [line.split(" | ")[1:6] for line in text.splitlines() if line.startswith("| x")]
    assert [row[1:] for row in rows if row[3] == "4"] == [
        ["300", "40", "4", "ours"],
        ["300", "9", "4", "random"],
        ["999", "40", "4", "random"],
    ]
    assert "+0.0" not in text  # nothing to compare with


def test_results_of_other_candidates_are_in_a_file_of_their_own():
    usual = _name(arguments_from([]), "ours", 0)
    assert usual == "hippocampus_ours_dual_2-4-6-8-10-12labels_300steps_seed0.json"
    assert _name(arguments_from(["--candidates", "50"]), "ours", 0) == usual.replace(
        "steps_", "steps_50candidates_"
    )


def test_a_good_score_ranks_the_worst_case_first():
    found = point(2, [0.5, 0.6, 0.7, 0.8])
    for case, risk in zip(found["cases"].values(), (0.9, 0.6, 0.7, 0.1), strict=True):
        case["score"]["risk"] = risk
    assert rank_correlation(found) == pytest.approx(0.8)


@pytest.mark.parametrize("wrong", [["4", "2"], ["0", "2"], ["2", "2"]])
def test_numbers_of_labels_rise(wrong):
    with pytest.raises(SystemExit):
        arguments_from(["--labels", *wrong])
