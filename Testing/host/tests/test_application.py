"""A scripted module lives as in Slicer, and nothing that goes wrong in it stays unseen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.panel

DOOR = Path(__file__).parent / "Sample" / "SampleDoor.py"


@pytest.fixture
def door(clean_host):
    """The sample module, entered; unloaded at the end unless the test did it."""
    import slicer

    module = clean_host.load_module(DOOR)
    history = sys.modules["SampleDoor"].HISTORY
    yield module, slicer.modules.SampleDoorWidget, history
    if hasattr(slicer.modules, "sampledoor"):
        clean_host.unload("SampleDoor")


def test_a_module_is_entered_reloaded_and_unloaded(door, clean_host) -> None:
    import slicer

    module, widget, history = door
    assert history == ["setup", "enter"]
    assert module.title == "Sample door"
    assert slicer.util.getModuleLogic("SampleDoor") is widget.logic
    assert slicer.util.modulePath("SampleDoor") == str(DOOR)
    assert clean_host.start() is slicer.app
    again = clean_host.reload("SampleDoor")
    assert again is slicer.modules.SampleDoorWidget is not widget
    assert history == ["setup", "enter", "cleanup"]
    assert sys.modules["SampleDoor"].HISTORY == ["setup"]  # the file was read again
    clean_host.unload("SampleDoor")
    assert not hasattr(slicer.modules, "sampledoor")
    assert "SampleDoor" not in sys.modules


def test_the_selector_of_the_window_leaves_and_enters(door, clean_host, tmp_path) -> None:
    import slicer

    module, _widget, history = door
    window = clean_host.MainWindow(module, 800, 600)
    window.show()
    assert slicer.util.selectedModule() == "SampleDoor"
    slicer.util.selectModule("Colors")
    assert history[-1] == "exit"
    slicer.util.selectModule("SampleDoor")
    assert history[-1] == "enter"
    window.grab(tmp_path / "window.png")
    assert (tmp_path / "window.png").stat().st_size > 1000
    window.close()
    clean_host.settle(10)
    assert slicer.util.mainWindow() is None


def test_the_modules_own_test_and_the_closing_scene(door) -> None:
    import slicer

    history = door[2]
    slicer.modules.SampleDoorInstance.runTest()
    assert history[-2:] == ["scene closed", "tested"]


def test_exceptions_of_slots_timers_and_observers_are_kept(door, clean_host) -> None:
    import slicer

    widget = door[1]
    widget.ui.goButton.click()
    widget.timer.start(1)
    clean_host.settle(30)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "bad")
    assert [error.strip().rsplit("\n", 1)[-1] for error in clean_host.errors] == [
        "RuntimeError: the slot failed",
        "RuntimeError: the timer failed",
        "RuntimeError: the observer failed",
    ]
    clean_host.errors.clear()


def test_error_lines_of_vtk_and_warnings_of_qt_are_kept(clean_host) -> None:
    import qt
    import slicer

    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLNothingNode")
    assert any(error.startswith("VTK: ERROR") for error in clean_host.errors)
    clean_host.errors.clear()
    qt.QPainter().setPen(qt.QColor("red"))
    assert any(error.startswith("Qt: QPainter") for error in clean_host.errors)
    clean_host.errors.clear()


def test_the_parameter_node_of_a_logic_is_a_singleton(door) -> None:
    import slicer

    logic = door[1].logic
    node = logic.getParameterNode()
    assert logic.getParameterNode() is node
    assert node.GetAttribute("ModuleName") == "SampleDoor"
    assert len(slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")) == 1
