"""Scales, ticks and colours of the plot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from DualSSLSegLib.panel.plot_scale import Scale, readable_on, thinned, tick_text, tick_values, upper_end

parts = st.tuples(*[st.integers(0, 255)] * 3)


def contrast(one, two) -> float:
    """WCAG 2, written out once more."""

    def luminance(color):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in color)
        ]
        return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = max(luminance(one), luminance(two)), min(luminance(one), luminance(two))
    return (high + 0.05) / (low + 0.05)


@given(parts, parts)
def test_every_line_can_be_told_from_its_ground(color, ground):
    assert contrast(readable_on(color, ground), ground) >= 3.0


def test_a_colour_that_stands_out_stays_as_it_is():
    assert readable_on((230, 25, 75), (255, 255, 255)) == (230, 25, 75)


@given(st.floats(0, 1e5), st.floats(0.01, 1e5), st.integers(2, 8))
def test_ticks_are_few_even_and_within(low, span, about):
    values = tick_values(low, low + span, about)
    assert 1 <= len(values) <= about + 1
    assert all(low - 1e-6 * span <= value <= low + span * (1 + 1e-6) for value in values)


def test_ticks_are_round():
    assert [tick_text(v) for v in tick_values(0, 1, 4)] == ["0", "0.5", "1"]
    assert [tick_text(v) for v in tick_values(0, 40_000, 4)] == ["0", "10k", "20k", "30k", "40k"]
    assert tick_values(3, 3, 4) == [3]


def test_values_beyond_the_ends_lie_on_the_end():
    scale = Scale(0, 10, 100, 200)
    assert (scale.place(5), scale.place(99), scale.place(-1)) == (150, 200, 100)
    assert Scale(1, 1, 100, 200).place(1) == 100


def test_a_wild_start_does_not_flatten_the_rest():
    assert upper_end([500.0, *[1.0] * 99]) == pytest.approx(1.08)
    assert upper_end([]) == 1.0


def test_thinning_keeps_the_mean():
    points = [(float(n), float(n % 7)) for n in range(1000)]
    few = thinned(points, 100)
    assert len(few) <= 100
    assert sum(y for _, y in few) / len(few) == pytest.approx(sum(y for _, y in points) / 1000)
    assert thinned(points[:5], 100) == points[:5]
