"""The tables of the accuracy bench on results that nobody measured: what was not measured is "-", one seed is one."""

from __future__ import annotations

import pytest
from support.fabricated_results import case, old_result, result, structure

from benchmarks.accuracy_results import best_point, by_setting, difference, gap_closed
from benchmarks.accuracy_table import page, table
from benchmarks.seed_table import differences, over_seeds

DUAL = [0.84, 0.86, 0.90, 0.80]
BASE = [0.80, 0.84, 0.86, 0.78]  # 0.03 below
FULL = [0.90, 0.94, 0.96, 0.88]  # 0.10 above the baseline


def two_seeds(method: str, dice: list[float], **changes) -> list[dict]:
    return [
        result(method, dice, seed=0, **changes),
        result(method, [d + 0.02 for d in dice], seed=1, **changes),
    ]


def cells_of(markdown: str, *, row: int = 0) -> dict[str, str]:
    """A row of the first table in a text, by column title."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    columns = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return dict(zip(columns[0], columns[2 + row], strict=True))


def test_results_without_newer_fields_have_the_old_table_and_dashes():
    old = [old_result("dual", DUAL), old_result("labels_only", BASE)]
    row = cells_of(table(old))
    assert (row["set"], row["seed"], row["budget"], row["Dice"], row["others"]) == (
        "hippocampus", "0", "5 min", "0.8500", "-",
    )  # fmt: skip
    assert list(row)[-3:] == ["steps", "seconds", "peak GB"]
    newer = cells_of(over_seeds(old))
    for column in ("rim ECE at T = 1", "rim ECE at the run's T", "device", "measured on"):
        assert newer[column] == "-"
    assert "4 label(s), 5 min, 1 seed(s): `dual` minus `labels_only` +0.0300 Dice" in page(old)


def test_a_score_that_was_weighted_otherwise_is_computed_anew():
    run = result("dual", DUAL)
    for row in run["cases"].values():
        row["score"]["risk"] = 1 - row["score"]["risk"]
    found = cells_of(table([run]))
    assert found["Pearson, score and Dice"].startswith("1.00 (") and found["Spearman"] == "1.00"


def test_a_structure_that_neither_side_has_is_in_no_mean():
    run = result("dual", [0.8, 0.6])
    first, second = run["cases"].values()
    absent = dict.fromkeys(structure(0.5)) | {"state": "absent", "diagonal_mm": 100.0}
    first["metrics"]["bone"] = absent
    assert cells_of(table([run]))["Dice"] == "0.7000"
    second["metrics"] = {"bone": absent}
    assert cells_of(table([run]))["Dice"] == "0.8000"
    first["metrics"] = {"bone": absent}
    assert cells_of(table([run]))["Dice"] == "-"


def test_one_seed_is_said_to_be_one_and_has_no_spread():
    row = cells_of(over_seeds([result("dual", DUAL)]))
    assert row["seeds"] == "one seed"
    assert row["Dice, last"] == "0.8500"


def test_more_seeds_have_mean_and_spread_of_the_seeds():
    row = cells_of(over_seeds(two_seeds("dual", DUAL)))
    assert row["seeds"] == "2 seeds"
    assert row["Dice, last"] == "0.8600 ± 0.0141"
    assert row["95HD voxels, as published"] == "2.00 ± 0.00"
    assert row["95HD mm"] == "4.00 ± 0.00"


def test_best_is_there_only_where_the_run_kept_cases_and_never_agreement():
    title = "best Dice of the curve, for comparison only"
    assert cells_of(over_seeds([result("dual", DUAL)]))[title] == "-"
    kept = result("dual", DUAL, labels=8)
    assert cells_of(over_seeds([kept]))[title] == "0.9300 (1)"
    assert best_point(kept)["step"] == 50
    assert best_point(old_result("dual", DUAL)) is None


def test_a_run_without_a_temperature_is_uncalibrated():
    few, many = result("dual", DUAL), result("dual", DUAL, labels=8)
    assert cells_of(over_seeds([few]))["rim ECE at T = 1"] == "0.080"
    assert cells_of(over_seeds([few]))["rim ECE at the run's T"] == "uncalibrated"
    assert cells_of(over_seeds([many]))["rim ECE at the run's T"] == "0.030 (T 1.50)"


def test_differences_are_of_cases_over_the_seeds_that_both_have():
    dual = two_seeds("dual", DUAL)
    base = [*two_seeds("labels_only", BASE), result("labels_only", [0.1] * 4, seed=2)]
    found = difference(dual, base)
    assert (found.seeds, found.pairs, found.left_out) == (2, 4, 0)
    assert found.mean == pytest.approx(0.03)
    assert found.interval[0] < 0.03 < found.interval[1]
    assert difference(dual, [result("labels_only", BASE, seed=5)]) is None


def test_only_equal_times_labels_and_sets_are_compared():
    runs = [
        result("dual", DUAL),
        result("labels_only", BASE, budget_text="10 min"),
        result("labels_only", BASE, labels=1),
        result("labels_only", BASE, set="la"),
    ]
    assert len(by_setting(runs)) == 4
    assert differences(runs) == ""


def test_a_gap_that_may_be_chance_has_no_share():
    base, dual = [result("labels_only", BASE)], [result("dual", DUAL)]
    full = [0.90, 0.76, 0.95, 0.69]  # 0.005 above the baseline, with cases on both sides
    assert gap_closed(dual, base, [result("full", full, labels=154)]) is None
    assert gap_closed(dual, base, [result("full", FULL, labels=154)]) is not None


def test_the_share_of_the_gap_is_what_dual_gains_of_what_all_labels_gain():
    dual, base = two_seeds("dual", DUAL), two_seeds("labels_only", BASE)
    full = two_seeds("full", FULL, labels=154)
    share, interval = gap_closed(dual, base, full)
    assert share == pytest.approx(0.3)
    assert interval[0] < 0.3 < interval[1]
    assert gap_closed(dual, full, base) is None
    assert gap_closed(dual, base, full[:1])[0] == pytest.approx(
        0.03 / 0.09
    )  # one seed of full supervision will do
    first, second = (cells_of(differences([*dual, *base, *full]), row=row) for row in (0, 1))
    assert first["share of the gap to full supervision closed"].startswith("30 % (")
    assert (second["method"], second["labels"], second["Dice minus labels_only"][:7]) == (
        "full",
        "4",
        "+0.1000",
    )


def test_a_case_that_misses_a_structure_is_counted_where_it_has_no_distance():
    run = result("dual", DUAL)
    run["cases"]["case_9"] = case(0.0)
    run["cases"]["case_9"]["metrics"]["organ"].update(
        state="missed", hd95_mm=None, medpy_hd95_voxels=None, asd_mm=None, medpy_asd_voxels=None
    )
    row = cells_of(over_seeds([run]))
    assert row["95HD mm"] == "4.00, 1 left out"
    assert row["Dice, last"] == "0.6800"


def test_development_results_stand_beside_no_published_ones():
    runs = [result("dual", DUAL, measured_on="development")]
    assert "published results" in page(runs)
    assert "published results" not in page(runs, development=True)
