"""What all steps of the workbench share: its state, its listeners, its messages, and work in the background."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.background import Background, Inline
from DualSSLSegLib.loop.case_table import CaseRow
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.editor_lock import EditorLock
from DualSSLSegLib.loop.expectation import Expectation
from DualSSLSegLib.loop.folder_results import FolderResults, FolderRow
from DualSSLSegLib.loop.hot_spot_list import ListedHotSpot
from DualSSLSegLib.loop.launcher import Launcher
from DualSSLSegLib.loop.next_case import NextCase, Queue
from DualSSLSegLib.loop.opened_case import OpenedCase
from DualSSLSegLib.loop.predictions import Prediction
from DualSSLSegLib.loop.run_words import Curve, RunWords
from DualSSLSegLib.loop.runs import Runs
from DualSSLSegLib.loop.time_spent import TimeSpent
from DualSSLSegLib.scene.case_scene import CaseScene
from DualSSLSegLib.scene.heat_map import HeatMap
from DualSSLSegLib.scene.hot_spots import HotSpotMarks
from DualSSLSegLib.study.model import Problem, Structure
from DualSSLSegLib.study.status import STATES, StudyStatus
from DualSSLSegLib.workbench.message import Kind, Message

T = TypeVar("T")
Verb = TypeVar("Verb", bound=Callable[..., None])


def verb(method: Verb) -> Verb:
    """A step that a person takes: refused with the words of `why_not`; an error becomes a message, in scripts it is
    raised."""

    @functools.wraps(method)
    def taken(self: Desk, *args: Any, **kwargs: Any) -> None:
        try:
            refusal = self.why_not(method.__name__)
            if refusal:
                raise BadInput(refusal)
            with self.background.undisturbed():
                method(self, *args, **kwargs)
        except Exception as error:
            self._failed(error)

    return taken  # type: ignore[return-value]


class Desk:
    """The state of the workbench, and how its steps work. A topic names which part of the state has changed: study,
    cases, case, run, review, folder, setup or message.

    study    controller, study_path, read_only, structures, new_folder
    cases    rows, queue, counts, problems, next_case, expectation
    case     case, opened, case_scene, changed
    run      run, run_state, run_words, curves, used_labels
    review   prediction, hot_spots, current_hot_spot, score_words, map_shown
    folder   folder_run, folder_state, folder_words, folder_rows
    setup    probe, setting, plan, plan_problem, install_state
    message  message, busy
    """

    def __init__(self, background: Background, *, author: str, launcher: Launcher | None = None) -> None:
        self.background = background
        self.author = author
        self.launcher = launcher or Launcher()
        self.listeners: list[Callable[[str], None]] = []
        self.message = Message()
        self.rescue_folder = Path.home() / "DualSSLSeg rescued labels"
        self.clock: Callable[[], float] = time.monotonic
        self._under_way: dict[object, str] = {}  # a task's key, or an object for it alone: what is going on
        self._exclusive = (
            ""  # what must end before the next step: a label or a study is being written or opened
        )

        self.controller: Controller | None = None  # for the background; a panel does not call it
        self.study_path: Path | None = None
        self.read_only = ""  # "" or, as a sentence, why the study can be looked at only
        self.structures: tuple[Structure, ...] = ()
        self.new_folder: Path | None = None  # chosen, and no study yet
        self.editor_lock: EditorLock | None = None
        self._lock_asked_for: EditorLock | None = None  # by the study that is, or was last, being opened
        self._closed = False

        self.rows: list[CaseRow] = []
        self.queue: Queue | None = None
        self.counts: dict[str, int] = dict.fromkeys(STATES, 0)
        self.problems: tuple[Problem, ...] = ()
        self.next_case: NextCase | None = None
        self.expectation: Expectation | None = None
        self._status: StudyStatus | None = None

        self.case: str | None = None
        self.opened: OpenedCase | None = None
        self.case_scene = CaseScene(self._on_change)
        self.time_spent = TimeSpent(lambda: self.clock())
        self._seconds_kept = 0.0  # spent on the open case and not written yet
        self._unsaved = False  # a label that was taken from the scene could not be written
        self._saved_at = 0.0

        self.run: RunFolder | None = None
        self.run_state: RunState | None = None
        self.run_words: RunWords | None = None
        self.curves: list[Curve] = []
        self.used_labels: tuple[str, ...] = ()

        self.prediction: Prediction | None = None
        self.hot_spots: list[ListedHotSpot] = []
        self.current_hot_spot: int | None = None
        self.heat_map = HeatMap()
        self.marks = HotSpotMarks()
        self.map_shown = ""  # "", "uncertainty" or "disagreement"
        self.score_words = ""

        self.folder_run: RunFolder | None = None
        self.folder_state: RunState | None = None
        self.folder_words: RunWords | None = None
        self.folder_rows: list[FolderRow] = []
        self._folder_runs: Runs | None = None
        self._folder_results: FolderResults | None = None

    # --- what the steps are made of -----------------------------------------------------------------------

    @property
    def busy(self) -> str:
        """What is going on, such as "Reading case_12"; "" when nothing is."""
        return next(reversed(self._under_way.values()), "")

    @property
    def for_scripts(self) -> bool:
        """Whether the verbs work at once and raise."""
        return isinstance(self.background, Inline)

    def why_not(self, verb: str) -> str:
        """Why the verb of that name cannot be done now, as a sentence; "" when it can."""
        raise NotImplementedError

    def _on_change(self) -> None:
        """The user has drawn something."""
        self.time_spent.touch()

    def _tell(self, *topics: str) -> None:
        for topic in topics:
            for listener in list(self.listeners):
                listener(topic)

    def _say(self, kind: Kind, text: str, hint: str = "") -> None:
        self.message = Message(kind, text, hint)
        self._tell("message")

    def _failed(self, error: Exception) -> None:
        """Show an error; scripts get it raised, and so does everybody an unexpected one, which then is printed."""
        if not self.for_scripts:
            self._say("error", *in_words(error))
        if self.for_scripts or not is_expected(error):
            raise error

    def _do(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        *,
        busy: str = "",
        key: str | None = None,
        failed: Callable[[Exception], None] | None = None,
        exclusive: bool = False,
        aside: bool = False,
        of_study: bool = True,
    ) -> None:
        """Do slow work in the background, then `then` (or `failed`; by default the error is shown) on this thread.

        With `of_study` the result is dropped when another study was opened meanwhile. Nothing else may begin that
        changes label or study while `exclusive` work is under way.
        """
        controller = self.controller
        token: object = key or object()
        if self._under_way.pop(token, "") or busy:
            if busy:
                self._under_way[token] = busy
            self._tell("message")
        if exclusive:
            self._exclusive = busy

        def over() -> bool:
            if exclusive:
                self._exclusive = ""
            if self._under_way.pop(token, ""):
                self._tell("message")
            return of_study and self.controller is not controller

        def done(result: T) -> None:
            if not over():
                then(result)

        def gone_wrong(error: Exception) -> None:
            if not over():
                (failed or self._failed)(error)

        self.background.run(work, done, gone_wrong, key=key, aside=aside)

    def _study(self) -> Controller:
        """The open study. Raises BadInput when there is none."""
        if self.controller is None:
            raise BadInput("no study is open.", hint="Choose a folder of scans first.")
        return self.controller

    def _the_case(self) -> OpenedCase:
        """The case on screen. Raises BadInput when there is none."""
        if self.opened is None:
            raise BadInput("no case is open.", hint="Open one first.")
        return self.opened


def is_expected(error: Exception) -> bool:
    """Whether an error happens in a program without mistakes: ours, and those of drives and memory."""
    return isinstance(error, DualSSLSegError | OSError | MemoryError)


def in_words(error: Exception) -> tuple[str, str]:
    """Text and hint of a message for an error."""
    if isinstance(error, DualSSLSegError):
        text = error.message[:1].upper() + error.message[1:]
        return (f"{text} ({error.path})" if error.path else text), error.hint
    if isinstance(error, OSError):  # such as a network drive that went away between two steps
        where = "" if error.filename is None else f" ({error.filename})"
        text = f"A file or folder could not be used: {error.strerror or error}.{where}"
        return text, "Check the drive and your rights, then try again. What is on screen stays."
    if isinstance(error, MemoryError):
        return (
            "The memory of this computer does not suffice.",
            "Close other programs or scenes and try again.",
        )
    lines = str(error).strip().splitlines()
    return (
        f"Something unexpected went wrong: {lines[0] if lines else 'no message'} ({type(error).__name__}).",
        "Nothing that is on screen is lost. The details are in the Python console and the error log.",
    )
