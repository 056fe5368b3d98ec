"""Where values lie on a chart: scales, round tick values and their texts, and colours that stand out. Without Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ENOUGH_CONTRAST = 3.0  # what WCAG 2 asks of lines in a chart


@dataclass(frozen=True)
class Scale:
    """One direction of a chart: values `low`..`high` lie on pixels `first`..`last`."""

    low: float
    high: float
    first: float
    last: float

    def place(self, value: float) -> float:
        """The pixel of a value; values beyond the ends lie on the end."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return self.first + min(1.0, max(0.0, share)) * (self.last - self.first)


def tick_values(low: float, high: float, about: int) -> list[float]:
    """Round numbers from `low` to `high`, at most a few more than `about`."""
    if not high > low:
        return [low]
    rough = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """Short: "0.25", "1.5", "12k"."""
    return f"{value / 1000:g}k" if abs(value) >= 10_000 else f"{round(value, 6):g}"


def upper_end(values: Sequence[float]) -> float:
    """Where an axis from 0 ends: above all but the few largest values, which would flatten the rest."""
    ordered = sorted(values)
    high = ordered[min(len(ordered) - 1, math.ceil(0.98 * (len(ordered) - 1)))] if ordered else 0.0
    return high * 1.08 if high > 0 else 1.0


def thinned(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most about `most` points: runs of neighbours are replaced by their mean."""
    size = -(-len(points) // max(1, most))
    if size <= 1:
        return list(points)
    groups = [points[at : at + size] for at in range(0, len(points), size)]
    return [
        (sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups
    ]


def readable_on(color: tuple[int, int, int], ground: tuple[int, int, int]) -> tuple[int, int, int]:
    """The colour (0..255 each), mixed with black or white until it stands out from the ground."""
    other = 0 if _luminance(ground) > 0.18 else 255
    for share in range(0, 101, 10):
        mixed = tuple(round(part + (other - part) * share / 100) for part in color)
        if _contrast(mixed, ground) >= _ENOUGH_CONTRAST:
            return (mixed[0], mixed[1], mixed[2])
    return (other, other, other)


def _contrast(one: Sequence[int], two: Sequence[int]) -> float:
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Sequence[int]) -> float:
    linear = [(c / 255 / 12.92) if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
