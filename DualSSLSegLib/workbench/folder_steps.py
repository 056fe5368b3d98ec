"""Segmenting a folder of scans, no study needed, and looking at a result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import RESULT_SUFFIXES
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.folder_results import FolderResults, FolderRow, open_result
from DualSSLSegLib.loop.opened_case import OpenedCase
from DualSSLSegLib.loop.runs import Runs
from DualSSLSegLib.loop.segmenting import output_runs, start_segmentation
from DualSSLSegLib.workbench.desk import verb
from DualSSLSegLib.workbench.training_steps import LOOK_AGAIN_S, LOOK_EVERY_S, Look, look_at
from DualSSLSegLib.workbench.verdict_steps import VerdictSteps


@dataclass(frozen=True)
class _FolderLook:
    look: Look
    rows: list[FolderRow]


class FolderSteps(VerdictSteps):
    """Verbs of the section Segment a folder."""

    _folder_looked_at = float("-inf")
    _folder_looking = False

    @verb
    def segment_folder(
        self,
        model: str | Path,
        scans: str | Path,
        output: str | Path,
        uncertainty: bool = False,
        device: str = "auto",
        format: str = RESULT_SUFFIXES[0],
    ) -> None:
        """Segment every scan of a folder into another one. `model` is a model file, or a study whose newest model is
        taken. What is done already is skipped."""
        launcher = self.launcher

        def work() -> tuple[Runs, RunFolder]:
            return start_segmentation(
                model,
                scans,
                output,
                uncertainty=uncertainty,
                format=format,
                device=device,
                launcher=launcher,
            )

        def then(started: tuple[Runs, RunFolder]) -> None:
            self._say("info", "")
            self._show_folder_run(*started)

        self._do(work, then, busy="Starting the segmentation", of_study=False, aside=True)

    @verb
    def find_folder_run(self, output: str | Path) -> None:
        """Show the newest segmentation that wrote, or writes, to this folder; nothing when there is none. A folder that
        does not exist (yet) changes nothing."""
        launcher, folder = self.launcher, Path(output).expanduser()

        def work() -> tuple[Runs, RunFolder | None] | None:
            if not folder.is_dir():
                return None
            runs = output_runs(folder, launcher)
            found = [run for run in runs.all() if run.spec().get("kind") == "segment"]
            return runs, found[-1] if found else None

        def then(found: tuple[Runs, RunFolder | None] | None) -> None:
            if found is not None:
                self._show_folder_run(*found)

        patience = "choose another folder if its drive does not answer"
        self._do(
            work,
            then,
            busy=f"Looking for results in {folder.name or folder} ({patience})",
            key="find",
            of_study=False,
            aside=True,
        )

    def _show_folder_run(self, runs: Runs, run: RunFolder | None) -> None:
        self._folder_runs, self.folder_run = runs, run
        self._folder_results = None if run is None else FolderResults(run)
        self.folder_state = self.folder_words = None
        self.folder_rows = []
        self._folder_looking = False
        self._tell("folder")
        self._watch_folder_now()

    def _watch_folder(self) -> None:
        """For every poll: look at the segmentation when it is time to."""
        state = self.folder_state
        if self._folder_looking or (state is not None and state.status in ("finished", "stopped", "failed")):
            return
        every = LOOK_EVERY_S if state is None or state.active else LOOK_AGAIN_S
        if self.folder_run is not None and self.clock() - self._folder_looked_at >= every:
            self._watch_folder_now()

    def _watch_folder_now(self) -> None:
        runs, run, results = self._folder_runs, self.folder_run, self._folder_results
        if runs is None or run is None or results is None:
            return
        self._folder_looking, self._folder_looked_at = True, self.clock()

        def then(found: _FolderLook) -> None:
            self._folder_looking = False
            if run != self.folder_run:
                return
            look = found.look
            if (self.folder_state, self.folder_words, self.folder_rows) != (
                look.state,
                look.words,
                found.rows,
            ):
                self.folder_state, self.folder_words, self.folder_rows = look.state, look.words, found.rows
                self._tell("folder")

        def failed(error: Exception) -> None:
            self._folder_looking = False
            self._folder_looked_at = self.clock() + LOOK_AGAIN_S
            if not isinstance(error, OSError):
                self._failed(error)

        def work() -> _FolderLook:
            look = look_at(runs, run)  # first: what it has written when it ends is then among the rows
            return _FolderLook(look, results.look())

        self._do(work, then, key="folder", failed=failed, of_study=False, aside=True)

    @verb
    def stop_folder(self) -> None:
        """Ask the segmentation to end; what is done stays."""
        self._ask_folder("stop")

    @verb
    def resume_folder(self) -> None:
        """Take up a segmentation that was stopped, failed or was lost; what is done is skipped."""
        self._ask_folder("resume")

    def _ask_folder(self, wish: str) -> None:
        runs, run = self._folder_runs, self.folder_run
        assert runs is not None and run is not None  # see why_not

        def then(_: object) -> None:
            self.folder_state = None
            self._watch_folder_now()

        self._do(
            lambda: getattr(runs, wish)(run),
            then,
            busy="Telling the segmentation",
            of_study=False,
            aside=True,
        )

    @verb
    def open_result(self, name: str) -> None:
        """Show a scan with its result; it belongs to no study and cannot be submitted."""
        run = self.folder_run
        row = next((row for row in self.folder_rows if row.name == name), None)
        if run is None or row is None or row.state not in ("done", "skipped"):
            raise BadInput(f"there is no result of {name!r} yet.")

        def read() -> None:
            self._do(
                lambda: open_result(run, name),
                lambda opened: self._show_result(opened),
                busy=f"Reading {name}",
                key="open",
                failed=self._not_read,
                of_study=False,
                aside=True,
            )

        self._leave(read)

    def _show_result(self, opened: OpenedCase) -> None:
        self._show_case(opened, in_study=False)
        self._say("info", opened.note)
