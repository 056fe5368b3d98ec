"""The section Segment a folder: choose, start, follow, look at the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from DualSSLSegLib.loop.folder_results import DONE, SKIPPED, FolderRow
from DualSSLSegLib.panel.folder_table_model import FolderTableModel, summary_words
from DualSSLSegLib.panel.run_view import RunView
from DualSSLSegLib.panel.wheel_guard import WheelGuard

_STEERING = {"resumeFolderButton": "resume_folder", "stopFolderButton": "stop_folder"}
_STUDY, _FILE = "study", "file"
_TYPING_PAUSE_MS = 600


class FolderSection:
    """`widget` holds the section; `update` shows what the workbench says."""

    def __init__(self, workbench: Any, resource_path: Callable[[str], str]) -> None:
        self.workbench = workbench
        self.widget = slicer.util.loadUI(resource_path("UI/Folder.ui"))
        self.ui = ui = slicer.util.childWidgetVariables(self.widget)
        self._guard = WheelGuard()
        self._suggested = ""
        self._looked_for = ""  # the output folder whose results were looked for last
        self._segment_help = str(ui.segmentButton.toolTip)
        self._open_help = str(ui.openResultButton.toolTip)
        self.run_view = RunView(
            ui, "batch", _STEERING, workbench.why_not, lambda verb: getattr(workbench, verb)(), titled=False
        )
        ui.batchSummary.textFormat = qt.Qt.PlainText
        self._set_up_choices()
        self._set_up_table()
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(_TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._look_for_results)
        ui.scansEdit.connect("currentPathChanged(QString)", self._scans_chosen)
        ui.outputEdit.connect("currentPathChanged(QString)", self._output_chosen)
        ui.modelEdit.connect("currentPathChanged(QString)", self._show_request)
        ui.segmentButton.clicked.connect(lambda *_arguments: self._segment())
        ui.openResultButton.clicked.connect(
            lambda *_arguments: self._open(ui.batchTable.currentIndex().row())
        )
        self.update("study")
        self.update("folder")

    def update(self, topic: str) -> None:
        """Show the part of the workbench's state that `topic` names."""
        if topic == "study" and self.workbench.study_path is None and not self.ui.modelEdit.currentPath:
            self.ui.modelCombo.setCurrentIndex(1)
        elif topic == "study" and not self.ui.modelEdit.currentPath:
            self.ui.modelCombo.setCurrentIndex(0)
        if topic in ("study", "folder", "message"):
            self._show_request()
        if topic == "folder":
            self._show_run()
            self._show_rows(self.workbench.folder_rows)

    def enter(self) -> None:
        """Nothing to take up."""

    def exit(self) -> None:
        """Nothing goes on here while the panel is not seen."""

    def close(self) -> None:
        """Stop the timer."""
        self._pause.stop()

    def _set_up_choices(self) -> None:
        ui = self.ui
        ui.modelCombo.addItem(_("The newest of the open study"), _STUDY)
        ui.modelCombo.addItem(_("A model file"), _FILE)
        ui.modelCombo.toolTip = _(
            "The networks that segment: those of the open study, or a file that somebody gave you."
        )
        for name, device in (
            (_("Automatic: the graphics card, if there is one"), "auto"),
            (_("Graphics card"), "cuda"),
            (_("Processor"), "cpu"),
        ):
            ui.folderDeviceCombo.addItem(name, device)
        for name, suffix in (
            (_("Label map, NIfTI (.nii.gz)"), ".nii.gz"),
            (_("Segmentation with names and colours (.seg.nrrd)"), ".seg.nrrd"),
            (_("Label map, NRRD (.nrrd)"), ".nrrd"),
            (_("Label map, MetaImage (.mha)"), ".mha"),
        ):
            ui.formatCombo.addItem(name, suffix)
        for combo in (ui.modelCombo, ui.folderDeviceCombo, ui.formatCombo):
            combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self._guard.watch(ui.modelCombo, ui.folderDeviceCombo, ui.formatCombo)
        ui.modelCombo.connect("currentIndexChanged(int)", self._show_request)

    def _set_up_table(self) -> None:
        table = self.ui.batchTable
        self.model = FolderTableModel(table.palette)
        table.setModel(self.model)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        for section, width in enumerate((140, 100)):
            table.setColumnWidth(section, width)
        header.setStretchLastSection(True)
        vertical = table.verticalHeader()
        vertical.hide()
        vertical.setDefaultSectionSize(table.fontMetrics().height() + 6)
        table.doubleClicked.connect(lambda index: self._open(index.row()))
        self._selection = table.selectionModel()
        self._selection.currentRowChanged.connect(self._show_open_button)
        self._shortcuts = [qt.QShortcut(qt.QKeySequence(key), table) for key in ("Return", "Enter")]
        for shortcut in self._shortcuts:
            shortcut.setContext(qt.Qt.WidgetShortcut)
            shortcut.activated.connect(lambda: self._open(table.currentIndex().row()))

    # --- the request --------------------------------------------------------------------------------------

    @property
    def _model_kind(self) -> str:
        return str(self.ui.modelCombo.itemData(self.ui.modelCombo.currentIndex))

    def _scans_chosen(self, *_arguments: Any) -> None:
        """Suggest a place for the results beside the scans, unless one was chosen."""
        ui = self.ui
        scans = str(ui.scansEdit.currentPath).strip()
        if scans and str(ui.outputEdit.currentPath).strip() in ("", self._suggested):
            path = Path(scans)
            beside = _("{folder} segmented").format(folder=path.name)
            self._suggested = str(path.with_name(beside)) if path.name else ""
            ui.outputEdit.currentPath = self._suggested
        self._show_request()

    def _output_chosen(self, *_arguments: Any) -> None:
        self._pause.start()
        self._show_request()

    def _look_for_results(self) -> None:
        """Show what an earlier run left in the chosen folder, or the run that is at work there."""
        state = self.workbench.folder_state
        output = str(self.ui.outputEdit.currentPath).strip()
        if output == self._looked_for or (state is not None and state.active):
            return
        self._looked_for = output
        if output:
            self.workbench.find_folder_run(output)

    def _why_not(self) -> str:
        ui = self.ui
        refused = str(self.workbench.why_not("segment_folder"))
        if refused:
            return refused
        if not str(ui.scansEdit.currentPath).strip():
            return _("Choose the folder of scans first.")
        if not str(ui.outputEdit.currentPath).strip():
            return _("Choose a folder for the results first.")
        if self._model_kind == _FILE and not str(ui.modelEdit.currentPath).strip():
            return _("Choose a model file first.")
        if self._model_kind == _STUDY and self.workbench.study_path is None:
            return _("No study is open: open one, or choose a model file.")
        return ""

    def _show_request(self, *_arguments: Any) -> None:
        ui = self.ui
        ui.modelEdit.setVisible(self._model_kind == _FILE)
        reason = self._why_not()
        ui.segmentButton.enabled = not reason
        ui.segmentButton.toolTip = reason or self._segment_help

    def _segment(self) -> None:
        ui = self.ui
        output = str(ui.outputEdit.currentPath).strip()
        for edit in (ui.scansEdit, ui.outputEdit, ui.modelEdit):
            edit.addCurrentPathToHistory()
        self._looked_for = output
        file = str(ui.modelEdit.currentPath).strip()
        model = self.workbench.study_path if self._model_kind == _STUDY else file
        self.workbench.segment_folder(
            model,
            str(ui.scansEdit.currentPath).strip(),
            output,
            uncertainty=bool(ui.mapsCheckBox.checked),
            device=str(ui.folderDeviceCombo.itemData(ui.folderDeviceCombo.currentIndex)),
            format=str(ui.formatCombo.itemData(ui.formatCombo.currentIndex)),
        )

    def _show_run(self) -> None:
        words, rows = self.workbench.folder_words, self.workbench.folder_rows
        if words is not None:
            told = {row.detail for row in rows}  # by the table and the line above it
            words = replace(words, warnings=tuple(text for text in words.warnings if text not in told))
        self.run_view.show(words)

    # --- the results --------------------------------------------------------------------------------------

    def _show_rows(self, rows: list[FolderRow]) -> None:
        table = self.ui.batchTable
        chosen = self._row(table.currentIndex().row())
        place = table.verticalScrollBar().value
        self.model.set_rows(rows)
        at = self.model.row_of(chosen.name if chosen is not None else None)
        if at >= 0:
            table.selectRow(at)
        table.verticalScrollBar().value = place
        self.ui.batchSummary.text = summary_words(rows)
        for widget in (table, self.ui.openResultButton, self.ui.batchSummary):
            widget.setVisible(bool(rows))
        self._show_open_button()

    def _row(self, number: int) -> FolderRow | None:
        return self.model.rows[number] if 0 <= number < len(self.model.rows) else None

    def _show_open_button(self, *_arguments: Any) -> None:
        row = self._row(self.ui.batchTable.currentIndex().row())
        reason = str(self.workbench.why_not("open_result"))
        if not reason and row is None:
            reason = _("Choose a scan in the table first.")
        elif not reason and row is not None and row.state not in (DONE, SKIPPED):
            reason = _("This scan has no result.")
        self.ui.openResultButton.enabled = not reason
        self.ui.openResultButton.toolTip = reason or self._open_help

    def _open(self, number: int) -> None:
        row = self._row(number)
        if row is not None and row.state in (DONE, SKIPPED):
            self.workbench.open_result(row.name)
