"""Section Annotate: the next case, Slicer's Segment Editor on it, and what becomes of the label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from DualSSLSegLib.panel.buttons import allow
from DualSSLSegLib.panel.segment_editor import SegmentEditor
from DualSSLSegLib.workbench.for_widgets import show_layers
from DualSSLSegLib.workbench.workbench import Workbench


class AnnotateSection:
    """The second section of the panel, `widget`."""

    def __init__(self, workbench: Workbench, resource_path: Callable[[str], str]) -> None:
        self._workbench = workbench
        self.widget = slicer.util.loadUI(resource_path("UI/Annotate.ui"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.editor = SegmentEditor()
        self.ui.editorLayout.addWidget(self.editor.widget)
        self._filling = False
        self._channels: list[str] = []  # ids of the nodes that the combo box lists
        self._seconds_before = 0.0
        self._views: list[tuple[Any, int]] = []
        self.ui.openNextButton.clicked.connect(lambda *_arguments: self._do(workbench.open_next))
        self.ui.submitButton.clicked.connect(lambda *_arguments: self._do(workbench.submit))
        self.ui.saveButton.clicked.connect(lambda *_arguments: self._do(workbench.save_draft))
        self.ui.discardButton.clicked.connect(lambda *_arguments: self._discard())
        self.ui.saveAsButton.clicked.connect(lambda *_arguments: self._save_as())
        self.ui.useButton.clicked.connect(lambda *_arguments: self._use_other())
        self.ui.otherCombo.connect(
            "currentNodeChanged(vtkMRMLNode*)", lambda *_arguments: self._update_buttons()
        )
        self.ui.channelCombo.connect("currentIndexChanged(int)", self._channel_chosen)
        for topic in ("cases", "case", "message"):
            self.update(topic)

    def update(self, topic: str) -> None:
        """Show a part of the workbench's state that has changed."""
        if topic in ("study", "cases", "case"):
            self._show_next()
        if topic in ("study", "case"):
            self._show_case()
        if topic in ("case", "cases"):
            self._look_up_time()
        if topic in ("study", "cases", "case", "message"):
            self._update_buttons()

    def enter(self) -> None:
        """The module came on screen."""
        self.editor.enter()
        self._watch_views()

    def exit(self) -> None:
        """The module left the screen."""
        self.editor.exit()
        self._leave_views()

    def close(self) -> None:
        """The module is unloaded."""
        self._leave_views()
        self.editor.close()

    # --- what is shown ------------------------------------------------------------------------------------

    def _show_next(self) -> None:
        upcoming = self._workbench.next_case
        if upcoming is None:
            words = self._workbench.why_not("open_next")
        else:
            words = _("Next: {case}. {reason}").format(case=upcoming.case, reason=upcoming.reason)
        self.ui.reasonLabel.text = words
        self.ui.reasonLabel.setVisible(bool(words))

    def _show_case(self) -> None:
        opened = self._workbench.opened
        self.ui.caseArea.setVisible(opened is not None)
        if opened is None:
            self.editor.let_go()
            return
        self.ui.caseLabel.text = opened.id
        self.ui.sourceLabel.text = source_words(opened.source)
        self.ui.noteLabel.text = opened.note
        self.ui.noteLabel.setVisible(bool(opened.note))
        self._show_channels()
        self._edit()

    def _edit(self) -> None:
        """Slicer's editor on the case's segmentation, over the channel that is shown."""
        scene = self._workbench.case_scene
        channels = scene.volume_nodes
        number = min(max(self.ui.channelCombo.currentIndex, 0), len(channels) - 1)
        volume = channels[number] if channels else None
        self.editor.edit(scene.segmentation_node, volume, read_only=bool(self._workbench.read_only))

    def _show_channels(self) -> None:
        combo, channels = self.ui.channelCombo, self._workbench.case_scene.volume_nodes
        names = [_("Channel {number}").format(number=number) for number in range(1, len(channels) + 1)]
        ids = [node.GetID() for node in channels]
        if ids != self._channels:
            self._channels = ids
            self._filling = True
            combo.clear()
            combo.addItems(names)
            self._filling = False
        self.ui.channelTitle.setVisible(len(names) > 1)
        combo.setVisible(len(names) > 1)

    def _look_up_time(self) -> None:
        """The time that was spent before on the case that is open."""
        case = self._workbench.case
        row = next((row for row in self._workbench.rows if row.id == case), None)
        self._seconds_before = row.seconds if row is not None else 0.0
        self.show_time()

    def show_time(self) -> None:
        """Show the time spent on the case so far; for every tick of the panel's timer."""
        words = duration_words(self._seconds_before + self._workbench.time_spent.seconds)
        if words != self.ui.timeLabel.text:
            self.ui.timeLabel.text = words

    def _update_buttons(self) -> None:
        workbench, ui = self._workbench, self.ui
        allow(
            ui.openNextButton,
            workbench.why_not("open_next"),
            _("Open the case to label next. Unfinished work on the case that is open is kept."),
        )
        allow(
            ui.submitButton,
            workbench.why_not("submit"),
            _("Write the label as a new revision, then open the next case. Older revisions are kept."),
        )
        allow(
            ui.saveButton,
            workbench.why_not("save_draft"),
            _("Keep the label as unfinished work; it is not trained on. This also happens by itself."),
        )
        allow(
            ui.discardButton,
            workbench.why_not("discard_draft"),
            _("Throw the unfinished work on this case away. Submitted labels stay."),
        )
        allow(
            ui.saveAsButton,
            workbench.why_not("save_label_as"),
            _("Write the label to a file of your own, such as when the study is out of reach"),
        )
        other = self._other()
        why_not = workbench.why_not("use_segmentation")
        if not why_not and other is None:
            why_not = _("Choose a segmentation or a label map first")
        allow(
            ui.useButton,
            why_not,
            _("Make it the label of this case; what is drawn here is replaced. Undo works."),
        )

    # --- what the user does -------------------------------------------------------------------------------

    def _do(self, step: Callable[[], None]) -> None:
        self.editor.rest()
        step()

    def _discard(self) -> None:
        opened = self._workbench.opened
        if opened is None:
            return
        case = opened.id
        question = _("Throw the unfinished work on {case} away? This cannot be undone.").format(case=case)
        if slicer.util.confirmOkCancelDisplay(question, _("Discard unfinished work"), self.widget):
            self._do(self._workbench.discard_draft)

    def _save_as(self) -> None:
        opened = self._workbench.opened
        if opened is None:
            return
        name = f"{opened.id} label.nii.gz"  # not that of the scan, in whose folder the dialog may open
        path = qt.QFileDialog.getSaveFileName(
            self.widget, _("Save label as"), name, "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha)"
        )
        if path:
            self._do(lambda: self._workbench.save_label_as(path))

    def _other(self) -> Any:
        """The chosen node of another module; None for our own segmentation."""
        node = self.ui.otherCombo.currentNode()
        return None if node is self.editor.segmentation else node

    def _use_other(self) -> None:
        node = self._other()
        if node is not None:
            self.editor.rest()
            self.editor.save_for_undo()
            self._workbench.use_segmentation(node)

    def _channel_chosen(self, number: int) -> None:
        channels = self._workbench.case_scene.volume_nodes
        if not self._filling and 0 <= number < len(channels):
            show_layers(background=channels[number])
            self._edit()

    # --- signs of life ------------------------------------------------------------------------------------

    def _watch_views(self) -> None:
        """Scrolling through a scan is work on it as much as drawing."""
        manager = slicer.app.layoutManager()
        if self._views or manager is None:  # None without a main window
            return
        for name in manager.sliceViewNames():
            node = manager.sliceWidget(name).mrmlSliceNode()
            self._views.append((node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._view_moved)))

    def _leave_views(self) -> None:
        for node, tag in self._views:
            node.RemoveObserver(tag)
        self._views = []

    def _view_moved(self, _node: Any, _event: str) -> None:
        if self._workbench.case is not None:
            self._workbench.touch()


def source_words(source: str) -> str:
    """Where the label on screen comes from (see loop/opened_case.py)."""
    return {
        "draft": _("unfinished work that was kept"),
        "revision": _("the newest label"),
        "prediction": _("the newest prediction"),
        "empty": _("nothing: there is no label yet"),
        "result": _("the result of a segmented folder"),
    }.get(source, source)


def duration_words(seconds: float) -> str:
    """Such as "3 min 20 s"."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)
    if minutes:
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
    return _("{seconds} s").format(seconds=rest)
