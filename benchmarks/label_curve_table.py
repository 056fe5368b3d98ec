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
        "steps",
        "candidates",
        "scans labelled",
        "choice",
        "seeds",
        "Dice",
        "ours minus this one",
        "Spearman of score and Dice",
    ]
    rows = []
    settings = dict.fromkeys(_setting(result, point) for result in results for point in result["points"])
    for setting in settings:
        at = {
            choice: [
                {"seed": result["seed"], "cases": point["cases"]}
                for result in results
                for point in result["points"]
                if _setting(result, point) == setting and result["choice"] == choice
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
                    *map(str, setting),
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


def _setting(result: dict[str, Any], point: dict[str, Any]) -> tuple[str, str, int, int, int]:
    """What the points of one row share: set, method, steps of a training, scans to choose from, scans labelled."""
    steps = point["training"]["iterations"]
    return result["set"], result["method"], steps, result["candidates"], point["labels"]


def rank_correlation(point: dict[str, Any]) -> float | None:
    """Spearman between the case score (risk, sign turned) and true Dice over the test cases."""
    measured = case_means(metrics_of(point), "dice")
    dice = {case: value for case, value in measured.items() if value is not None}
    risks = [point["cases"][case]["score"]["risk"] for case in dice]
    return spearman([-risk for risk in risks], list(dice.values())).coefficient
