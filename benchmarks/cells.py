"""How numbers stand in the tables of the benchmarks. "-" is "not there": undefined, or not measured by that run."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

NOTHING = "-"
NOT_MEASURED = "Not measured"


def number(value: float | None, digits: int) -> str:
    """A number with so many digits after the point."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def mean_and_spread(values: Sequence[float], digits: int, factor: float = 1.0) -> str:
    """Mean over seeds and their standard deviation (n - 1); a single value stands alone, it has no spread."""
    if not values:
        return NOTHING
    scaled = [value * factor for value in values]
    mean = f"{statistics.fmean(scaled):.{digits}f}"
    return mean if len(scaled) == 1 else f"{mean} ± {statistics.stdev(scaled):.{digits}f}"


def seeds(count: int) -> str:
    """How many seeds; one is said to be one."""
    return NOTHING if count == 0 else "one seed" if count == 1 else f"{count} seeds"


def signed(value: float | None, interval: tuple[float, float] | None, digits: int) -> str:
    """A difference with its interval: "+0.0042 (-0.0021 to +0.0116)"."""
    if value is None:
        return NOTHING
    if interval is None:
        return f"{value:+.{digits}f} (no interval)"
    low, high = interval
    return f"{value:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def share(found: tuple[float, tuple[float, float] | None] | None) -> str:
    """A share of 0..1 in percent with its interval: "41 % (12 to 70 %)"."""
    if found is None:
        return NOTHING
    value, interval = found
    text = f"{100 * value:.0f} %"
    return text if interval is None else f"{text} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f} %)"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
