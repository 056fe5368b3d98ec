"""Section Study: choose or make a study, its cases, its structures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from DualSSLSegLib.panel.buttons import allow
from DualSSLSegLib.panel.case_table import CaseTable
from DualSSLSegLib.panel.recent_folders import recent_folders, remember_folder
from DualSSLSegLib.panel.structures_table import StructuresTable
from DualSSLSegLib.workbench.workbench import Workbench


class StudySection:
    """The first section of the panel, `widget`."""

    def __init__(self, workbench: Workbench, resource_path: Callable[[str], str]) -> None:
        self._workbench = workbench
        self.widget = slicer.util.loadUI(resource_path("UI/Study.ui"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self._asked_for: Path | None = None  # the folder whose structures are asked for
        self._recent_menu = qt.QMenu(self.ui.recentButton)
        self.recent_actions: list[Any] = []
        self.ui.recentButton.setMenu(self._recent_menu)
        self.cases = CaseTable(
            self.ui.caseView,
            self.ui.filterEdit,
            self.ui.stateCombo,
            self.ui.countsLabel,
            workbench.open_case,
        )
        self.structures = StructuresTable(
            self.ui.structuresTable,
            self.ui.newStructureEdit,
            self.ui.addButton,
            added=workbench.add_structure,
            renamed=workbench.rename_structure,
            recolored=lambda name, color: workbench.change_structure(name, color=color),
            coded=lambda name, codes: workbench.change_structure(name, codes=codes),
        )
        self.ui.chooseButton.clicked.connect(lambda *_arguments: self._choose())
        self.ui.reopenButton.clicked.connect(lambda *_arguments: self._reopen())
        self.ui.createButton.clicked.connect(lambda *_arguments: self._create())
        self.ui.namesEdit.returnPressed.connect(self._create)
        self.ui.namesEdit.textChanged.connect(lambda *_arguments: self._update_buttons())
        self.ui.refreshButton.clicked.connect(lambda *_arguments: workbench.refresh())
        for topic in ("study", "cases", "message"):
            self.update(topic)

    def update(self, topic: str) -> None:
        """Show a part of the workbench's state that has changed."""
        if topic == "study":
            self._show_study()
        elif topic == "cases":
            self._show_cases()
        elif topic == "case":
            self.cases.choose(self._workbench.case)
        if topic in ("study", "message"):
            self._update_buttons()

    def enter(self) -> None:
        """The module came on screen."""
        self._show_recent()

    def exit(self) -> None:
        """The module left the screen."""

    def close(self) -> None:
        """The module is unloaded."""
        self.cases.close()
        self.structures.close()

    # --- the folder ---------------------------------------------------------------------------------------

    def open_folder(self, folder: str) -> None:
        """Open the study in a folder, or ask for its structures when it is none yet."""
        self._workbench.open_folder(folder)

    def _choose(self) -> None:
        start = (
            self._folder_shown()
        )  # a folder opened before may lie on a drive that does not answer any more
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Choose a folder of scans"), start)
        if folder:
            self.open_folder(str(folder))

    def _reopen(self) -> None:
        folders = recent_folders()
        if folders:
            self.open_folder(folders[0])

    def _create(self) -> None:
        names, folder = self._names(), self._workbench.new_folder
        if folder is not None and names:
            self._workbench.create_study(folder, names)

    def _names(self) -> list[str]:
        return [name.strip() for name in str(self.ui.namesEdit.text).split(",") if name.strip()]

    def _folder_shown(self) -> str:
        return str(self._workbench.new_folder or self._workbench.study_path or "")

    def _show_study(self) -> None:
        workbench, ui = self._workbench, self.ui
        if workbench.study_path is not None:
            path = str(workbench.study_path)
            if path != next(iter(recent_folders()), None):
                remember_folder(path)
        new = workbench.new_folder
        if new is None and self._asked_for is not None:
            ui.namesEdit.clear()
        ui.folderEdit.text = self._folder_shown()
        ui.folderEdit.toolTip = self._folder_shown()
        ui.newStudyArea.setVisible(new is not None)
        ui.openStudyArea.setVisible(workbench.study_path is not None and new is None)
        ui.readOnlyLabel.text = workbench.read_only
        ui.readOnlyLabel.setVisible(bool(workbench.read_only) and new is None)
        if new is not None and new != self._asked_for:
            ui.namesEdit.setFocus()
        self._asked_for = new
        self.structures.set_structures(workbench.structures, workbench.why_not("add_structure"))
        names = ", ".join(structure.name for structure in workbench.structures)
        ui.structuresBox.title = _("Structures: {names}").format(names=names)
        self._show_recent()

    def _show_recent(self) -> None:
        folders = recent_folders()
        self._recent_menu.clear()
        self.recent_actions = []
        for folder in folders:
            action = self._recent_menu.addAction(folder)
            action.triggered.connect(lambda *_arguments, folder=folder: self.open_folder(folder))
            self.recent_actions.append(action)
        allow(
            self.ui.recentButton,
            "" if folders else _("No study was opened here before"),
            _("Studies opened before"),
        )
        nothing_open = self._workbench.study_path is None and self._workbench.new_folder is None
        self.ui.reopenButton.setVisible(bool(folders) and nothing_open)
        if folders:
            self.ui.reopenButton.text = _("Open {name} again").format(name=Path(folders[0]).name)
            self.ui.reopenButton.toolTip = folders[0]

    # --- cases and structures -----------------------------------------------------------------------------

    def _show_cases(self) -> None:
        workbench = self._workbench
        self.cases.set_rows(workbench.rows, workbench.counts)
        problems = [f"{problem.path.name}: {problem.reason}" for problem in workbench.problems]
        shown = [self.ui.problemsList.item(row).text() for row in range(self.ui.problemsList.count)]
        if problems != shown:
            self.ui.problemsList.clear()
            self.ui.problemsList.addItems(problems)
        lines = 2 * min(len(problems), 3)  # most reasons take two lines
        self.ui.problemsList.setFixedHeight(lines * self.ui.problemsList.fontMetrics().height() + 8)
        self.ui.problemsBox.setVisible(bool(problems))
        self.ui.problemsBox.title = _("Cannot be used: {count}").format(count=len(problems))

    def _update_buttons(self) -> None:
        workbench = self._workbench
        busy = workbench.why_not("create_study")
        if not self._names():
            busy = busy or _("Type the name of at least one structure first")
        allow(self.ui.createButton, busy, _("Make this folder a study. Its scans stay as they are."))
        allow(
            self.ui.chooseButton,
            workbench.why_not("open_folder"),
            _("Choose the folder that holds the scans. They stay where they are and are never changed."),
        )
        allow(self.ui.reopenButton, workbench.why_not("open_folder"), self.ui.reopenButton.toolTip)
        allow(
            self.ui.refreshButton,
            workbench.why_not("refresh"),
            _("Look at the folder again, for scans and labels that came from elsewhere"),
        )
        self.structures.set_structures(workbench.structures, workbench.why_not("add_structure"))
