"""Journals become rounds: repeated steps count once, time at work is what was worked, nothing is claimed unmeasured."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.fabricated_report import fabricated_report

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.report.cards import LARGE, MOST, choose
from DualSSLSegLib.report.history import TrainedRound, as_round, trained_rounds
from DualSSLSegLib.report.page import page
from DualSSLSegLib.report.reliability import reliability
from DualSSLSegLib.report.scoring import (
    Evaluation,
    accuracy,
    captured,
    correlation,
    mean_dice,
    uncertainty_check,
)
from DualSSLSegLib.report.words import count, duration, memory, signed

ROLES = {"a": "labelled", "b": "unlabelled", "c": "predict"}


def _round(folder: Path, events: list[dict[str, Any]], spec: dict[str, Any] | None = None) -> TrainedRound:
    rows = [{"id": case, "role": role} for case, role in ROLES.items()]
    run = RunFolder.create(folder, {"kind": "train", "method": "dual", **(spec or {})}, {"cases": rows})
    lines = [json.dumps({"v": 1, "seq": number, **event}) for number, event in enumerate(events, 1)]
    run.events_path.write_text("\n".join(lines) + "\n")
    write_json(run.scores_path, {"suggestions": []})
    (item,) = trained_rounds([run])
    return item


def _step(step: int, ce: float, at: float = 0.0) -> dict[str, Any]:
    terms = {"ce_a": ce, "ce_b": 3 * ce, "cosine": 0.5, "learning_rate": 0.1}
    return {"t": at, "type": "progress", "step": step, "total": 4, "terms": terms}


RESUMED = [
    {"t": 100.0, "type": "started", "attempt": 1},
    {"t": 101.0, "type": "phase", "name": "cache"},
    {"t": 101.5, "type": "progress", "step": 9, "total": 9},
    {"t": 102.0, "type": "phase", "name": "train"},
    _step(1, 1.0, 103.0),
    _step(2, 9.0, 104.0),
    {"t": 105.0, "type": "validated", "step": 2, "measure": "agreement", "agreement": {"x": 0.2}},
    {"t": 110.0, "type": "heartbeat", "memory_mb": 2048.0},
    {"t": 1000.0, "type": "started", "attempt": 2},
    {"t": 1001.0, "type": "phase", "name": "train"},
    _step(2, 0.5, 1002.0),
    _step(4, 0.25, 1004.0),
    {"t": 1005.0, "type": "validated", "step": 4, "measure": "agreement", "agreement": {"x": 0.6}},
    {"t": 1020.0, "type": "finished", "steps": 4, "memory_mb": 1024.0},
]


def test_a_resumed_round_counts_every_step_once(tmp_path: Path) -> None:
    shown = as_round(_round(tmp_path, RESUMED))
    losses = {series.name: series for series in shown.curves[0].series}
    assert set(losses) == {"ce", "cosine"}
    assert losses["ce"].x == [1, 2, 4]
    assert losses["ce"].y == pytest.approx([2.0, 1.0, 0.5])
    assert shown.curves[1].series[0].y == [0.2, 0.6]


def test_time_is_the_time_at_work_and_memory_the_most_of_all_attempts(tmp_path: Path) -> None:
    item = _round(tmp_path, RESUMED)
    assert item.seconds == pytest.approx(10.0 + 20.0)
    assert item.memory_mb == 2048.0


def test_agreement_is_never_called_accuracy(tmp_path: Path) -> None:
    shown = as_round(_round(tmp_path, RESUMED))
    assert "no measure of accuracy" in shown.notes[-1]
    dice = {
        "t": 1006.0,
        "type": "validated",
        "step": 4,
        "measure": "dice",
        "dice": {"x": 0.9},
        "agreement": {"x": 0.7},
    }
    honest = as_round(_round(tmp_path, [*RESUMED[:-1], dice]))
    assert honest.curves[1].title == "Dice on validation scans"
    assert len(honest.curves) == 2
    assert honest.notes == ()


def test_a_run_that_predicted_nothing_is_no_round(tmp_path: Path) -> None:
    assert trained_rounds([RunFolder.create(tmp_path, {"kind": "train"}, {"cases": []})]) == []


def _evaluation(
    dice: dict[str, float | None], risk: float = 0.1, table: dict[str, int] | None = None
) -> Evaluation:
    """Every structure of `table` (name to label value) has the same Dice in a case."""
    table = table or {"x": 1}
    cases = {
        case: {
            "structures": {
                name: {
                    "dice": value,
                    "hd95_mm": None if value is None else 2.0,
                    "asd_mm": None,
                    "state": "absent" if value is None else "missed" if value == 0 else "present",
                }
                for name in table
            },
            "risk": risk,
        }
        for case, value in dice.items()
    }
    return Evaluation(
        {
            "cases": cases,
            "structures": [{"name": name, "value": value} for name, value in table.items()],
            "failure_detection": {"pearson": {"coefficient": -0.7, "interval": [-0.8, -0.5], "n": 12}},
            "capture": {"pooled": 0.64, "interval": None},
        },
        {},
    )


def test_rounds_are_compared_on_the_cases_that_all_of_them_have(tmp_path: Path) -> None:
    first, second = _round(tmp_path, RESUMED), _round(tmp_path, RESUMED)
    evaluations = {
        first.run.id: _evaluation({"a": 0.1, "b": 0.6, "c": 0.8}),
        second.run.id: _evaluation({"b": 0.7, "c": 0.9}),
    }
    kept, unlabelled = accuracy([first, second], evaluations)
    assert kept.group == "1 scan kept out of training"
    assert [scores[0].dice.mean for _, scores in kept.rounds] == [0.8, 0.9]
    assert [scores[0].dice.mean for _, scores in unlabelled.rounds] == [0.6, 0.7]
    assert accuracy([first], {}) == ()


def test_a_renamed_structure_keeps_its_rows_and_an_added_one_has_dashes_before(tmp_path: Path) -> None:
    first, second = _round(tmp_path, RESUMED), dataclasses.replace(_round(tmp_path, RESUMED), number=2)
    evaluations = {
        first.run.id: _evaluation({"c": 0.75}, table={"x": 1}),
        second.run.id: _evaluation({"c": 0.875}, table={"liver": 1, "spleen": 2}),
    }
    evaluations[second.run.id].cases["c"]["structures"]["spleen"]["dice"] = 0.125
    (kept,) = accuracy([first, second], evaluations)
    assert [[score.structure for score in scores] for _, scores in kept.rounds] == [
        ["liver"],
        ["liver", "spleen"],
    ]
    assert mean_dice(kept) == [0.75, 0.875]
    shown = page(dataclasses.replace(fabricated_report(), accuracy=(kept,)))
    words = " ".join(re.sub("<[^>]*>", " ", shown).split())
    assert "liver Round 1 0.750 2.00 – 0 1 Round 2 0.875" in words
    assert "spleen Round 1 – – – – – Round 2 0.125" in words


def test_undefined_and_missed_structures_are_not_perfect_ones(tmp_path: Path) -> None:
    item = _round(tmp_path, RESUMED)
    kept, unlabelled = accuracy([item], {item.run.id: _evaluation({"b": 0.0, "c": None})})
    score = kept.rounds[0][1][0]
    assert (score.dice.number, score.dice.mean) == (0, None)
    assert unlabelled.rounds[0][1][0].missed == 1


def test_the_uncertainty_check_speaks_of_what_was_measured(tmp_path: Path) -> None:
    item, evaluation = _round(tmp_path, RESUMED), _evaluation({"b": 0.7, "c": 0.9})
    check = uncertainty_check(item, evaluation)
    assert check is not None
    assert [dot.group for dot in check.dots] == [0, 1]
    assert "r = −0.70 (95 % interval −0.80 to −0.50), 12 scans" in correlation(evaluation)
    assert captured(evaluation).startswith("64 % of all wrong voxels")
    nothing = Evaluation({"cases": {}, "failure_detection": None, "capture": None}, {})
    assert (correlation(nothing), captured(nothing)) == ("", "")
    assert uncertainty_check(item, nothing) is None


def test_the_worst_the_middle_and_the_best_are_shown_large() -> None:
    names = [f"case_{index:03d}" for index in range(300)]
    risks = {name: index / 300 for index, name in enumerate(names)}
    large, small = choose(dict.fromkeys(names), risks, None)  # type: ignore[arg-type]
    assert large[:3] == ["case_299", "case_298", "case_297"]
    assert large[-1] == "case_000"
    assert len(large) == LARGE
    assert len(large) + len(small) == MOST
    assert not set(large) & set(small)
    few, none = choose(dict.fromkeys(names[:3]), risks, None)  # type: ignore[arg-type]
    assert (len(few), none) == (3, [])


def test_true_dice_decides_where_it_is_known() -> None:
    names = [f"case_{index}" for index in range(10)]
    evaluation = _evaluation({name: index / 10 for index, name in enumerate(names[:8])})
    large, small = choose(dict.fromkeys(names), dict.fromkeys(names, 0.5), evaluation)  # type: ignore[arg-type]
    assert large[0] == "case_0"
    assert large[-1] == "case_7"
    assert {"case_8", "case_9"} <= set(small)


def test_numbers_read_well() -> None:
    assert (count(1, "scan"), count(2, "scan")) == ("1 scan", "2 scans")
    assert (duration(75), memory(1536.0), memory(None)) == ("1 min 15 s", "1.5 GB", "an unknown amount")
    assert signed(-0.5) == "−0.50"


def test_a_scan_that_an_earlier_round_was_trained_on_is_not_shown_as_unseen(tmp_path: Path) -> None:
    item = _round(tmp_path, RESUMED, {"seen_by_parent": {"c": "unlabelled"}})
    (group,) = accuracy([item], {item.run.id: _evaluation({"b": 0.6, "c": 0.8})})
    assert group.group == "2 scans trained on without their label"
    assert ("Scans", "1 labelled, 1 unlabelled, 0 kept out of training, 1 kept out of this round only") in (
        as_round(item).facts
    )


def _calibrated(**changes: Any) -> dict[str, Any]:
    bins = [
        {"low": 0.4, "high": 0.5, "confidence": 0.45, "accuracy": 0.9, "count": 3},
        {"low": 0.6, "high": 0.7, "confidence": 0.65, "accuracy": 0.6, "count": 900},
        {"low": 0.9, "high": 1.0, "confidence": 0.96, "accuracy": 0.94, "count": 5000},
    ]
    event = {"type": "calibrated", "t": 111.0, "temperature": 1.3, "calibrated": True, "cases": 2}
    return {
        **event,
        "error_before": 0.051,
        "error_after": 0.012,
        "bins": bins,
        "bins_before": bins,
        **changes,
    }


def test_a_calibrated_training_has_a_reliability_diagram_without_bins_of_a_few_voxels(tmp_path):
    found = reliability(_round(tmp_path, [*RESUMED, _calibrated()]))
    assert found is not None
    assert [series.x for series in found.series] == [[0.65, 0.96]] * 2
    for word in ("0.051", "0.012", "1.30", "2 validation scans"):
        assert word in found.sentence
    shown = page(dataclasses.replace(fabricated_report(), reliability=found))
    assert "Can its probabilities be believed?" in shown
    assert shown.count("<circle") > page(fabricated_report()).count("<circle")


def test_an_uncalibrated_training_has_none_and_an_older_journal_draws_what_it_has(tmp_path):
    assert reliability(_round(tmp_path / "a", RESUMED)) is None
    uncalibrated = _calibrated(calibrated=False, error_before=None, error_after=None)
    assert reliability(_round(tmp_path / "b", [*RESUMED, uncalibrated])) is None
    older = _calibrated()
    del older["bins_before"]
    found = reliability(_round(tmp_path / "c", [*RESUMED, older]))
    assert found is not None and [series.name for series in found.series] == ["with the temperature"]
