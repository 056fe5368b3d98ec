"""The report's charts: learning curves, case score against true overlap, reliability, and overlap of every case
before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from DualSSLSegLib.report.axes import WIDTH, Axis, axis_x, axis_y, chart, number, ticks
from DualSSLSegLib.report.palette import SERIES

_MOST_POINTS = 300
_STRIP_LEFT, _STRIP_RIGHT, _STRIP_HEAD, _STRIP_ROW, _STRIP_FOOT = 66, 16, 24, 28, 36


@dataclass(frozen=True)
class Series:
    """One named line: `x` and `y` of equal length; y may hold None or NaN where nothing was measured."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]


@dataclass(frozen=True)
class Dot:
    """One case in a scatter chart; `group` is the index of its series, `text` is shown when pointed at."""

    x: float
    y: float
    text: str
    group: int = 0


def line_chart(series: Sequence[Series], *, x_label: str, y_label: str, title: str) -> str:
    """Learning curves as one chart with its legend, smoothed lightly over the values as measured."""
    drawn = [(item, *_finite(item)) for item in series]
    drawn = [(item, x, y) for item, x, y in drawn if len(x)]
    if not drawn:
        return ""
    all_x = np.concatenate([x for _, x, _ in drawn])
    all_y = np.concatenate([y for _, _, y in drawn])
    top = float(np.percentile(all_y, 99.5))
    low = min(0.0, float(all_y.min()))
    x_axis, y_axis = (
        axis_x(float(min(0.0, all_x.min())), float(all_x.max())),
        axis_y(low, _headroom(low, top)),
    )
    parts = []
    for index, (_, x, y) in enumerate(drawn):
        colour = SERIES[index % len(SERIES)]
        if len(x) > 30:
            parts.append(_polyline(x_axis, y_axis, x, y, colour, "raw"))
        parts.append(_polyline(x_axis, y_axis, x, _smoothed(y), colour, "line"))
    svg = chart(x_axis, y_axis, "".join(parts), x_label=x_label, y_label=y_label, title=title)
    keys = [(item.name, SERIES[index % len(SERIES)]) for index, (item, _, _) in enumerate(drawn)]
    return f"<figure>{svg}<figcaption>{_legend(keys)}</figcaption></figure>"


def scatter_chart(
    dots: Sequence[Dot], groups: Sequence[str], *, x_label: str, y_label: str, title: str, caption: str = ""
) -> str:
    """One dot per case. The y axis is an overlap from 0 to 1 and starts just below the lowest case."""
    if not dots:
        return ""
    low_y = max(0.0, min(dot.y for dot in dots) - 0.05)
    x_axis = axis_x(0.0, _headroom(0.0, max(dot.x for dot in dots)))
    y_axis = axis_y(low_y, 1.0)
    parts = [
        f'<circle cx="{x_axis.place(dot.x):.1f}" cy="{y_axis.place(dot.y):.1f}" r="3.6" '
        f'fill="{SERIES[dot.group % len(SERIES)]}" class="dot"><title>{escape(dot.text)}</title></circle>'
        for dot in dots
    ]
    svg = chart(x_axis, y_axis, "".join(parts), x_label=x_label, y_label=y_label, title=title)
    keys = [(name, SERIES[index % len(SERIES)]) for index, name in enumerate(groups)]
    return f"<figure>{svg}<figcaption>{_legend(keys)}{caption}</figcaption></figure>"


def reliability_chart(series: Sequence[Series], *, title: str) -> str:
    """Accuracy over confidence, both 0..1, with the line on which they are equal."""
    low = min(min(item.x) for item in series)
    low_y = min(low, *(min(value for value in item.y if value is not None) for item in series))
    x_axis, y_axis = axis_x(max(0.0, low - 0.02), 1.0), axis_y(max(0.0, low_y - 0.02), 1.0)
    start = max(x_axis.low, y_axis.low)
    parts = [
        f'<line stroke="{SERIES[-1]}" stroke-dasharray="4 4" '
        f'x1="{x_axis.place(start):.1f}" y1="{y_axis.place(start):.1f}" '
        f'x2="{x_axis.place(1):.1f}" y2="{y_axis.place(1):.1f}"/>'
    ]
    for index, item in enumerate(series):
        x, y = _finite(item)
        colour = SERIES[index % len(SERIES)]
        parts.append(_polyline(x_axis, y_axis, x, y, colour, "line"))
        parts += [
            f'<circle cx="{x_axis.place(a):.1f}" cy="{y_axis.place(b):.1f}" r="2.6" fill="{colour}"/>'
            for a, b in zip(x, y, strict=True)
        ]
    svg = chart(
        x_axis,
        y_axis,
        "".join(parts),
        x_label="confidence: the highest probability of a voxel",
        y_label="share of voxels that are right",
        title=title,
    )
    keys = [(item.name, SERIES[index % len(SERIES)]) for index, item in enumerate(series)]
    return f"<figure>{svg}<figcaption>{_legend(keys)}</figcaption></figure>"


