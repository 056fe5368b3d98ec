"""The form of options follows the catalogue: every method, every option."""

from __future__ import annotations

import pytest

from DualSSLSegLib.methods.catalogue import CATALOGUE, describe, options_from

pytestmark = pytest.mark.panel


@pytest.fixture
def form(clean_host):
    import qt

    from DualSSLSegLib.panel.options_form import OptionsForm
    from DualSSLSegLib.panel.wheel_guard import WheelGuard

    parts = [qt.QWidget(), qt.QWidget()]
    changes = []
    form = OptionsForm(*parts, WheelGuard(), lambda: changes.append(1))
    form.changes, form.parts = changes, parts
    return form


def rows_of(method: str) -> list[dict]:
    return describe(CATALOGUE[method])["options"]


@pytest.mark.parametrize("method", CATALOGUE)
def test_every_option_has_an_editor_with_its_default(form, method):
    form.show_method(method)
    assert list(form.names) == [row["name"] for row in rows_of(method)]
    assert set(form.advanced_names) == {row["name"] for row in rows_of(method) if row["advanced"]}
    assert form.values() == {}


@pytest.mark.parametrize("method", CATALOGUE)
def test_everything_that_can_be_entered_is_accepted_by_the_method(form, method):
    """Each option at its ends and in each of its choices; the editor allows nothing else."""
    form.show_method(method)
    for row in rows_of(method):
        name, editor = row["name"], form.editors[row["name"]]
        if row["type"] == "bool":
            values = [not row["default"]]
        elif row["choices"]:
            values = [choice for choice in row["choices"] if choice != row["default"]]
        else:
            editor.value = 1e9
            assert editor.value == row["high"]
            editor.value = -1e9
            assert editor.value == row["low"]
            values = [end for end in (row["low"], row["high"]) if end != row["default"]]
        for value in values:
            form.set_value(name, value)
            assert form.values() == {name: value}
            assert getattr(options_from(method, form.values()), name) == value
        form.reset()
    assert form.values() == {}


def test_the_help_says_what_it_does_where_it_may_be_and_what_is_usual(form):
    form.show_method("dual")
    lines = str(form.editors["keep"].toolTip).splitlines()
    assert "lowest entropy" in lines[0] and lines[1:] == ["From 0.01 to 1.", "Default: 0.97."]
    assert str(form.editors["labels_first_share"].suffix) == " share of the run"


def test_another_method_has_another_form(form):
    form.show_method("dual")
    form.set_value("keep", 0.5)
    assert form.changes
    form.show_method("labels_only")
    assert form.names == ("strong_views", "networks", "residual_network", "optimiser") and form.values() == {}
    assert form.parts[0].isHidden()  # it has advanced options only
    form.show_method("dual")
    assert form.values() == {} and not form.parts[0].isHidden()


def test_scrolling_past_a_number_does_not_change_it(form):
    import qt

    form.show_method("dual")
    editor = form.editors["keep"]
    place = qt.QPointF(5, 5)
    event = qt.QWheelEvent(
        place, place, qt.QPoint(0, 0), qt.QPoint(0, -120), qt.Qt.NoButton, qt.Qt.NoModifier,
        qt.Qt.NoScrollPhase, False,
    )  # fmt: skip
    qt.QApplication.sendEvent(editor, event)
    assert form.values() == {}
