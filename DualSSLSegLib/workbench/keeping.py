"""No stroke is lost: drafts by the minute and when a case is left, at once when the scene closes, elsewhere when the
study is out of reach."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.study.never_replaced import refuse_to_replace
from DualSSLSegLib.workbench.desk import Desk, T, in_words, is_expected, verb
from DualSSLSegLib.workbench.draft_box import DraftBox
from DualSSLSegLib.workbench.rescue_name import rescue_name
from DualSSLSegLib.workbench.scans_in_use import scans_in_use

if TYPE_CHECKING:
    import numpy as np

    from DualSSLSegLib.imaging.geometry import Grid
    from DualSSLSegLib.loop.opened_case import OpenedCase

AUTOSAVE_AFTER_S = 60.0


class Keeping(Desk):
    """What keeps the label on screen."""

    def _begin_keeping(self) -> None:
        self._drafts = DraftBox()
        self._being_written: dict[int, tuple[str, np.ndarray, Grid]] = {}  # by number of the drafts
        self._save_under_way = False
        self._save_failed = False
        self._told_changed = False
        self._in_work = False  # a draft of the label on screen was written since the case was opened

    @property
    def changed(self) -> bool:
        """Whether the open case has strokes that no revision, draft or file keeps."""
        return self.opened is not None and (self.case_scene.changed or self._unsaved)

    @property
    def has_draft(self) -> bool:
        """Whether unfinished work on the open case is kept as a draft, or is being written."""
        return self.opened is not None and (
            self.opened.source == "draft" or self._in_work or self._save_under_way
        )

    def _mark_row(self, case: str, state: str) -> None:
        raise NotImplementedError

    def _take_label(self) -> np.ndarray:
        """The label on screen, (X, Y, Z) uint8; from here on it counts as kept. Raises BadInput for a segment that is
        no structure of the study."""
        label = self.case_scene.label()
        self.case_scene.mark_saved()
        self._unsaved = False
        self._saved_at = self.clock()
        return label

    def _writing(
        self, number: int, opened: OpenedCase, label: np.ndarray, write: Callable[[], T]
    ) -> Callable[[], T]:
        """`write` as work for the background; until it has ended, the end of the program knows of the label."""
        self._being_written[number] = (opened.id, label, opened.grid)

        def work() -> T:
            try:
                return write()
            finally:
                self._being_written.pop(number, None)

        return work

    def _rescue_what_hangs(self) -> None:
        """At the end: labels that a drive has not taken yet, such as one that does not answer."""
        for case, label, grid in list(self._being_written.values()):
            self._rescue(case, label, grid, BadInput("the study did not take it in time."))

    @verb
    def save_draft(self) -> None:
        """Keep the label on screen as unfinished work."""
        self._write_draft(lambda: self._say("info", "Saved as unfinished work."))

    def _write_draft(self, then: Callable[[], None], *, exclusive: bool = False) -> None:
        """Keep the label on screen as a draft, then `then`; when it fails it stays on screen and counts as unsaved."""
        study, opened = self._study().study, self._the_case()
        label, number = self._take_label(), self._drafts.take_number()
        drafts, grid, case = self._drafts, opened.grid, opened.id
        self._save_under_way = True

        def done(_: None) -> None:
            self._save_under_way = False
            self._in_work = self._in_work or self.case == case
            self._mark_row(case, "in_progress")
            then()

        def failed(error: Exception) -> None:
            self._save_under_way = False
            if self.case != case:  # the scene was closed meanwhile
                self._rescue(case, label, grid, error)
                return
            self._unsaved = True
            if self.for_scripts or not is_expected(error):
                raise error
            text, hint = in_words(error)
            self._say("error", f"The unfinished work could not be saved; it stays on screen. {text}", hint)

        self._do(
            self._writing(number, opened, label, lambda: drafts.save(number, study, opened, label)),
            done,
            failed=failed,
            busy="Saving the unfinished work",
            exclusive=exclusive,
            of_study=False,
        )

    def _autosave(self) -> None:
        """For every poll: keep strokes that are a minute old."""
        if not self.changed:
            self._saved_at = self.clock() if not self._unsaved else self._saved_at
        elif (
            self.case is not None
            and not self.read_only
            and not self._save_under_way
            and not self._exclusive
            and self.clock() - self._saved_at >= AUTOSAVE_AFTER_S
        ):
            self._saved_at = self.clock()
            try:
                self._write_draft(lambda: None)
            except DualSSLSegError as error:  # such as a segment that is no structure: tried again later
                self._failed(error)
        if self.changed != self._told_changed:
            self._told_changed = self.changed
            self._tell("case")

    def _save_at_once(self) -> None:
        """Keep what is on screen before it goes away, whatever it takes; for the end of a scene or the program."""
        self._save_failed = False
        if not self.changed or self.opened is None:
            return
        opened = self.opened
        try:
            label = self._take_label()
        except DualSSLSegError as error:  # a segment that is no structure: all segments are kept as they are
            self._save_failed = True
            self._rescue_segments(opened.id, error)
            return
        number = self._drafts.take_number()
        try:
            if self.case is None or self.controller is None or self.read_only:
                raise BadInput(self.read_only or "this scan belongs to no study.")
            self._drafts.save_in_time(number, self.controller.study, opened, label)
            self._mark_row(opened.id, "in_progress")
        except (DualSSLSegError, OSError) as error:
            self._save_failed = True
            self._rescue(opened.id, label, opened.grid, error)

    def _rescue(self, case: str, label: np.ndarray, grid: Grid, error: Exception) -> None:
        """Write a label that its study cannot take to a folder of the user's."""
        from DualSSLSegLib.imaging.write import write_label

        self._rescue_with(lambda path: write_label(path, label, grid), case, ".nii.gz", error)

    def _rescue_segments(self, case: str, error: Exception) -> None:
        """Write the segments on screen, whatever their names, to a folder of the user's."""
        node = self.case_scene.segmentation_node
        if node is None:
            self._say("error", *in_words(error))
        elif self._rescue_with(lambda path: write_segments(node, path), case, ".seg.nrrd", error):
            self.case_scene.mark_saved()
            self._unsaved = False

    def _rescue_with(self, write: Callable[[Path], None], case: str, suffix: str, error: Exception) -> bool:
        study = "" if self.study_path is None else self.study_path.name
        stem = rescue_name(study, case, time.strftime("%Y-%m-%d %H-%M-%S"))
        path, number = self.rescue_folder / f"{stem}{suffix}", 1
        while path.exists():  # an earlier label of the same case, rescued in the same second
            number += 1
            path = self.rescue_folder / f"{stem} ({number}){suffix}"
        text, hint = in_words(error)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
        except (DualSSLSegError, OSError) as second:
            self._say("error", f"The label of {case} could not be written anywhere. {text} {second}", hint)
            return False
        self._say("warning", f"The label of {case} was written to {path}, because: {text}", hint)
        return True

    @verb
    def save_label_as(self, path: str | Path) -> None:
        """Write the label on screen to a file of the user's (.nii.gz, .nii, .nrrd, .mha).

        It counts as kept from then on only where the study cannot take it, or just would not: else it is a copy.
        No scan is ever replaced by it, and no file of a study.
        """
        from DualSSLSegLib.imaging.write import write_label

        opened, target = self._the_case(), Path(path).expanduser().absolute()
        keeps = self.case is None or bool(self.read_only) or self._unsaved
        label = self._take_label() if keeps else self.case_scene.label()
        number = self._drafts.take_number()
        scans = scans_in_use(opened, self.controller, self.folder_run)

        def write() -> None:
            refuse_to_replace(target, scans)
            write_label(target, label, opened.grid)

        def failed(error: Exception) -> None:
            if self.opened is None or self.opened.volume is not opened.volume:  # left meanwhile
                self._rescue(opened.id, label, opened.grid, error)
                return
            self._unsaved = self._unsaved or keeps
            self._failed(error)

        self._do(
            self._writing(number, opened, label, write),
            lambda _: self._say("info", f"The label was written to {target}."),
            failed=failed,
            busy="Writing the label",
            of_study=False,
            aside=True,  # its drive has nothing to do with that of the study
        )


def write_segments(node: Any, path: Path) -> None:
    """Write a segmentation node as .seg.nrrd. Raises BadInput when that fails."""
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    if not storage.WriteData(node):
        raise BadInput("the segments could not be written.", hint="Check the disk.", path=path)