def strip_chart(groups: Sequence[tuple[str, Sequence[tuple[str, Sequence[float]]]]], *, title: str) -> str:
    """Per group (a structure) one row of dots per name (a round), each dot a case's Dice; the tall line is the mean."""
    finite = [
        (group, [(name, [value for value in values if np.isfinite(value)]) for name, values in rows])
        for group, rows in groups
    ]
    everything = [value for _, rows in finite for _, values in rows for value in values]
    if not everything:
        return ""
    # Below 1 even when every Dice is 1, so that the axis has a length.
    low = min(0.9, float(np.floor(10 * max(0.0, min(everything))) / 10))
    bottom = sum(_STRIP_HEAD + len(rows) * _STRIP_ROW for _, rows in finite) + 4
    x = Axis(low, 1.0, _STRIP_LEFT, WIDTH - _STRIP_RIGHT)
    parts = []
    for value in ticks(low, 1.0):
        at = x.place(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="4" y2="{bottom}"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 14}" text-anchor="middle">{number(value)}</text>')
    top = 0
    for group, rows in finite:
        parts.append(f'<text class="name" x="4" y="{top + 17}">{escape(group)}</text>')
        top += _STRIP_HEAD
        for index, (name, values) in enumerate(rows):
            parts.append(_strip(x, name, values, top + _STRIP_ROW / 2, SERIES[index % len(SERIES)]))
            top += _STRIP_ROW
    middle = (x.first + x.last) / 2
    parts.append(f'<text class="name" x="{middle}" y="{bottom + 30}" text-anchor="middle">Dice</text>')
    return (
        f'<figure><svg class="chart" viewBox="0 0 {WIDTH} {bottom + _STRIP_FOOT}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{"".join(parts)}</svg></figure>'
    )


def _strip(x: Axis, name: str, values: Sequence[float], centre: float, colour: str) -> str:
    parts = [f'<text x="{_STRIP_LEFT - 10}" y="{centre + 4:.1f}" text-anchor="end">{escape(name)}</text>']
    for place, value in enumerate(values):
        # spread evenly over the row, the same way every time
        shift = ((place * 0.618034) % 1.0 - 0.5) * 0.6 * _STRIP_ROW
        parts.append(
            f'<circle class="dot" cx="{x.place(value):.1f}" cy="{centre + shift:.1f}" r="2.6" fill="{colour}"/>'
        )
    if values:
        mean = x.place(float(np.mean(values)))
        half = 0.42 * _STRIP_ROW
        line = f'x1="{mean:.1f}" x2="{mean:.1f}" y1="{centre - half:.1f}" y2="{centre + half:.1f}"'
        parts.append(f'<line class="mean" {line}/>')
    return "".join(parts)


def _finite(series: Series) -> tuple[np.ndarray, np.ndarray]:
    x = np.asarray(series.x, float)
    y = np.array([np.nan if value is None else value for value in series.y], float)
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep], y[keep]
    if len(x) > _MOST_POINTS:
        starts = np.arange(0, len(x), -(-len(x) // _MOST_POINTS))
        sizes = np.diff(np.append(starts, len(x)))  # the last block may be shorter
        x = np.add.reduceat(x, starts) / sizes
        y = np.add.reduceat(y, starts) / sizes
    return x, y


def _smoothed(y: np.ndarray) -> np.ndarray:
    """Centred moving average over a twentieth of the curve; short curves stay as they are."""
    half = len(y) // 40
    if half == 0:
        return y
    sums = np.cumsum(np.concatenate([[0.0], y]))
    start = np.maximum(np.arange(len(y)) - half, 0)
    stop = np.minimum(np.arange(len(y)) + half + 1, len(y))
    return (sums[stop] - sums[start]) / (stop - start)


def _polyline(x_axis: Axis, y_axis: Axis, x: np.ndarray, y: np.ndarray, colour: str, kind: str) -> str:
    shown = np.clip(y, y_axis.low, y_axis.high)
    points = " ".join(
        f"{x_axis.place(float(a)):.1f},{y_axis.place(float(b)):.1f}" for a, b in zip(x, shown, strict=True)
    )
    return f'<polyline class="{kind}" stroke="{colour}" points="{points}"/>'


def _headroom(low: float, high: float) -> float:
    return high + 0.06 * (high - low) if high > low else low + 1.0


def _legend(keys: Sequence[tuple[str, str]]) -> str:
    if not keys:
        return ""
    items = (
        f'<span class="key"><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in keys
    )
    return "".join(items)
