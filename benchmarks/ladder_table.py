"""The ablation ladder: what each term of a method brings, by the runs that had it switched off."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import cells
from benchmarks.accuracy_results import Difference, Result, by_setting, difference, seed_means
from benchmarks.arms import LABELS_ONLY, rung_of

HEADER = (
    "set", "labels", "budget", "method", "seeds", "Dice, last", "what the term brings: with it minus without",
    "so the term", "minus labels_only", "cases",
)  # fmt: skip

_FEW_SEEDS = 2


def ladder(results: Sequence[Result]) -> str:
    """Markdown: the default, each rung and labels-only with paired Dice differences; empty without any rung.

    The first difference of a rung is the default minus the rung at the same budget: above 0 the term helps, and where
    the interval holds 0 nothing is shown either way.
    """
    rows = []
    for setting, arms in by_setting(results).items():
        rungs = {name: found for name in arms if (found := rung_of(name)) is not None}
        base = arms.get(LABELS_ONLY, [])
        shown = [*dict.fromkeys(start for start, _ in rungs.values()), *rungs, LABELS_ONLY]
        for name in shown if rungs else []:
            runs = arms.get(name, [])
            term = difference(arms.get(rungs[name][0], []), runs) if name in rungs else None
            gain = difference(runs, base) if name != LABELS_ONLY else None
            either = term or gain
            rows.append(
                [
                    setting.set,
                    str(setting.labels),
                    setting.budget,
                    name,
                    cells.seeds(len(runs)),
                    cells.mean_and_spread(list(seed_means(runs, "dice").values()), 4),
                    _text(term),
                    _verdict(term),
                    _text(gain),
                    str(either.pairs) if either else cells.NOTHING,
                ]
            )
    if not rows:
        return ""
    return (
        "## Ladder: one term off at a time\n\n"
        "Dice differences at the same budget (in steps alone, the same number of steps), paired per case (mean over "
        "seeds), with 95 % bootstrap intervals over the cases, which say nothing of how much another training "
        "differs. An interval that holds 0 shows nothing, and several are looked at here: about one in twenty leaves "
        "0 out by chance.\n\n"
    ) + cells.table(HEADER, rows)


def _text(found: Difference | None) -> str:
    return cells.NOTHING if found is None else cells.signed(found.mean, found.interval, 4)


def _verdict(term: Difference | None) -> str:
    """What an interval over the cases shows; so few trainings show nothing of how much another one differs."""
    if term is None or term.interval is None:
        return cells.NOTHING
    if term.seeds <= _FEW_SEEDS:
        return "has too few seeds"
    low, high = term.interval
    return "helps" if low > 0 else "costs" if high < 0 else "is not shown to do anything"
