"""A hand on the panel: it presses what is enabled, answers dialogs, and counts both."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from host import application, dialogs

_PATIENCE_S = 300.0  # only for a test that fails: nothing takes as long


class Hand:
    """Clicks on the panel of one loaded module. `clicks` counts buttons and dialogs, not strokes and typing."""

    def __init__(self, widget: Any) -> None:
        self.panel, self.workbench = widget.panel, widget.workbench
        self.clicks = 0

    def click(self, button: Any) -> None:
        """Press a button as a mouse would. Fails for one that is hidden or disabled."""
        assert not button.isHidden(), f"{button.text!r} is not shown"
        assert button.enabled, f"{button.text!r} is disabled: {button.toolTip}"
        self.clicks += 1
        button.click()

    def press_enter(self, edit: Any, text: str) -> None:
        """Type a text and press Enter. Fails where nothing can be typed."""
        assert edit.enabled and not edit.isHidden()
        edit.text = text
        edit.returnPressed.emit()

    def choose_folder(self, folder: Path) -> None:
        """The button and the dialog behind it; then wait until it is known whether the folder is a study."""
        self.choose(folder)
        self.wait_until(lambda: "Looking into" not in self.workbench.busy)

    def choose(self, folder: Path) -> None:
        """As `choose_folder`, without waiting for what comes of it."""
        dialogs.answer("folder", str(folder))
        self.click(self.panel.study.ui.chooseButton)
        self.clicks += 1

    def new_study(self, folder: Path, structures: str) -> None:
        """Choose a folder that is no study yet, and say what is to be segmented."""
        self.choose_folder(folder)
        self.press_enter(self.panel.study.ui.namesEdit, structures)
        self.wait_until(lambda: self.workbench.rows and self.workbench.study_path == folder)

    def open_next(self) -> str:
        """Open the next case; its id."""
        before = self.workbench.case
        self.click(self.panel.annotate.ui.openNextButton)
        self.wait_until(lambda: self.workbench.case not in (None, before))
        return str(self.workbench.case)

    def paint(self, structure: str, size: int = 3, at: int = 1) -> np.ndarray:
        """Fill a block of voxels in the segment of a structure; its array, (k, j, i)."""
        import slicer

        scene = self.workbench.case_scene
        node, volume = scene.segmentation_node, scene.volume_node
        ids = {segment_name(node, i): i for i in node.GetSegmentation().GetSegmentIDs()}
        array = np.zeros(slicer.util.arrayFromVolume(volume).shape[:3], np.uint8)
        array[at : at + size, at : at + size, at : at + size] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, ids[structure], volume)
        application.settle(50)
        return array

    def submit(self) -> None:
        """Submit the label, and wait for what follows."""
        before = self.workbench.case
        self.click(self.panel.annotate.ui.submitButton)
        self.wait_until(lambda: not self.workbench.busy and self.workbench.case != before)

    def wait_until(self, happened: Callable[[], Any], patience_s: float = _PATIENCE_S) -> None:
        """Let the program run until something has happened. Fails with what the panel says meanwhile."""
        end = time.monotonic() + patience_s
        while not happened():
            said = [f"{row.kind}: {row.text} {row.hint}" for row in self.panel.messages.rows]
            assert time.monotonic() < end, (
                f"it never happened; busy: {self.workbench.busy!r}; messages: {said}"
            )
            application.settle(20)

    def said(self) -> list[str]:
        """The texts of the messages at the top of the panel."""
        return [row.text for row in self.panel.messages.rows]


def segment_name(node: Any, segment_id: str) -> str:
    """The name of a segment."""
    return str(node.GetSegmentation().GetSegment(segment_id).GetName())
