"""The page of the accuracy bench: a row per run, the gains at the same budget, then seeds and others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import cells
from benchmarks.accuracy_results import Result, by_setting, difference, metrics_of, seed_means
from benchmarks.arms import DUAL, LABELS_ONLY, STRONG
from benchmarks.ladder_table import ladder
from benchmarks.published import beside_published
from benchmarks.seed_table import differences, over_seeds
from DualSSLSegLib.evaluation.summary import case_means, summarise
from DualSSLSegLib.evaluation.uncertainty_check import ErrorCapture, failure_detection, summarise_capture
from DualSSLSegLib.ranking.quality import fixed_risk

_HEAD = """# Accuracy with few labels

Written by `benchmarks/accuracy.py` (`--tables` writes it anew from the JSON files of the runs). Every row is one
training; the column `others` is of the same model on labelled cases that it did not see. The case score is the
estimated error of a prediction, so its correlations with Dice are printed with the sign turned: 1 is perfect. It is
computed from its recorded parts by today's formula. Seconds are those to the last step, beside whatever else ran on the
machine.

Some older defaults of `dual` were chosen by single trials on the hippocampus set's validation cases, newer ones, the
residual network among them, on the cases of `others` and of the development runs. Both may flatter our methods.
`dual-crop-by-crop` is `dual` as it was before the networks labelled whole scans (its options stand in the files).
"""
_GAINS = ((STRONG, LABELS_ONLY), (STRONG, DUAL), (DUAL, LABELS_ONLY))


def page(results: Sequence[Result], *, development: bool = False) -> str:
    """Markdown: everything that the results say; those on development cases stand beside no published ones."""
    parts = [_HEAD, table(results), over_seeds(results), differences(results), ladder(results)]
    if not development:
        parts.append(beside_published(results))
    return "\n".join(part for part in parts if part)


def table(results: Sequence[Result]) -> str:
    """Markdown: a row per run with its last model, then the paired differences of the methods.

    Dice 0..1, distances in mm, Pearson's r between case score and Dice with its 95 % interval, and Spearman's.
    """
    lines = [
        "| set | labels | method | seed | budget | Dice | per structure | others | HD95 mm "
        "| ASD mm | Pearson, score and Dice | Spearman | errors in most uncertain quarter "
        "| steps | seconds | peak GB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        summary = summarise(metrics_of(result))
        dice = case_means(metrics_of(result), "dice")
        others = summarise(metrics_of(result, "others")).mean["dice"].mean if result.get("others") else None
        trust = {case: -_risk(row["score"]) for case, row in result["cases"].items()}
        found = failure_detection(trust, dice)
        capture = summarise_capture([_capture(row["capture"]) for row in result["cases"].values()])
        per = " / ".join(cells.number(s.measures["dice"].mean, 3) for s in summary.structures.values())
        mean = seed_means([result], "dice").get(result["seed"])
        hd95, asd = (cells.number(summary.mean[name].mean, 2) for name in ("hd95_mm", "asd_mm"))
        low, high = found.pearson.interval or (None, None)
        lines.append(
            f"| {result['set']} | {result['labels']} | {result['method']} | {result['seed']} "
            f"| {result['budget_text']} | {cells.number(mean, 4)} | {per} "
            f"| {cells.number(others, 4)} | {hd95} | {asd} "
            f"| {cells.number(found.pearson.coefficient, 2)} "
            f"({cells.number(low, 2)} to {cells.number(high, 2)}) | {cells.number(found.spearman.coefficient, 2)} "
            f"| {cells.number(capture.pooled, 2)} "
            f"| {result['training']['iterations']} | {result['training']['seconds_to_last_step']:.0f} "
            f"| {result['training']['peak_bytes'] / 1e9:.2f} |"
        )
    return "\n".join(lines) + "\n" + paired(results)


def paired(results: Sequence[Result]) -> str:
    """Dice of a method minus that of a simpler one at the same budget, cases paired over all seeds that both have."""
    lines = []
    for setting, arms in by_setting(results).items():
        for better, simpler in _GAINS:
            found = difference(arms.get(better, []), arms.get(simpler, []))
            if found is None or found.mean is None:
                continue
            low, high = found.interval or (float("nan"), float("nan"))
            lines.append(
                f"\n{setting.set}, {setting.labels} label(s), {setting.budget}, {found.seeds} seed(s): `{better}` "
                f"minus `{simpler}` {found.mean:+.4f} Dice ({low:+.4f} to {high:+.4f}, paired per case "
                "over the mean of the seeds).\n"
            )
    return "".join(lines)


def _risk(score: dict[str, Any]) -> float:
    """The case score by today's formula: what an older result recorded may have been weighted otherwise."""
    parts = ("disagreement", "expected_dice", "rim_entropy", "outside_largest")
    return fixed_risk(**{name: score[name] for name in parts})


def _capture(row: dict[str, Any]) -> ErrorCapture:
    return ErrorCapture(**{key: value for key, value in row.items() if key != "share"})
