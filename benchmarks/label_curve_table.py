"""The table of the label curves: Dice and rank correlation of the case score at each number of labels, per choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import cells
from benchmarks.accuracy_results import difference, metrics_of, seed_means
from DualSSLSegLib.evaluation.statistics import spearman
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
            choice: [
                {"seed": result["seed"], "cases": point["cases"]}
                for result in results
                for point in result["points"]
                if (result["set"], result["method"], point["labels"]) == (set_name, method, labels)
                and result["choice"] == choice
            ]
            for choice in CHOICES
        }
        for choice, points in at.items():
            if not points:
                continue
            gain = difference(at["ours"], points) if choice != "ours" else None
            ranks = [rank_correlation(point) for point in points]
            rows.append(
                [
                    set_name,
                    method,
                    str(labels),
                    choice,
                    cells.seeds(len(points)),
                    cells.mean_and_spread(list(seed_means(points, "dice").values()), 4),
                    cells.signed(gain.mean, gain.interval, 4) if gain else cells.NOTHING,
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
    measured = case_means(metrics_of(point), "dice")
    dice = {case: value for case, value in measured.items() if value is not None}
    risks = [point["cases"][case]["score"]["risk"] for case in dice]
    return spearman([-risk for risk in risks], list(dice.values())).coefficient
