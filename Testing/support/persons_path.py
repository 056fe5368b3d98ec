"""One person's way through the panel, from an empty Slicer to a study found again, with real workers.

python Testing/support/persons_path.py FOLDER [--minutes 0.1]     in a process that has imported nothing else

Every step asserts what it does to the scene and to the files. `Person.look` is called when there is something to see.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).parents[2]
FORBIDDEN = ("torch", "nibabel", "monai", "pydicom")
FOUND = "everything was found again"
STUDY, MORE = "Hippocampus MR", "New scans"
_SCANS, _NEW_SCANS = 8, 2
_WORKER_PATIENCE_S = 900.0  # only for a test that fails
SLICES = {"Yellow": 0, "Green": 1, "Red": 2}  # the axis of RAS along which a view scrolls


def lay_out(
    home: Path, scans: int = _SCANS, *, thin: bool = False
) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Put scans into home/STUDY and two more into home/MORE: real ones where $DUALSSLSEG_DATA is set, else generated.

    `thin` leaves out every second voxel of the generated ones along each axis, to be quick. Returns the reference
    label of every scan, and the names of the structures.
    """
    from DualSSLSegLib.demo.cohort import DATA_VARIABLE, DEFAULT_SET, from_folder
    from DualSSLSegLib.demo.phantom import STRUCTURES, write_cohort

    if os.environ.get(DATA_VARIABLE):
        cohort = from_folder(Path(os.environ[DATA_VARIABLE]) / DEFAULT_SET, DEFAULT_SET)
        names = [*(cohort.labelled + cohort.unlabelled)[:scans], *cohort.held_back[:_NEW_SCANS]]
        images, labels, structures = cohort.images, cohort.references, cohort.structures
    else:
        names = write_cohort(home / "generated", scans + _NEW_SCANS)
        images, labels = (
            {name: home / "generated" / part / f"{name}.nii.gz" for name in names}
            for part in ("images", "labels")
        )
        for path in (*images.values(), *labels.values()) if thin else ():
            _thin_out(path)
        structures = STRUCTURES
    for folder, members in ((STUDY, names[:scans]), (MORE, names[scans:])):
        (home / folder).mkdir(parents=True, exist_ok=True)
        for name in members:
            shutil.copy(images[name], home / folder)
    return {name: labels[name] for name in names}, structures


def _thin_out(path: Path) -> None:
    from DualSSLSegLib.imaging.geometry import Grid
    from DualSSLSegLib.imaging.read import read_voxels
    from DualSSLSegLib.imaging.write import write_label, write_map

    array, grid = read_voxels(path)
    array = np.ascontiguousarray(array[::2, ::2, ::2])
    write = write_label if path.parent.name == "labels" else write_map
    write(path, array, Grid(array.shape, grid.affine @ np.diag([2.0, 2.0, 2.0, 1.0])))


def nothing_forbidden() -> None:
    """Slicer's process holds nothing that Slicer does not ship."""
    loaded = sorted({name.partition(".")[0] for name in sys.modules} & set(FORBIDDEN))
    assert not loaded, f"imported into the panel's process: {', '.join(loaded)}"


