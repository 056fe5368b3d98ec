"""Two programs on one study: the second is told, may look, and takes over when the first has ended."""

from __future__ import annotations

import numpy as np
import pytest
from support.other_window import OtherWindow
from support.studies import GRID, label_of

from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.study.folder import StudyFolder

pytestmark = pytest.mark.panel

WRITING = {
    "annotate": ("submitButton", "saveButton"),
    "train": ("trainButton", "rankButton"),
    "study": ("addButton",),
}


@pytest.fixture
def second(panel, scans):
    """This panel is the second: Bob's window edits the study that it opens."""
    StudyFolder.create(scans, ["liver", "tumour"])
    with OtherWindow(scans, "Bob") as panel.first:
        assert panel.first.said == "editing"
        panel.choose_folder(scans)
        panel.wait_until(lambda: len(panel.workbench.rows) == 4)
        yield panel


def test_the_second_window_is_told_who_edits_and_offers_nothing_that_writes(second):
    label = second.panel.study.ui.readOnlyLabel
    assert "edited by Bob" in label.text and not label.isHidden()
    assert any("edited by Bob" in text for text in second.said())
    case = second.open_next()
    for section, names in WRITING.items():
        for name in names:
            button = getattr(getattr(second.panel, section).ui, name)
            assert not button.enabled and "Bob" in button.toolTip, name
    assert second.panel.annotate.editor.widget.readOnly
    second.workbench.submit()
    second.workbench.add_structure("bone")
    second.wait_until(lambda: not second.workbench.busy)
    study = StudyFolder.open(second.workbench.study_path)
    assert study.latest(case) is None and len(study.structures) == 2


@pytest.mark.parametrize("end", ["close", "kill"])
def test_refresh_takes_over_when_the_first_has_ended(second, end):
    refresh = second.panel.study.ui.refreshButton
    second.open_next()
    second.click(refresh)
    second.wait_until(lambda: not second.workbench.busy)
    assert "Bob" in second.workbench.read_only  # he is still there
    getattr(second.first, end)()
    second.click(refresh)
    second.wait_until(lambda: second.panel.annotate.ui.submitButton.enabled and not second.workbench.busy)
    assert second.panel.study.ui.readOnlyLabel.isHidden() and not second.panel.annotate.editor.widget.readOnly
    with OtherWindow(second.workbench.study_path, "Carla") as third:
        assert second.workbench.author in third.said  # from here on others are told about us
    second.paint("liver")
    second.submit()
    assert second.workbench.counts["labelled"] == 1


def test_taking_over_shows_what_the_first_has_done_to_the_open_case(second):
    case = second.open_next()
    assert not second.workbench.case_scene.label().any()
    elsewhere = Controller.open(second.workbench.study_path)
    elsewhere.study.add_structure("bone")
    elsewhere.label(case, label_of(3), author="Bob")
    second.first.close()
    second.click(second.panel.study.ui.refreshButton)
    second.wait_until(lambda: not second.workbench.read_only and not second.workbench.busy)
    assert np.array_equal(second.workbench.case_scene.label(), label_of(3))
    assert [s.name for s in second.workbench.opened.structures] == ["liver", "tumour", "bone"]


def test_taking_over_with_strokes_on_screen_keeps_them_and_warns(second):
    case = second.open_next()
    second.paint("liver", size=2)  # the editor refuses, a script does not
    Controller.open(second.workbench.study_path).label(case, label_of(2), author="Bob")
    second.first.close()
    second.click(second.panel.study.ui.refreshButton)
    second.wait_until(lambda: not second.workbench.read_only and not second.workbench.busy)
    assert second.workbench.case_scene.label().sum() == 8
    assert any("newer label" in text for text in second.said())


def test_a_structure_that_a_command_line_adds_comes_to_the_open_case(panel, scans):
    """The lock is one of windows; commands write beside them."""
    panel.new_study(scans, "liver")
    case = panel.open_next()
    panel.paint("liver")
    StudyFolder.open(scans).change_structures(rename=[("liver", "Leber")], names=["bone"])
    panel.click(panel.panel.study.ui.refreshButton)
    panel.wait_until(lambda: len(panel.workbench.structures) == 2 and not panel.workbench.busy)
    panel.paint("bone", size=1, at=5)
    panel.submit()
    study = StudyFolder.open(scans)
    label = read_label(study.latest(case).path, GRID, study.structures)
    assert (label == 1).sum() == 27 and (label == 2).sum() == 1
    assert [row.structures for row in panel.workbench.rows if row.id == case] == [("Leber", "bone")]
