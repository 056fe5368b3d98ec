"""Arms over their seeds: mean and spread, paired differences from labels-only, share of the gap to full supervision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks import cells
from benchmarks.accuracy_results import (
    Result,
    best_point,
    by_setting,
    commits_of,
    difference,
    gap_closed,
    seed_means,
    undefined,
)
from benchmarks.arms import FULL, LABELS_ONLY

# (title, measure, digits): as published means in voxels with medpy's definitions, see evaluation/metrics.py
MEASURES = (
    ("Dice, last", "dice", 4),
    ("Jaccard, last", "jaccard", 4),
    ("95HD voxels, as published", "medpy_hd95_voxels", 2),
    ("ASD voxels, as published", "medpy_asd_voxels", 2),
    ("95HD mm", "hd95_mm", 2),
    ("ASD mm", "asd_mm", 2),
)


def over_seeds(results: Sequence[Result]) -> str:
    """Markdown: a row per arm and setting, mean ± standard deviation over seeds of the per-seed means."""
    header = [
        "set", "labels", "method", "budget", "seeds", "cases that train / validate / go unlabelled", "measured on",
        *(title for title, _, _ in MEASURES), "best Dice of the curve, for comparison only",
        "rim ECE at T = 1", "rim ECE at the run's T", "device", "commit",
    ]  # fmt: skip
    rows = [
        [
            setting.set,
            str(setting.labels),
            method,
            setting.budget,
            cells.seeds(len(runs)),
            _roles(runs[0]),
            runs[0].get("measured_on", cells.NOTHING),
            *(_measured(runs, measure, digits) for _, measure, digits in MEASURES),
            _best(runs),
            *_calibration(runs),
            _each(_device(run) for run in runs),
            _each(commits_of(runs)),
        ]
        for setting, arms in by_setting(results).items()
        for method, runs in arms.items()
    ]
    return (
        "## Over seeds\n\n"
        "Every number is of the model after the last step (last), mean over cases, then mean ± standard deviation over "
        "seeds; one seed has no spread. Best is the best point of a run's own learning curve, on the cases "
        "that it kept for validation, in brackets their number: for comparison only, and - where a run kept none. "
        "ECE is the expected calibration error over the rims of the predictions, before and after the run's "
        "temperature T, which needs 8 labelled cases. - stands for what a run did not measure.\n\n"
    ) + cells.table(header, rows)


def differences(results: Sequence[Result]) -> str:
    """Markdown: every arm minus labels-only of the same setting, and the share of the gap to `full` it closes."""
    settings = by_setting(results)
    rows = []
    for setting, arms in settings.items():
        base = arms.get(LABELS_ONLY, [])
        full = [
            run
            for other, there in settings.items()
            if (other.set, other.budget) == (setting.set, setting.budget)
            for run in there.get(FULL, [])
        ]
        compared = {name: runs for name, runs in arms.items() if name not in (LABELS_ONLY, FULL)}
        for method, runs in {**compared, FULL: full}.items():
            dice, distance = difference(runs, base), difference(runs, base, "hd95_mm")
            if dice is None or distance is None:
                continue
            gap = gap_closed(runs, base, full) if method != FULL else None
            rows.append(
                [
                    setting.set,
                    str(setting.labels),
                    setting.budget,
                    method,
                    cells.seeds(dice.seeds),
                    str(dice.pairs),
                    cells.signed(dice.mean, dice.interval, 4),
                    cells.signed(distance.mean, distance.interval, 2)
                    + (f", {distance.left_out} left out" if distance.left_out else ""),
                    cells.share(gap),
                ]
            )
    if not rows:
        return ""
    header = [
        "set", "labels", "budget", "method", "seeds", "cases", "Dice minus labels_only", "95HD mm minus labels_only",
        "share of the gap to full supervision closed",
    ]  # fmt: skip
    return (
        "## Differences at the same budget\n\n"
        "Paired per case, each the mean over the seeds; 95 % bootstrap intervals over the cases, which say nothing of "
        "how much another training differs. A budget in steps alone is the same number of steps, not the same time. "
        "Full supervision is labels_only with the labels of all other cases; where it is not shown to be better, "
        "there is no gap to close.\n\n"
    ) + cells.table(header, rows)


def _measured(runs: Sequence[Result], measure: str, digits: int) -> str:
    text = cells.mean_and_spread(list(seed_means(runs, measure).values()), digits)
    missing = undefined(runs, measure)
    return f"{text}, {missing} left out" if missing else text


def _best(runs: Sequence[Result]) -> str:
    points = [point for run in runs if (point := best_point(run)) is not None]
    text = cells.mean_and_spread([point["mean"] for point in points], 4)
    counts = sorted({point["cases"] for point in points if "cases" in point})
    return f"{text} ({' or '.join(map(str, counts))})" if counts else text


def _calibration(runs: Sequence[Result]) -> tuple[str, str]:
    found = [run["calibration"] for run in runs if run.get("calibration")]
    before = cells.mean_and_spread([row["before"] for row in found], 3)
    fitted = [row for row in found if row["calibrated"]]
    if not fitted:
        return before, "uncalibrated" if found else cells.NOTHING
    after = cells.mean_and_spread([row["after"] for row in fitted], 3)
    temperatures = " / ".join(f"{row['temperature']:.2f}" for row in fitted)
    return before, f"{after} (T {temperatures})"


def _roles(run: Result) -> str:
    known = [run.get(key) for key in ("trained", "validated", "unlabelled")]
    return cells.NOTHING if None in known else " / ".join(map(str, known))


def _device(run: Result) -> str:
    return (run["training"].get("device") or {}).get("device") or cells.NOTHING


def _each(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
