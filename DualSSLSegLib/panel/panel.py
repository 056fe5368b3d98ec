"""The panel: messages at the top, the sections in the order of the work, and the one timer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import qt

from DualSSLSegLib.panel.annotate_section import AnnotateSection
from DualSSLSegLib.panel.folder_section import FolderSection
from DualSSLSegLib.panel.message_bar import MessageBar
from DualSSLSegLib.panel.review_section import ReviewSection
from DualSSLSegLib.panel.setup_section import SetUpSection
from DualSSLSegLib.panel.study_section import StudySection
from DualSSLSegLib.panel.train_section import TrainSection
from DualSSLSegLib.workbench.workbench import Workbench


class Panel:
    """Everything in the module's widget. `resource_path("UI/Study.ui")` finds a file below Resources/.

    The timer runs as long as the module is loaded, on screen or not: unfinished work is saved by it and a run is
    followed.
    """

    def __init__(self, workbench: Workbench, parent_layout: Any, resource_path: Callable[[str], str]) -> None:
        self._workbench = workbench
        self.messages = MessageBar()
        self._shown: Any = None
        parent_layout.addWidget(self.messages.widget)
        self.study = StudySection(workbench, resource_path)
        self.annotate = AnnotateSection(workbench, resource_path)
        self.train = TrainSection(workbench, resource_path)
        self.review = ReviewSection(workbench, resource_path)
        self.folder = FolderSection(workbench, resource_path)
        self.set_up = SetUpSection(workbench, resource_path)
        self.sections: list[Any] = [
            self.study,
            self.annotate,
            self.train,
            self.review,
            self.folder,
            self.set_up,
        ]
        for section in self.sections:
            parent_layout.addWidget(section.widget)
        parent_layout.addStretch(1)  # free height goes below the sections, not between their lines
        workbench.listeners.append(self._tell)
        self._timer = qt.QTimer()
        self._timer.setInterval(workbench.poll_after_ms)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._tell("message")

    def enter(self) -> None:
        """The module came on screen."""
        for section in self.sections:
            section.enter()

    def exit(self) -> None:
        """The module left the screen."""
        for section in self.sections:
            section.exit()

    def close(self) -> None:
        """The module is unloaded or Slicer quits."""
        self._timer.stop()
        if self._tell in self._workbench.listeners:
            self._workbench.listeners.remove(self._tell)
        for section in self.sections:
            section.close()
        self.messages.close()

    def _tick(self) -> None:
        try:
            self._workbench.poll()
        finally:
            after = self._workbench.poll_after_ms
            if self._timer.interval != after:
                self._timer.setInterval(after)
        self.annotate.show_time()

    def _tell(self, topic: str) -> None:
        """Each part shows what it can: the step that tells of it goes on, whatever a widget makes of it."""
        for update in (self._update_messages, *(section.update for section in self.sections)):
            try:
                update(topic)
            except Exception:
                sys.excepthook(*sys.exc_info())  # to the Python console and the error log

    def _update_messages(self, topic: str) -> None:
        if topic != "message":
            return
        self.messages.show_busy(self._workbench.busy)
        message = self._workbench.message
        if message is not self._shown:  # the topic also tells of `busy`: a closed message must not come back
            self._shown = message
            self.messages.show(message)