class Person:
    """Goes the way step by step. `references` are the true labels, which this person draws."""

    def __init__(
        self,
        home: Path,
        references: dict[str, Path],
        structures: Sequence[str],
        look: Callable[[str, Any], None] = lambda _name, _widget: None,
    ) -> None:
        from host import application

        os.environ["HOME"] = os.environ["DUALSSLSEG_SETTINGS"] = str(home)
        os.environ["LOGNAME"] = "Reader"  # whose labels these are
        self.home, self.references, self.structures, self._look = home, references, structures, look
        self.application = application
        application.start()
        import qt

        qt.QSettings().remove("DualSSLSeg")
        self.window: Any = None
        self.open_module()

    def open_module(self) -> None:
        """As at Slicer's start."""
        import slicer

        from support.clicking import Hand

        module = self.application.load_module(REPOSITORY / "DualSSLSeg" / "DualSSLSeg.py")
        self.window = self.application.MainWindow(module)
        self.window.show()
        self.hand = Hand(slicer.modules.DualSSLSegWidget)
        self.workbench, self.panel = self.hand.workbench, self.hand.panel

    @property
    def study(self) -> Path:
        """The folder of scans that becomes a study."""
        return self.home / STUDY

    def look(self, name: str, widget: Any = None) -> None:
        """Something can be seen; `widget` is where to look in the panel."""
        nothing_forbidden()
        assert not self.application.errors, "\n".join(self.application.errors)
        if widget is not None:
            self.window.scroll_to(widget)
        self._look(name, widget)

    def wait_until(self, happened: Callable[[], Any], patience_s: float = 300.0) -> None:
        self.hand.wait_until(lambda: happened() and not self.workbench.busy, patience_s)

    # --- study and labels ---------------------------------------------------------------------------------

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

    def reference(self, case: str) -> np.ndarray:
        """The true label of a case, (X, Y, Z)."""
        from DualSSLSegLib.imaging.read import read_voxels

        return read_voxels(self.references[case])[0].astype(np.uint8)

    def draw(self, label: np.ndarray) -> None:
        """Fill the segments through their arrays, as scripts and other modules do."""
        import slicer

        scene = self.workbench.case_scene
        segmentation = scene.segmentation_node.GetSegmentation()
        for value, name in enumerate(self.structures, 1):
            slicer.util.updateSegmentBinaryLabelmapFromArray(
                np.ascontiguousarray((label == value).transpose(2, 1, 0)).astype(np.uint8),
                scene.segmentation_node,
                segmentation.GetSegmentIdBySegmentName(name),
                scene.volume_node,
            )
        assert self.workbench.changed
        self.application.settle(50)

    def newest_label(self, case: str) -> np.ndarray:
        """The revision in force, from its file."""
        from DualSSLSegLib.imaging.read import read_voxels

        return read_voxels(self.workbench.controller.study.latest(case).path)[0]

    # --- training -----------------------------------------------------------------------------------------

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

    # --- review -------------------------------------------------------------------------------------------

    def review(self) -> str:
        """See the prediction most worth a look, its heat map, and go to an uncertain place; its case."""
        ui, scene = self.panel.review.ui, self.workbench.case_scene
        self.hand.click(ui.reviewNextButton)
        self.wait_until(lambda: self.workbench.prediction is not None)
        case = str(self.workbench.case)
        assert scene.prediction_node.GetDisplayNode().GetVisibility2DOutline()
        assert (segment_arrays(scene.prediction_node, scene.volume_node) == self.predicted(case)).all()
        assert shown_in_every_view("foreground") == {self.workbench.heat_map.node.GetID()}
        assert ui.mapCheckBox.checked
        self.look("review-1-prediction", self.panel.review.widget)
        ui.mapCheckBox.click()
        assert shown_in_every_view("foreground") == {None}
        self.look("review-2-outline", self.panel.review.widget)
        ui.mapCheckBox.click()
        self.wait_until(lambda: shown_in_every_view("foreground") != {None})
        if self.workbench.hot_spots:
            self._go_to_a_place(case)
        ui.mapCombo.setCurrentIndex(1)
        self.wait_until(lambda: self.workbench.map_shown == "disagreement")
        self.look("review-4-disagreement", self.panel.review.widget)
        return case

    def _go_to_a_place(self, case: str) -> None:
        ui, run = self.panel.review.ui, self.workbench.prediction.run.id
        self.hand.click(ui.nextSpotButton)
        spot = self.workbench.hot_spots[0]
        assert np.allclose(slice_offsets(), spot.centre_ras_mm)
        marks = self.workbench.marks.node
        position = [0.0, 0.0, 0.0]
        marks.GetNthControlPointPositionWorld(0, position)
        assert np.allclose(position, spot.centre_ras_mm) and marks.GetNthControlPointSelected(0)
        assert self.workbench.hot_spots[0].seen
        review = self.workbench.controller.study.review
        self.wait_until(lambda: review(case).seen.get(run) == (spot.number,))
        assert ui.spotsTable.item(0, 0).text()
        self.look("review-3-uncertain-place", self.panel.review.widget)

    def predicted(self, case: str) -> np.ndarray:
        """The newest prediction of a case, from its file."""
        from DualSSLSegLib.imaging.read import read_voxels

        return read_voxels(self.workbench.controller.prediction(case).label)[0]

    def accept(self, case: str) -> None:
        """The prediction becomes the label."""
        predicted = self.predicted(case)
        self.hand.click(self.panel.review.ui.acceptButton)
        self.wait_until(lambda: self.workbench.prediction is None)
        newest = self.workbench.controller.study.latest(case)
        assert (newest.origin, newest.run) == ("accepted", self.workbench.run.id)
        assert (self.newest_label(case) == predicted).all()
        assert self.workbench.case_scene.prediction_node is None and self.workbench.heat_map.node is None
        assert shown_in_every_view("foreground") == {None}

    def correct(self) -> None:
        """Another one is mended before it becomes the label."""
        self.hand.click(self.panel.review.ui.reviewNextButton)
        self.wait_until(lambda: self.workbench.prediction is not None)
        case = str(self.workbench.case)
        self.hand.click(self.panel.review.ui.correctButton)
        assert (self.workbench.case_scene.label() == self.predicted(case)).all()
        self.draw(self.reference(case))
        self.look("review-5-correcting", self.panel.annotate.widget)
        self.hand.submit()
        assert self.workbench.controller.study.latest(case).origin == "corrected"
        assert (self.newest_label(case) == self.reference(case)).all()

    def open_next_with_a_reason(self) -> None:
        """The case that should be next, and why it is."""
        case = self.hand.open_next()
        self.wait_until(lambda: any(text.startswith("Why this case: ") for text in self.hand.said()))
        assert self.panel.study.cases.current == case
        self.look("annotate-2-next", self.panel.messages.widget)

    # --- a folder, and the end of the day -----------------------------------------------------------------

    def segment_folder(self) -> None:
        """Segment two scans of a folder and look at a result."""
        ui = self.panel.folder.ui
        ui.folderSection.collapsed = False
        ui.scansEdit.currentPath = str(self.home / MORE)
        self.hand.click(ui.segmentButton)
        self.wait_until(lambda: self.workbench.folder_state is not None)
        self.wait_until(lambda: not self.workbench.folder_state.active, _WORKER_PATIENCE_S)
        assert [row.state for row in self.workbench.folder_rows] == ["done"] * _NEW_SCANS
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
        self.wait_until(lambda: len(self.workbench.folder_rows) == _NEW_SCANS)
        self.look("study-3-found-again", self.panel.messages.widget)


