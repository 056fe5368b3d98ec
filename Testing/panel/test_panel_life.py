"""The panel comes, goes and is loaded again; work goes on without it."""

from __future__ import annotations

import pytest
from support.clicking import Hand

pytestmark = pytest.mark.panel


def slicer_widget():
    """The module's widget, as Slicer has it."""
    import slicer

    return slicer.modules.DualSSLSegWidget


def test_sections_stand_in_the_order_of_the_work(panel):
    import slicer

    layout = slicer.modules.dualsslseg.widgetRepresentation().layout()
    shown = [layout.itemAt(number).widget() for number in range(layout.count())]
    sections = [section.widget for section in panel.panel.sections]
    places = [shown.index(widget) for widget in sections]
    assert places == sorted(places) and len(places) >= 2
    assert shown.index(panel.panel.messages.widget) < places[0]


def test_a_closed_message_does_not_come_back(panel, scans):
    panel.workbench.open_study(scans / "nowhere")
    panel.wait_until(panel.said)
    panel.click(panel.panel.messages.rows[0].close_button)
    panel.new_study(scans, "liver")
    panel.open_next()  # busy and idle again: the topic is told several times
    assert not any("nowhere" in text for text in panel.said())


def test_what_goes_on_is_said_and_then_no_longer(panel, scans):
    said = []
    panel.workbench.listeners.append(lambda topic: said.append(panel.panel.messages.busy_text))
    panel.new_study(scans, "liver")
    case = panel.open_next()
    panel.wait_until(lambda: not panel.workbench.busy)
    assert f"Opening {scans.name}" in said and f"Reading {case}" in said
    assert panel.panel.messages.busy_text == ""


def test_unfinished_work_survives_a_reload_of_the_module(panel, scans, clean_host):
    import slicer

    panel.new_study(scans, "liver")
    case = panel.open_next()
    painted = panel.paint("liver")
    old = panel.panel
    clean_host.reload("DualSSLSeg")
    again = Hand(slicer.modules.DualSSLSegWidget)
    assert again.panel is not old
    again.click(again.panel.study.ui.reopenButton)
    again.wait_until(lambda: again.workbench.rows)
    again.workbench.open_case(case)
    again.wait_until(lambda: again.workbench.case == case)
    assert (again.workbench.case_scene.label() == painted.transpose(2, 1, 0)).all()


def test_a_widget_that_cannot_be_closed_costs_no_stroke(panel, scans, clean_host, monkeypatch):
    """When Slicer quits, parts of its window may be gone already."""

    def gone():
        raise RuntimeError("the widget is gone")

    panel.new_study(scans, "liver")
    case = panel.open_next()
    panel.paint("liver")
    study, door = panel.workbench.controller.study, panel.panel
    monkeypatch.setattr(door.messages, "close", gone)
    with pytest.raises(RuntimeError, match="is gone"):
        slicer_widget().cleanup()
    assert study.drafts.ids() == {case}


def test_a_section_that_fails_to_show_something_does_not_hold_up_the_step(
    panel, scans, clean_host, monkeypatch
):
    """A widget of another version of Slicer may refuse a value; labels are written and cases left all the same."""

    def refuse(topic):
        raise TypeError(f"this widget cannot show {topic}")

    panel.new_study(scans, "liver")
    case = panel.open_next()
    panel.paint("liver")
    monkeypatch.setattr(panel.panel.study, "update", refuse)
    panel.workbench.submit(then_next=False)
    panel.wait_until(lambda: panel.workbench.case is None)
    panel.wait_until(lambda: not panel.workbench.busy)
    assert panel.workbench.controller.study.latest(case) is not None
    assert not panel.panel.annotate.ui.caseArea.isVisibleTo(panel.panel.annotate.widget)
    assert clean_host.errors and all("this widget cannot show" in error for error in clean_host.errors)
    clean_host.errors.clear()


def test_nothing_is_left_behind_when_the_module_is_unloaded(panel, scans, clean_host):
    import slicer

    panel.new_study(scans, "liver")
    panel.open_next()
    timer, workbench = panel.panel._timer, panel.workbench
    clean_host.unload("DualSSLSeg")
    assert not timer.isActive() and workbench.listeners == []
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    node.Modified()
    slicer.mrmlScene.Clear(0)
    clean_host.settle(300)
    assert clean_host.errors == []
