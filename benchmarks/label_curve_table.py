"""The table of the label curves: Dice and rank correlation of the case score at each number of labels, per choice."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks import cells
from benchmarks.accuracy_results import metrics_of
from DualSSLSegLib.evaluation.statistics import paired_difference, spearman
from DualSSLSegLib.evaluation.summary import case_means

CHOICES = ("ours", "random", "foreground_random")


def page(results: Sequence[dict[str, Any]]) -> str:
    """Markdown: a row per choice and number of labels, means over seeds, and ours minus each random choice."""
    header = [
        "set",
        "method",
        "scans labelled",
        "choice",
        "seeds",
        "Dice",
        "ours minus this one",
        "Spearman of score and Dice",
    ]
    rows = []
    settings = dict.fromkeys((r["set"], r["method"], p["labels"]) for r in results for p in r["points"])
    for set_name, method, labels in settings:
        at = {
            choice: {
                result["seed"]: point
                for result in results
                for point in result["points"]
                if (result["set"], result["method"], point["labels"]) == (set_name, method, labels)
                and result["choice"] == choice
            }
            for choice in CHOICES
        }
        for choice, points in at.items():
            if not points:
                continue
            dice = [statistics.fmean(_dice(point).values()) for point in points.values()]
            ranks = [rank_correlation(point) for point in points.values()]
            rows.append(
                [
                    set_name,
                    method,
                    str(labels),
                    choice,
                    cells.seeds(len(points)),
                    cells.mean_and_spread(dice, 4),
                    cells.NOTHING if choice == "ours" else _gain(at["ours"], points),
                    cells.mean_and_spread([value for value in ranks if value is not None], 2),
                ]
            )
    return (
        "# Dice against the number of labels\n\n"
        "Means over the test cases after each training, which goes on from the one before; the differences are paired "
        "per case over the mean of the seeds that both have, with 95 % bootstrap intervals. The score is the estimated "
        "error of a prediction, so its correlation is printed with the sign turned.\n\n"
    ) + cells.table(header, rows)


def rank_correlation(point: dict[str, Any]) -> float | None:
    """Spearman between the case score (risk, sign turned) and true Dice over the test cases."""
    dice = _dice(point)
    found = spearman([-point["cases"][case]["score"]["risk"] for case in dice], list(dice.values()))
    return found.coefficient


def _dice(point: dict[str, Any]) -> dict[str, float]:
    return {case: value for case, value in case_means(metrics_of(point), "dice").items() if value is not None}


def _gain(ours: dict[int, Any], other: dict[int, Any]) -> str:
    seeds = sorted(ours.keys() & other.keys())
    if not seeds:
        return cells.NOTHING
    one, two = (_mean([_dice(points[seed]) for seed in seeds]) for points in (ours, other))
    found = paired_difference(one, two)
    return cells.signed(found.mean, found.interval, 4)


def _mean(tables: Sequence[dict[str, float]]) -> dict[str, float | None]:
    shared = set.intersection(*(set(table) for table in tables))
    return {case: statistics.fmean(table[case] for table in tables) for case in sorted(shared)}
