"""The steps of the panel without widgets: what `slicer.util.getModuleLogic("DualSSLSeg")` hands to scripts, too.

State is plain and never blocks; verbs return at once and their results arrive as topics, told to `listeners` (see
desk.py for both). With the background `Inline` the same verbs work at once and raise what a panel shows as a message.

    choosing_steps.py  is_study open_folder
    study_steps.py     open_study create_study close_study refresh
    structure_steps.py add_structure rename_structure change_structure
    annotate_steps.py  open_case open_next submit discard_draft leave_case use_segmentation
    keeping.py         save_draft save_label_as changed
    training_steps.py  expect start_training start_prediction start_ranking export_model pause resume stop
    review_steps.py    review leave_review show_map jump jump_next mark_seen
    verdict_steps.py   accept accept_all cancel_accept_all correct reject
    folder_steps.py    segment_folder find_folder_run stop_folder resume_folder open_result
    setup_steps.py     check_setup plan_installation install cancel_installation remove_installation set_python
"""

from __future__ import annotations

from DualSSLSegLib.loop.background import Background
from DualSSLSegLib.loop.launcher import Launcher
from DualSSLSegLib.workbench.refusals import why_not
from DualSSLSegLib.workbench.setup_steps import SetUpSteps

_PATIENCE_S = 30.0  # for labels that are being written when everything ends
_LAST_LOOKS = 20


class Workbench(SetUpSteps):
    """Everything a person does, in one object. Without a `launcher` workers are started as the set-up says."""

    def __init__(self, background: Background, *, author: str, launcher: Launcher | None = None) -> None:
        super().__init__(background, author=author, launcher=launcher)
        self._begin_keeping()
        self._at_closing: tuple[str | None, bool] = (
            None,
            False,
        )  # what was drawn on, and whether keeping it failed
        self._begin_set_up(own_launcher=launcher is None)

    def why_not(self, verb: str) -> str:
        """Why the verb of that name cannot be done now, as a sentence; "" when it can."""
        return why_not(self, verb)

    def poll(self) -> None:
        """On the main thread, about four times a second: takes finished work, looks at runs, keeps strokes."""
        try:
            self.background.poll()
        finally:  # the strokes first: whatever goes wrong below, they are kept
            self._autosave()
            self._notice_deleted_nodes()
            self._watch()
            self._watch_folder()
            self._watch_installation()

    @property
    def poll_after_ms(self) -> int:
        """In how many milliseconds to poll again: 250, and less while work waits for Python's lock."""
        return self.background.poll_after_ms

    def touch(self) -> None:
        """The user does something in the case, such as scrolling: the time on it goes on counting."""
        self.time_spent.touch()

    def _notice_deleted_nodes(self) -> None:
        if self.opened is None or self.case_scene.alive:
            return
        case, drawn = self.opened.id, self.changed
        self._save_at_once()
        self._keep_time()
        self._leave_now()
        self._tell("case")
        if not drawn or not self._save_failed:
            kept = " What was drawn is kept as unfinished work." if drawn else ""
            self._say("warning", f"Nodes of {case} were deleted in the scene, so the case was closed.{kept}")

    def scene_closing(self) -> None:
        """Before Slicer closes the scene: what is on screen is saved at once."""
        drawn_on = self.case if self.changed else None
        self._save_at_once()
        self._at_closing = (drawn_on, self._save_failed)
        self._keep_time()

    def scene_closed(self) -> None:
        """The scene is empty: no case is open any more. Study and runs stay as they are."""
        drawn_on, failed = self._at_closing
        self._at_closing = (None, False)
        drawn_on = self.case if self.changed else drawn_on
        self._save_at_once()  # what is drawn outlives its nodes, should nobody have said that they go
        if self.opened is not None and not (failed or self._save_failed):
            kept = f" What you have drawn on {drawn_on} is kept as unfinished work." if drawn_on else ""
            self._say("info", f"The scene was closed, and with it the case.{kept}")
        self._leave_now()
        self._tell("case", "review")

    def close(self) -> None:
        """Unload or quit: what is on screen is saved, threads end, the study is given back; runs go on."""
        self._save_at_once()
        self._keep_time()
        self.background.close(_PATIENCE_S)
        for _ in range(_LAST_LOOKS):
            self.background.poll()  # what was written, or could not be, is heard of
        self._rescue_what_hangs()
        self._save_at_once()  # what could not be written
        self._leave_now()
        self._closed = True
        if self._lock_asked_for is not None:  # a study that was still being opened
            self._lock_asked_for.abandon()
        if self.editor_lock is not None:
            self.editor_lock.release()
        self._forget_study()
        self.listeners.clear()
