"""The steps of the panel without widgets: what `slicer.util.getModuleLogic("DualSSLSeg")` hands to scripts, too.

State is plain and never blocks; verbs return at once and their results arrive as topics, told to `listeners`.
With the background `Inline` the same verbs work synchronously and raise what the panel shows as a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DualSSLSegLib.workbench.message import Message

TOPICS = ("study", "cases", "case", "run", "review", "folder", "setup", "message")


class Workbench:
    """The surface. Topics: which part of the state has changed.

    study    controller, read_only, structures, study_path
    cases    rows, queue, counts, problems, next_case, expectation
    case     case, opened, case_scene, seconds spent
    run      run, run_state, run_words, curves, used_labels
    review   prediction, hot_spots, current_hot_spot, score_words, map_shown
    folder   folder_run, folder_state, folder_words, folder_rows
    setup    probe, setting, install_state
    message  message, busy
    """

    def __init__(self, background: Any, *, author: str, launcher: Any = None) -> None:
        self.listeners: list[Callable[[str], None]] = []
        self.author = author
        # study
        self.controller: Any = None  # Controller | None; for the background, do not call it from the panel
        self.study_path: Path | None = None
        self.read_only: str = ""  # "" or, as a sentence, who edits or why the study can only be looked at
        self.structures: tuple[Any, ...] = ()  # Structure: name, value, color "#rrggbb", codes
        # cases
        self.rows: list[Any] = []  # CaseRow
        self.queue: Any = None  # Queue | None
        self.counts: dict[str, int] = {}  # state -> how many; every state of study.status.STATES is a key
        self.problems: tuple[Any, ...] = ()  # Problem: path, reason, cases
        # the open case
        self.case: str | None = None
        self.opened: Any = None  # OpenedCase | None
        self.case_scene: Any = None  # CaseScene, always there
        # messages
        self.busy: str = ""  # "" or what is going on, such as "Reading case_12 ..."
        self.message = Message()
        # the run of the study
        self.run: Any = None  # RunFolder | None
        self.run_state: Any = None  # RunState | None
        self.run_words: Any = None  # RunWords | None
        self.curves: list[Any] = []  # Curve
        self.used_labels: tuple[str, ...] = ()  # case ids whose labels the run trains on
        self.expectation: Any = None  # Expectation | None, see expect()
        # review
        self.prediction: Any = None  # Prediction | None
        self.hot_spots: list[Any] = []  # ListedHotSpot, largest first
        self.current_hot_spot: int | None = None  # its number
        self.heat_map: Any = None  # HeatMap, always there: opacity, threshold, visible, legend
        self.map_shown: str = ""  # "", "uncertainty" or "disagreement"
        self.score_words: str = ""
        # segmenting a folder
        self.folder_run: Any = None  # RunFolder | None
        self.folder_state: Any = None  # RunState | None
        self.folder_words: Any = None  # RunWords | None
        self.folder_rows: list[Any] = []  # FolderRow: name, state "waiting"|"done"|"failed", detail
        # set-up
        self.setting: Any = None  # WorkerSetting
        self.probe: Any = None  # Probe | None: None until check_setup() has answered
        self.install_state: Any = None  # InstallState | None: while installing and after

    # --- what can be asked --------------------------------------------------------------------------------

    @property
    def next_case(self) -> Any:
        """NextCase | None: what `open_next` would open, with the reason (never the case that is open)."""
        raise NotImplementedError

    @property
    def changed(self) -> bool:
        """Whether the open case has strokes that no revision and no draft keeps."""
        raise NotImplementedError

    def why_not(self, verb: str) -> str:
        """Why the verb of that name cannot be done now, for the tooltip of its disabled button; "" when it can."""
        raise NotImplementedError

    def is_study(self, path: str | Path) -> bool:
        """Whether the folder is a study already (or one of MONAI Label or nnU-Net, which becomes one)."""
        raise NotImplementedError

    # --- study --------------------------------------------------------------------------------------------

    def open_study(self, path: str | Path) -> None:
        raise NotImplementedError

    def create_study(self, path: str | Path, structures: Sequence[Any]) -> None:
        """Make the folder of scans a study with these structures (names or Structure) and open it."""
        raise NotImplementedError

    def close_study(self) -> None:
        raise NotImplementedError

    def refresh(self) -> None:
        """Look at the study's folder again: cases, queue, run."""
        raise NotImplementedError

    def add_structure(self, name: str, color: str | None = None, codes: Mapping[str, Any] | None = None) -> None:
        raise NotImplementedError

    def rename_structure(self, name: str, new: str) -> None:
        raise NotImplementedError

    def change_structure(
        self, name: str, *, color: str | None = None, codes: Mapping[str, Any] | None = None
    ) -> None:
        raise NotImplementedError

    # --- annotate -----------------------------------------------------------------------------------------

    def open_case(self, case: str, *, correct_prediction: bool = False) -> None:
        raise NotImplementedError

    def open_next(self) -> None:
        raise NotImplementedError

    def submit(self, then_next: bool = True, *, empty: bool = False) -> None:
        """Write the label on screen as a revision, then leave the case and open the next one.

        An empty label is refused once with a message; a second call, or `empty=True`, submits it.
        """
        raise NotImplementedError

    def save_draft(self) -> None:
        raise NotImplementedError

    def discard_draft(self) -> None:
        """Throw the unfinished work on the open case away and show the case as it was before."""
        raise NotImplementedError

    def leave_case(self) -> None:
        """Close the open case; unsaved strokes become a draft first, and if that fails the case stays open."""
        raise NotImplementedError

    def save_label_as(self, path: str | Path) -> None:
        """Write the label on screen to a file of the user's (.nii.gz, .nii, .nrrd, .mha), such as when the study is
        out of reach."""
        raise NotImplementedError

    def use_segmentation(self, node: Any) -> None:
        """Take a segmentation or label map of another module as the label of the open case."""
        raise NotImplementedError

    # --- train --------------------------------------------------------------------------------------------

    def expect(self, *, minutes: float | None = None, device: str = "auto", use_accepted: bool = False) -> None:
        """Compute `expectation` anew (topic "cases"); the form calls it when one of these is changed."""
        raise NotImplementedError

    def start_training(
        self,
        method: str | None = None,
        options: Mapping[str, Any] | None = None,
        minutes: float | None = None,
        device: str = "auto",
        use_accepted: bool = False,
        from_scratch: bool = False,
    ) -> None:
        raise NotImplementedError

    def start_prediction(self, device: str = "auto") -> None:
        raise NotImplementedError

    def start_ranking(self) -> None:
        """Look at all scans and suggest which to label first (before anything is trained)."""
        raise NotImplementedError

    def pause(self) -> None:
        raise NotImplementedError

    def resume(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    # --- review -------------------------------------------------------------------------------------------

    def review(self, case: str | None = None) -> None:
        """Show a case with its newest prediction, heat map and hot spots; the open case, else the next, when not given."""
        raise NotImplementedError

    def leave_review(self) -> None:
        """Take prediction, heat map and hot spots out of the views; the case stays open."""
        raise NotImplementedError

    def show_map(self, name: str) -> None:
        """Show the map "uncertainty" or "disagreement"; "" hides it."""
        raise NotImplementedError

    def jump(self, number: int) -> None:
        raise NotImplementedError

    def jump_next(self) -> None:
        """Jump to the next hot spot that is not seen yet (the next one when all are)."""
        raise NotImplementedError

    def mark_seen(self, number: int) -> None:
        raise NotImplementedError

    def accept(self) -> None:
        raise NotImplementedError

    def accept_all(self, cases: Iterable[str] | None = None) -> None:
        """Accept the predictions of these cases; of all in state "predicted" when not given."""
        raise NotImplementedError

    def correct(self) -> None:
        """Take the prediction as the label to be edited; submitting it makes a corrected label."""
        raise NotImplementedError

    def reject(self, reason: str = "") -> None:
        raise NotImplementedError

    # --- segment a folder ---------------------------------------------------------------------------------

    def segment_folder(
        self,
        model: str | Path,
        scans: str | Path,
        output: str | Path,
        uncertainty: bool = False,
        device: str = "auto",
    ) -> None:
        """`model` is a model file or a study folder, whose newest model is taken. What is done already is skipped."""
        raise NotImplementedError

    def find_folder_run(self, output: str | Path) -> None:
        """Show the newest segmentation that wrote, or writes, to this output folder."""
        raise NotImplementedError

    def stop_folder(self) -> None:
        raise NotImplementedError

    def resume_folder(self) -> None:
        raise NotImplementedError

    def open_result(self, name: str) -> None:
        """Show a scan with its result; it belongs to no study and cannot be submitted."""
        raise NotImplementedError

    # --- set-up -------------------------------------------------------------------------------------------

    def check_setup(self) -> None:
        raise NotImplementedError

    def install(self, plan: Any) -> None:
        raise NotImplementedError

    def cancel_installation(self) -> None:
        raise NotImplementedError

    def remove_installation(self) -> None:
        raise NotImplementedError

    def set_python(self, path: str | Path | None) -> None:
        """Use this interpreter for the workers; None for Slicer's own."""
        raise NotImplementedError

    # --- life ---------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """On the main thread, every 250 ms: takes finished work, looks at runs, saves drafts."""
        raise NotImplementedError

    def scene_closing(self) -> None:
        """Before Slicer closes the scene: unfinished work is saved at once."""
        raise NotImplementedError

    def scene_closed(self) -> None:
        raise NotImplementedError

    def touch(self) -> None:
        """The user does something in the case (a stroke, a scroll): time goes on counting."""
        raise NotImplementedError

    def close(self) -> None:
        """Unload or quit: drafts are saved, threads end, runs go on."""
        raise NotImplementedError
