"""The ladder says of each term what it brings over the same run without it."""

from __future__ import annotations

from support.fabricated_results import result

from benchmarks.ladder_table import ladder

DUAL, BASE, WITHOUT = [0.84, 0.86, 0.90, 0.80], [0.80, 0.84, 0.86, 0.78], [0.83, 0.84, 0.90, 0.79]


def test_without_a_rung_there_is_no_ladder():
    assert ladder([result("dual", DUAL), result("labels_only", BASE)]) == ""


def test_default_rungs_and_baseline_stand_in_one_table_with_intervals():
    runs = [result("labels_only", BASE), result("dual-no-cosine", WITHOUT), result("dual", DUAL)]
    rows = [line.split(" | ") for line in ladder(runs).splitlines() if line.startswith("| hippocampus")]
    assert [row[3] for row in rows] == ["dual", "dual-no-cosine", "labels_only"]
    default, rung, base = rows
    assert (default[6], default[7], default[8][:7]) == ("-", "-", "+0.0300")
    assert rung[6:8] == ["+0.0100 (+0.0025 to +0.0175)", "has too few seeds"]
    assert rung[8].startswith("+0.0200 (")
    assert base[6:9] == ["-", "-", "-"]
    assert {row[4] for row in rows} == {"one seed"}


def test_a_rung_whose_default_is_not_measured_yet_has_dashes():
    rung = next(
        line for line in ladder([result("dual-no-cross", WITHOUT)]).splitlines() if "dual-no-cross" in line
    )
    assert rung.endswith("| - | - | - | - |")


def test_three_seeds_or_more_have_a_verdict():
    def verdict(without):
        runs = [result("dual", DUAL, seed=seed) for seed in range(3)]
        runs += [result("dual-no-cosine", without, seed=seed) for seed in range(3)]
        return next(line.split(" | ")[7] for line in ladder(runs).splitlines() if "-no-cosine" in line)

    assert verdict(WITHOUT) == "helps"
    assert verdict([value + 0.02 for value in DUAL]) == "costs"
    assert verdict([0.86, 0.84, 0.92, 0.78]) == "is not shown to do anything"