def shown_in_every_view(layer: str) -> set[str | None]:
    """The node ids that the slice views show in their "background" or "foreground"."""
    import slicer

    manager = slicer.app.layoutManager()
    composites = [manager.sliceWidget(name).mrmlSliceCompositeNode() for name in manager.sliceViewNames()]
    get = "GetBackgroundVolumeID" if layer == "background" else "GetForegroundVolumeID"
    return {getattr(composite, get)() or None for composite in composites}


def slice_offsets() -> list[float]:
    """Where the three slices lie: right, anterior, superior, in mm."""
    import slicer

    manager = slicer.app.layoutManager()
    return [
        manager.sliceWidget(name).mrmlSliceNode().GetSliceToRAS().GetElement(axis, 3)
        for name, axis in SLICES.items()
    ]


def segment_arrays(segmentation_node: Any, volume_node: Any) -> np.ndarray:
    """The segments of a node as a label, (X, Y, Z), numbered in their order."""
    import slicer

    label: Any = 0
    for value, segment in enumerate(segmentation_node.GetSegmentation().GetSegmentIDs(), 1):
        array = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation_node, segment, volume_node)
        label = np.where(array > 0, value, label)
    return np.asarray(label, np.uint8).transpose(2, 1, 0)


def nodes_of_ours() -> list[str]:
    """Names of the nodes in the scene that the module has made for cases."""
    import slicer

    found = (slicer.mrmlScene.GetNthNode(n) for n in range(slicer.mrmlScene.GetNumberOfNodes()))
    return [node.GetName() for node in found if node.GetAttribute("DualSSLSeg.Role")]


def go(home: Path, minutes: float, look: Callable[[str, Any], None] = lambda _name, _widget: None) -> Person:
    """The whole way; the person at the end of it."""
    references, structures = lay_out(home, thin=True)
    person = Person(home, references, structures, look)
    person.make_study()
    person.label()
    person.train(minutes)
    after_training(person)
    return person


def after_training(person: Person) -> None:
    """What follows when the training has ended."""
    person.accept(person.review())
    person.correct()
    person.open_next_with_a_reason()
    person.segment_folder()
    person.close_scene_and_come_back()


def main(given: Iterable[str]) -> int:
    from host import dialogs, ending

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=0.1)
    asked = parser.parse_args(list(given))
    person = go(asked.folder, asked.minutes, lambda name, _widget: print(name, flush=True))
    person.application.unload("DualSSLSeg")
    nothing_forbidden()
    problems = [*person.application.errors, *dialogs.unused()]
    print("\n".join(problems) or FOUND)
    ending.finish(int(bool(problems)))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "Testing")]
    main(sys.argv[1:])
