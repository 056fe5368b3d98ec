"""The frame of a chart: scales, round tick values, grid lines and labels, as inline SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 420, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 38


@dataclass(frozen=True)
class Axis:
    """One direction of a chart: values `low`..`high` lie on pixels `first`..`last`."""

    low: float
    high: float
    first: float
    last: float

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)


def axis_x(low: float, high: float) -> Axis:
    """Horizontal axis over the drawing area."""
    return Axis(low, high if high > low else low + 1.0, _LEFT, WIDTH - _RIGHT)


def axis_y(low: float, high: float) -> Axis:
    """Vertical axis over the drawing area; larger values are higher."""
    return Axis(low, high if high > low else low + 1.0, HEIGHT - _BOTTOM, _TOP)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between `low` and `high`, about so many."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / about
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def number(value: float) -> str:
    """A tick's text: no needless digits, thousands as "12k"."""
    if abs(value) >= 10_000:
        return f"{value / 1000:g}k"
    return f"{round(value, 6):g}"


def chart(x: Axis, y: Axis, content: str, *, x_label: str, y_label: str, title: str) -> str:
    """A whole chart around `content` (already in pixels)."""
    parts = []
    for value in ticks(y.low, y.high):
        at = y.place(value)
        parts.append(f'<line class="grid" x1="{x.first}" x2="{x.last}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{x.first - 6}" y="{at + 3.5:.1f}" text-anchor="end">{number(value)}</text>')
    for value in ticks(x.low, x.high):
        at = x.place(value)
        parts.append(f'<line class="tick" x1="{at:.1f}" x2="{at:.1f}" y1="{y.first}" y2="{y.first + 4}"/>')
        parts.append(f'<text x="{at:.1f}" y="{y.first + 16}" text-anchor="middle">{number(value)}</text>')
    middle_x, middle_y = (x.first + x.last) / 2, (y.first + y.last) / 2
    parts.append(f'<line class="base" x1="{x.first}" x2="{x.last}" y1="{y.first}" y2="{y.first}"/>')
    parts.append(
        f'<text class="name" x="{middle_x}" y="{HEIGHT - 5}" text-anchor="middle">{escape(x_label)}</text>'
    )
    parts.append(
        f'<text class="name" x="11" y="{middle_y}" text-anchor="middle" '
        f'transform="rotate(-90 11 {middle_y})">{escape(y_label)}</text>'
    )
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}{content}</svg>"
    )
