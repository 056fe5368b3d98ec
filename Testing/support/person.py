"""The steps of one person through the panel, each with what it does to the scene and to the files."""

from __future__ import annotations

from support.persons_review import Reviewer
from support.persons_scans import MORE, NEW_SCANS
from support.slicer_scene import nodes_of_ours, shown_in_every_view

_WORKER_PATIENCE_S = 900.0  # only for a test that fails


class Person(Reviewer):
    """Goes the way step by step, with real workers."""

    def make_study(self) -> None:
        """Choose a folder of scans and say what is to be segmented."""
        self.hand.choose_folder(self.study)
        self.look("study-1-new", self.panel.study.widget)
        self.hand.press_enter(self.panel.study.ui.namesEdit, ", ".join(self.structures))
        self.wait_until(lambda: self.workbench.rows)
        assert {row.state for row in self.workbench.rows} == {"new"}

    def label(self, count: int = 2) -> None:
        """Open the next case, draw, submit; the next one opens by itself."""
        for number in range(count):
            case = self.hand.open_next() if self.workbench.case is None else self.workbench.case
            assert shown_in_every_view("background") == {self.workbench.case_scene.volume_node.GetID()}
            self.draw(self.reference(case))
            assert (self.workbench.case_scene.label() == self.reference(case)).all()
            if number == 0:
                self.look("annotate-1-drawn", self.panel.annotate.widget)
            self.hand.submit()
            assert (self.newest_label(case) == self.reference(case)).all()
        self.wait_until(lambda: self.workbench.counts["labelled"] == count)
        self.look("study-2-labelled", self.panel.messages.widget)

    def train(self, minutes: float) -> None:
        """Train in a process of its own, and watch how far it is."""
        ui = self.panel.train.ui
        ui.minutesSpin.minimum = min(
            minutes, ui.minutesSpin.minimum
        )  # tests train for less than a person may
        ui.minutesSpin.value = minutes
        self.wait_until(lambda: ui.trainButton.enabled)
        self.look("train-1-before", self.panel.train.widget)
        self.hand.click(ui.trainButton)
        self.wait_until(lambda: self.workbench.run is not None)

        def well_under_way() -> bool:
            state = self.workbench.run_state
            assert state is None or state.status != "failed", self.workbench.run_words
            learning = state is not None and state.phase == "train"
            return (
                learning and self.panel.train.run_view.progress.value >= 400 and bool(self.workbench.curves)
            )

        self.hand.wait_until(well_under_way, _WORKER_PATIENCE_S)
        self.look("train-2-running", self.panel.train.widget)
        self.wait_until(lambda: not self.workbench.run_state.active, _WORKER_PATIENCE_S)
        assert self.workbench.run_state.status == "finished", self.workbench.run.console_path.read_text()
        labelled = self.workbench.counts["labelled"]
        self.wait_until(lambda: self.workbench.counts["predicted"] == len(self.workbench.rows) - labelled)
        assert self.panel.train.plot.curves
        self.look("train-3-finished", self.panel.train.widget)

    def open_next_with_a_reason(self) -> None:
        """The case that should be next, and why it is."""
        case = self.hand.open_next()
        self.wait_until(lambda: any(text.startswith("Why this case: ") for text in self.hand.said()))
        assert self.panel.study.cases.current == case
        self.look("annotate-2-next", self.panel.messages.widget)

    def segment_folder(self) -> None:
        """Segment two scans of a folder and look at a result."""
        ui = self.panel.folder.ui
        ui.folderSection.collapsed = False
        ui.scansEdit.currentPath = str(self.home / MORE)
        self.hand.click(ui.segmentButton)
        self.wait_until(lambda: self.workbench.folder_state is not None)
        self.wait_until(lambda: not self.workbench.folder_state.active, _WORKER_PATIENCE_S)
        assert [row.state for row in self.workbench.folder_rows] == ["done"] * NEW_SCANS
        ui.batchTable.selectRow(1)
        self.hand.click(ui.openResultButton)
        name = self.workbench.folder_rows[1].name
        self.wait_until(lambda: self.workbench.opened is not None and self.workbench.opened.id == name)
        assert self.workbench.case is None
        result = self.workbench.case_scene.label()
        assert result.shape == self.reference(name).shape
        self.look("folder-1-result", self.panel.folder.widget)

    def close_scene_and_come_back(self) -> None:
        """Draw a little, close the scene, end Slicer; then everything is found again."""
        import slicer

        case = self.hand.open_next()
        self.draw(self.reference(case))
        slicer.mrmlScene.Clear(0)
        self.wait_until(lambda: self.workbench.case is None)
        states = {row.id: row.state for row in self.workbench.rows}
        assert states[case] == "in_progress" and any("is kept" in text for text in self.hand.said())
        run, ours = self.workbench.run, nodes_of_ours()
        assert not ours, ours
        self.look("scene-closed", self.panel.messages.widget)
        self.application.unload("DualSSLSeg")
        self.window.close()
        self.open_module()
        self.hand.click(self.panel.study.ui.reopenButton)
        self.wait_until(lambda: self.workbench.rows)
        assert {row.id: row.state for row in self.workbench.rows} == states
        self.wait_until(lambda: self.workbench.run_state is not None)
        assert self.workbench.run == run and self.workbench.run_state.status == "finished"
        row = self.panel.study.cases.model.row_of(case)
        self.panel.study.cases.view.doubleClicked.emit(self.panel.study.cases.model.index(row, 0))
        self.wait_until(lambda: self.workbench.case == case)
        assert (self.workbench.case_scene.label() == self.reference(case)).all()
        self.panel.folder.ui.scansEdit.currentPath = str(self.home / MORE)
        self.wait_until(lambda: len(self.workbench.folder_rows) == NEW_SCANS)
        self.look("study-3-found-again", self.panel.messages.widget)
