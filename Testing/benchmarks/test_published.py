"""Published rows with protocol and source, nothing recalled passes as read, ours only where it was measured."""

from __future__ import annotations

import pytest
from support.fabricated_results import result

from benchmarks.published import HEADER, PUBLISHED, beside_published


def rows(results):
    lines = [line for line in beside_published(results).splitlines() if line.startswith("|")]
    return [dict(zip(HEADER, line.strip("| ").split(" | "), strict=False)) for line in lines[2:]]


def test_every_published_row_names_its_protocol_point_and_source():
    assert {"protocol", "point", "source"} <= set(HEADER)
    for row in rows([]):
        assert row["protocol"]
        assert row["point"]
    assert all(row.source for row in PUBLISHED)


def test_recalled_numbers_are_marked():
    (sdcl,) = (row for row in rows([]) if row["method"] == "SDCL")
    assert all(sdcl[column].endswith("?") for column in ("Dice %", "Jaccard %", "95HD voxels", "ASD voxels"))
    assert {"?" in row["Dice %"] for row in rows([]) if row["method"] == "TraCoCo"} == {False}


def test_labels_only_rows_claim_no_unlabelled_scans():
    assert all("unlabelled" not in row["protocol"] for row in rows([]) if row["method"].startswith("V-Net"))


@pytest.mark.parametrize("device", ["cpu", None])
def test_without_a_gpu_ours_is_not_measured(device):
    found = [
        row
        for row in rows([result("dual", [0.9], set="la", labels=8, device=device)])
        if "ours" in row["method"]
    ]
    assert [row["labels"] for row in found] == ["4", "8", "16", "80"]
    assert {row["Dice %"] for row in found} == {"Not measured"}


def test_ours_on_a_gpu_stands_in_its_setting_with_its_own_protocol_and_seeds():
    runs = [
        result("dual", [0.90, 0.92], set="la", labels=8, device="cuda", budget_text="6000 steps", seed=seed)
        for seed in (0, 1)
    ]
    runs.append(result("full", [0.92, 0.94], set="la", labels=64, device="cuda", budget_text="6000 steps"))
    ours = [row for row in rows(runs) if "ours" in row["method"]]
    measured = [row for row in ours if row["Dice %"] != "Not measured"]
    assert [(row["method"], row["labels"], row["seeds"]) for row in measured] == [
        ("**ours, dual**", "8", "2 seeds"),
        ("**ours, full**", "64", "one seed"),
    ]
    assert measured[0]["Dice %"] == "91.00 ± 0.00"
    assert measured[0]["point"] == "last"
    assert "7 train, 1 validate" in measured[0]["protocol"]
