"""Why a step cannot be taken now, in words for the tooltip of its disabled button. Cheap: looks at the state only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from DualSSLSegLib.workbench.setup_steps import SetUpSteps

_OF_STUDY = frozenset(
    (
        *(
            "close_study",
            "refresh",
            "add_structure",
            "rename_structure",
            "change_structure",
            "open_case",
            "open_next",
        ),
        *(
            "start_training",
            "start_prediction",
            "start_ranking",
            "export_model",
            "pause",
            "resume",
            "stop",
            "review",
            "accept_all",
        ),
        *("submit", "save_draft", "accept", "reject"),
    )
)
_WRITES = frozenset(
    (
        *(
            "add_structure",
            "rename_structure",
            "change_structure",
            "submit",
            "save_draft",
            "accept",
            "accept_all",
        ),
        *(
            "reject",
            "correct",
            "start_training",
            "start_prediction",
            "start_ranking",
            "pause",
            "resume",
            "stop",
        ),
    )
)
_OF_CASE = frozenset(
    ("submit", "save_draft", "discard_draft", "leave_case", "save_label_as", "use_segmentation")
)
_OF_STUDY_CASE = frozenset(("submit", "save_draft"))
_OF_PREDICTION = frozenset(("show_map", "jump", "jump_next", "mark_seen", "accept", "reject", "correct"))
_WAITS = frozenset(
    (
        *(
            "open_folder",
            "open_study",
            "create_study",
            "close_study",
            "open_case",
            "open_next",
            "submit",
            "leave_case",
        ),
        *("discard_draft", "review", "accept", "accept_all", "correct", "reject", "open_result"),
        *("start_training", "start_prediction", "start_ranking", "add_structure", "rename_structure"),
        *("change_structure", "use_segmentation"),
    )
)  # for what is written or opened at this moment


def why_not(desk: SetUpSteps, verb: str) -> str:
    """Why the verb of that name is refused now, as a sentence; "" when it can be done."""
    if verb in _WAITS and desk._exclusive:
        return f"One moment: {desk._exclusive} is under way."
    if verb in _OF_STUDY and desk.controller is None:
        return "No study is open. Choose a folder of scans first."
    if verb in _WRITES and desk.read_only:
        return f"{desk.read_only} You can look, but not change anything."
    if verb in _OF_CASE and desk.opened is None:
        return "No case is open. Open one first."
    if verb in _OF_STUDY_CASE and desk.case is None:
        return "This scan belongs to no study."
    if verb in _OF_PREDICTION and desk.prediction is None:
        return "No prediction is shown. Review a case first."
    special = _SPECIAL.get(verb)
    return special(desk) if special is not None else ""


def _start_training(desk: SetUpSteps) -> str:
    return _start(desk) or (desk.expectation.problem if desk.expectation is not None else "")


def _start(desk: SetUpSteps) -> str:
    if desk.run_state is not None and desk.run_state.active:
        return "A run is at work; wait until it is done, or stop it."
    return ""


def _start_prediction(desk: SetUpSteps) -> str:
    return _start(desk) or _export_model(desk)


def _export_model(desk: SetUpSteps) -> str:
    none = not any(row.state == "predicted" for row in desk.rows) and desk.run is None
    return "Nothing has been trained in this study yet." if none else ""


def _pause(desk: SetUpSteps) -> str:
    return (
        ""
        if desk.run_words is not None and desk.run_words.can_pause
        else "No run is at work that can be paused."
    )


def _resume(desk: SetUpSteps) -> str:
    can = desk.run_words is not None and desk.run_words.can_resume
    return "" if can else "No run is paused, stopped or interrupted."


def _stop(desk: SetUpSteps) -> str:
    return "" if desk.run_words is not None and desk.run_words.can_stop else "No run is at work."


def _open_next(desk: SetUpSteps) -> str:
    return "" if desk.next_case is not None else "Every case is labelled or reviewed."


def _jump_next(desk: SetUpSteps) -> str:
    return "" if desk.hot_spots else "This prediction has no uncertain places."


def _accept(desk: SetUpSteps) -> str:
    if desk._why_not_accepted:
        return f"{desk._why_not_accepted} Keep that label, or correct the prediction and submit that."
    return _correct(desk)


def _correct(desk: SetUpSteps) -> str:
    if desk.changed:
        return "Submit or discard what you have drawn on this case first."
    return "Submit or discard the unfinished work on this case first." if desk.has_draft else ""


def _accept_all(desk: SetUpSteps) -> str:
    if desk._accepting is not None and desk._accepting is desk.controller:
        return "Predictions are being accepted."
    return "" if any(row.state == "predicted" for row in desk.rows) else "No prediction waits."


def _cancel_accept_all(desk: SetUpSteps) -> str:
    if desk._accepting is None or desk._accepting is not desk.controller:
        return "No predictions are being accepted."
    return "The one at work is finished, then it stops." if desk._accept_no_more else ""


def _segment_folder(desk: SetUpSteps) -> str:
    return (
        "A folder is being segmented." if desk.folder_state is not None and desk.folder_state.active else ""
    )


def _stop_folder(desk: SetUpSteps) -> str:
    return (
        "" if desk.folder_words is not None and desk.folder_words.can_stop else "Nothing is being segmented."
    )


def _resume_folder(desk: SetUpSteps) -> str:
    can = desk.folder_words is not None and desk.folder_words.can_resume
    return "" if can else "No segmentation was stopped or interrupted."


def _install(desk: SetUpSteps) -> str:
    state = desk.install_state
    return "Packages are being installed." if state is not None and state.active else ""


def _cancel_installation(desk: SetUpSteps) -> str:
    return "" if _install(desk) else "Nothing is being installed."


def _remove_installation(desk: SetUpSteps) -> str:
    if _install(desk):
        return _install(desk)
    if any(state is not None and state.active for state in (desk.run_state, desk.folder_state)):
        return "A run uses the packages; wait until it is done, or stop it."
    return "" if desk.setting.packages is not None else "Nothing was installed by DualSSLSeg."


_SPECIAL = {
    "start_training": _start_training,
    "start_prediction": _start_prediction,
    "start_ranking": _start,
    "export_model": _export_model,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "open_next": _open_next,
    "jump_next": _jump_next,
    "accept": _accept,
    "correct": _correct,
    "accept_all": _accept_all,
    "cancel_accept_all": _cancel_accept_all,
    "segment_folder": _segment_folder,
    "stop_folder": _stop_folder,
    "resume_folder": _resume_folder,
    "install": _install,
    "cancel_installation": _cancel_installation,
    "remove_installation": _remove_installation,
}
