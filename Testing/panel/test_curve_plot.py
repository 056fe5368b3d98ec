"""The learning curves: scales, colours that can be seen, values that can be read."""

from __future__ import annotations

import pytest

from DualSSLSegLib.loop.run_words import Curve

pytestmark = pytest.mark.panel

LOSS = Curve("loss", tuple((float(step), 2.0 - step / 100) for step in range(0, 110, 10)), "loss")
LIVER = Curve("liver", ((20.0, 0.3), (60.0, 0.6), (100.0, 0.8)), "agreement")
TUMOUR = Curve("tumour", ((20.0, 0.1), (60.0, 0.25), (100.0, 0.4)), "agreement")
COLORS = {"liver": "#ffe119", "tumour": "#e6194b"}


@pytest.fixture
def plot(clean_host):
    from DualSSLSegLib.panel.curve_plot import CurvePlot

    plot = CurvePlot()
    plot.resize(430, 300)
    plot.show_curves([LOSS, LIVER, TUMOUR], COLORS)
    plot.show()
    clean_host.settle(30)
    yield plot
    plot.close()


def press(widget, key) -> None:
    import qt

    event = qt.QKeyEvent(qt.QEvent.KeyPress, key, qt.Qt.NoModifier)
    qt.QApplication.sendEvent(widget, event)


def colors_of(plot) -> dict[str, int]:
    """How many pixels have which colour."""
    image = plot.grab().toImage()
    counts: dict[str, int] = {}
    for x in range(image.width()):
        for y in range(image.height()):
            name = image.pixelColor(x, y).name()
            counts[name] = counts.get(name, 0) + 1
    return counts


def test_the_legend_tells_the_newest_values_and_those_at_the_reading_line(plot):
    assert plot.accessibleDescription == "loss 1.00; liver 0.80; tumour 0.40"
    plot.read_at(58)
    assert plot.reading == 60.0
    assert plot.accessibleDescription == "loss 1.40; liver 0.60; tumour 0.25"
    plot.read_at(0)  # before the first measure of a structure
    assert plot.accessibleDescription == "loss 2.00; liver; tumour"
    plot.read_at(None)
    assert plot.reading is None


def test_the_arrow_keys_move_the_reading_line_to_what_was_measured(plot):
    import qt

    press(plot, qt.Qt.Key_Left)
    assert plot.reading == 100.0
    press(plot, qt.Qt.Key_Left)
    assert plot.reading == 90.0
    for _ in range(20):
        press(plot, qt.Qt.Key_Left)
    assert plot.reading == 0.0
    press(plot, qt.Qt.Key_Right)
    assert plot.reading == 10.0
    press(plot, qt.Qt.Key_Escape)
    assert plot.reading is None


def test_the_mouse_reads_the_step_it_points_at(plot):
    import qt

    right = qt.QPointF(plot.rect.width() - 12, 40)
    event = qt.QMouseEvent(
        qt.QEvent.MouseMove, right, right, qt.Qt.NoButton, qt.Qt.NoButton, qt.Qt.NoModifier
    )
    qt.QApplication.sendEvent(plot, event)
    assert plot.reading == 100.0


def test_each_structure_is_drawn_in_a_colour_of_its_own(plot):
    found = colors_of(plot)
    assert found.get("#e6194b", 0) > 50  # stands out as it is
    assert "#ffe119" not in found  # yellow on light grey: darkened until it can be seen
    plot.show_curves([LOSS], COLORS)
    assert colors_of(plot).get("#e6194b", 0) == 0


def test_the_height_follows_what_there_is_to_show(plot):
    both = plot.height
    plot.show_curves([LOSS], COLORS)
    one = plot.height
    plot.show_curves([], COLORS)
    assert plot.height < one < both
    many = [Curve(f"structure with a long name {n}", LIVER.points, "dice") for n in range(12)]
    plot.show_curves([LOSS, *many], {})
    assert plot.height > both


def test_no_name_lies_outside_the_widget(plot, clean_host):
    """With a legend of many rows the lowest row is still painted inside."""
    many = [Curve(f"structure {n}", LIVER.points, "dice") for n in range(9)]
    plot.show_curves(many, {f"structure {n}": "#e6194b" for n in range(9)})
    clean_host.settle(30)
    image = plot.grab().toImage()
    lowest = [
        y for y in range(image.height()) for x in range(40) if image.pixelColor(x, y).name() == "#e6194b"
    ]
    assert image.height() - 14 * image.devicePixelRatio() < max(lowest) < image.height()
