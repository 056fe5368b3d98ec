"""The files of the accuracy bench's results, and what their tables take from them. Older files lack newer fields."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.evaluation.metrics import StructureMetrics
from DualSSLSegLib.evaluation.statistics import bootstrap_interval, paired_difference
from DualSSLSegLib.evaluation.summary import case_means

Result = dict[str, Any]
Metrics = dict[str, dict[str, StructureMetrics]]  # case -> structure -> metrics
Interval = tuple[float, float] | None


@dataclass(frozen=True, order=True)
class Setting:
    """What two arms must share to be compared: the set, how many cases are labelled, and the training time."""

    set: str
    labels: int
    budget: str


@dataclass(frozen=True)
class Difference:
    """First minus second arm, paired per case, each the mean over the seeds that both have; 95 % bootstrap interval.

    Cases are what is drawn from a population; the seeds of a case are no further cases.
    """

    seeds: int
    pairs: int  # cases
    left_out: int  # cases that only one arm has, or where a value is undefined
    mean: float | None
    interval: Interval


def read_results(folder: Path) -> list[Result]:
    """All results of a folder, in the order of their file names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def setting_of(result: Result) -> Setting:
    return Setting(result["set"], result["labels"], result["budget_text"])


def metrics_of(result: Result, which: str = "cases") -> Metrics:
    """The metrics of a result's measured `cases` or of its `others`."""
    return {
        case: {name: StructureMetrics.from_dict(row) for name, row in content["metrics"].items()}
        for case, content in result[which].items()
    }


def by_setting(results: Iterable[Result]) -> dict[Setting, dict[str, list[Result]]]:
    """Results by setting and arm, ordered by set, labels (most first) and budget; the arm `full` has its own."""
    found: dict[Setting, dict[str, list[Result]]] = {}
    for result in sorted(results, key=lambda r: (r["set"], -r["labels"], r["budget_text"])):
        found.setdefault(setting_of(result), {}).setdefault(result["method"], []).append(result)
    return found


def seed_means(runs: Sequence[Result], measure: str) -> dict[int, float]:
    """One measure per seed: its mean over the cases that define it (evaluation/summary.MEASURES)."""
    found = {}
    for run in runs:
        defined = _defined(case_means(metrics_of(run), measure))
        if defined:
            found[run["seed"]] = statistics.fmean(defined.values())
    return found


def undefined(runs: Sequence[Result], measure: str) -> int:
    """Cases of all seeds in which no structure defines a measure: they are in no mean."""
    return sum(value is None for run in runs for value in case_means(metrics_of(run), measure).values())


def difference(first: Sequence[Result], second: Sequence[Result], measure: str = "dice") -> Difference | None:
    """First minus second arm of one setting; None without a common seed."""
    seeds = _common_seeds(first, second)
    if not seeds:
        return None
    found = paired_difference(_over_seeds(first, seeds, measure), _over_seeds(second, seeds, measure))
    return Difference(len(seeds), found.n, len(found.left_out), found.mean, found.interval)


def gap_closed(
    arm: Sequence[Result], labels_only: Sequence[Result], full: Sequence[Result]
) -> tuple[float, Interval] | None:
    """Share of the Dice gap between labels-only and full supervision that an arm closes, with its 95 % interval.

    Mean of (arm - labels-only) over mean of (full - labels-only), paired per case. Arm and labels-only are means over
    the seeds that both have, full supervision over all seeds of its own: its cost lets it have fewer. 0 is none of
    the gap, 1 all; below 0 is a loss. None without common cases and seeds, and where full supervision is not shown to
    be better (the gap's own interval holds 0): a share of a gap that may be chance can be any number.
    """
    seeds = _common_seeds(arm, labels_only)
    one, base = (_defined(_over_seeds(runs, seeds, "dice")) for runs in (arm, labels_only))
    most = _defined(_over_seeds(full, _common_seeds(full), "dice"))
    common = sorted(one.keys() & base.keys() & most.keys())
    if not common:
        return None
    gained, gap = (np.array([values[key] - base[key] for key in common]) for values in (one, most))
    around = bootstrap_interval([gap], _mean)
    if gap.mean() <= 0 or (around is not None and around[0] <= 0):
        return None
    return float(gained.mean() / gap.mean()), bootstrap_interval([gained, gap], _share)


def best_point(run: Result) -> dict[str, Any] | None:
    """The best point of a run's learning curve: step, Dice and cases. None without validation cases in training:
    agreement of the networks is no Dice, and test cases are never measured during training."""
    points = [point for point in run["training"]["curve"] if point["measure"] == "dice"]
    return max(points, key=lambda point: point["mean"] or 0.0, default=None)


def commits_of(runs: Iterable[Result]) -> list[str]:
    """The commits that an arm's runs were made with, each once."""
    return list(dict.fromkeys(run["machine"]["commit"] for run in runs))


def _defined(values: dict[str, float | None]) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}


def _common_seeds(*arms: Sequence[Result]) -> list[int]:
    return sorted(set.intersection(*({run["seed"] for run in runs} for runs in arms)))


def _over_seeds(runs: Sequence[Result], seeds: Sequence[int], measure: str) -> dict[str, float | None]:
    """The mean of each case over the seeds; None where a seed leaves it undefined."""
    tables = [case_means(metrics_of(run), measure) for run in runs if run["seed"] in seeds]
    found: dict[str, float | None] = {}
    for case in dict.fromkeys(case for table in tables for case in table):
        values = [table.get(case) for table in tables]
        known = [value for value in values if value is not None]
        found[case] = sum(known) / len(known) if len(known) == len(values) else None
    return found


def _mean(columns: Sequence[np.ndarray]) -> np.ndarray:
    means: np.ndarray = columns[0].mean(axis=1)
    return means


def _share(columns: Sequence[np.ndarray]) -> np.ndarray:
    gained, gap = (column.sum(axis=1) for column in columns)
    return np.where(gap > 0, gained / np.where(gap > 0, gap, 1), np.nan)
