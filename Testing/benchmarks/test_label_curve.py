"""The label curve: who chooses what, and the table of what it brought."""

from __future__ import annotations

import pytest
from support.fabricated_results import result

from benchmarks.label_curve import arguments_from, who_does_what
from benchmarks.label_curve_table import page, rank_correlation

SPLITS = {
    "labelled_2": ["a", "b"],
    "labelled_4": ["a", "b", "c", "d"],
    "unlabelled": ["u1", "u2", "u3"],
    "validation_2": ["v", "w"],
    "labels": {"0": "background", "1": "liver"},
}


def point(labels: int, dice: list[float]) -> dict:
    return {"labels": labels, "cases": result("dual", dice)["cases"]}


def curve(choice: str, seed: int, last: list[float]) -> dict:
    return {
        "set": "x",
        "method": "dual",
        "choice": choice,
        "seed": seed,
        "points": [point(2, [0.5, 0.6, 0.7, 0.8]), point(4, last)],
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
        if line.startswith("| x | dual | 4")
    ]
    assert [row[3] for row in rows] == ["ours", "random"]
    assert rows[0][4:7] == ["one seed", "0.8500", "-"]
    assert rows[1][4:6] == ["2 seeds", "0.8000 ± 0.0000"]
    assert rows[1][6].startswith("+0.0500 (")


def test_a_good_score_ranks_the_worst_case_first():
    found = point(2, [0.5, 0.6, 0.7, 0.8])
    for case, risk in zip(found["cases"].values(), (0.9, 0.6, 0.7, 0.1), strict=True):
        case["score"]["risk"] = risk
    assert rank_correlation(found) == pytest.approx(0.8)


@pytest.mark.parametrize("wrong", [["4", "2"], ["0", "2"], ["2", "2"]])
def test_numbers_of_labels_rise(wrong):
    with pytest.raises(SystemExit):
        arguments_from(["--labels", *wrong])
