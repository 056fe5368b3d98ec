"""A run in plain words, with what can be done about it, and its learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.jobs.control import read_want
from DualSSLSegLib.jobs.event_fields import numbers
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState

PLATEAU = "plateau"  # the code of the trainer's warning
_KINDS = {
    "train": "Training",
    "predict": "Prediction",
    "segment": "Segmenting a folder",
    "evaluate": "Measuring",
    "rank": "Looking for the scans to label first",
}
_PHASES = {
    "plan": "Planning",
    "cache": "Reading the scans",
    "shapes": "Comparing the shapes of the scans",
    "own_labels": "Pre-labelling scans for the training",
    "train": "Training the networks",
    "calibrate": "Calibrating the uncertainty",
    "predict": "Predicting the other scans",
    "rank": "Deciding what to review next",
    "segment": "Segmenting",
    "evaluate": "Comparing with the reference",
}
_COUNTED = {
    "cache": "scan",
    "shapes": "pair",
    "own_labels": "scan",
    "calibrate": "scan",
    "predict": "scan",
    "rank": "scan",
    "segment": "scan",
    "evaluate": "scan",
}
_ENDED = {
    "finished": "Finished",
    "stopped": "Stopped, the work is kept",
    "failed": "Failed",
    "lost": "Interrupted",
}
_SHOWN_WARNINGS = 5


@dataclass(frozen=True)
class RunWords:
    """What a panel shows of a run. `fraction` (0..1) and `time_left` belong to the phase it is in; "" or None where
    that is not known. `plateau`: what to say when training longer brings nothing more."""

    title: str
    status: str
    detail: str
    fraction: float | None
    time_left: str
    plateau: str
    warnings: tuple[str, ...]
    can_pause: bool
    can_resume: bool
    can_stop: bool


def describe_run(run: RunFolder, state: RunState) -> RunWords:
    """A run as `state` tells it. Reads its spec and what it was last asked to do, so it is for the background.

    A damaged spec is no reason not to show the rest.
    """
    spec = _spec(run)
    wanted = _wanted(run)
    status = _status(state, wanted)
    plateau = next((text for code, text in reversed(state.warnings) if code == PLATEAU), "")
    others = tuple(dict.fromkeys(text for code, text in state.warnings if code != PLATEAU and text))
    asked = state.active and wanted != "run"
    return RunWords(
        title=_title(spec),
        status=status,
        detail=_detail(run, state),
        fraction=_fraction(state),
        time_left=f"about {time_words(state.eta_s)} left"
        if state.status == "running" and state.eta_s
        else "",
        plateau=plateau if state.active else "",
        warnings=others[-_SHOWN_WARNINGS:],
        can_pause=state.status == "running" and not asked,
        can_resume=state.status in ("paused", "stopped", "failed", "lost"),
        can_stop=state.active and wanted != "stop",
    )


def time_words(seconds: float) -> str:
    """A time as one says it: "1 min" (the least), "12 min", "1 h 10 min"."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def labels_used(run: RunFolder) -> tuple[str, ...]:
    """The cases whose labels a run was given to train on. Raises BadInput or ProtocolError for a damaged run folder."""
    return tuple(str(row["id"]) for row in run.inputs().get("cases", ()) if row.get("role") == "labelled")


@dataclass(frozen=True)
class Curve:
    """One line of the plot: (step, value) in order; a loss, or an overlap 0..1 ("dice" of validation scans, or
    "agreement" of the two networks where there are none)."""

    name: str
    points: tuple[tuple[float, float], ...]
    kind: Literal["loss", "dice", "agreement"]


def curves(state: RunState) -> list[Curve]:
    """The loss, then one line for every structure. Lines without a point are left out."""
    found: list[Curve] = []
    loss = _finite((step, value) for step, value in state.curve)
    if loss:
        found.append(Curve("loss", loss, "loss"))
    kinds: tuple[Literal["dice", "agreement"], ...] = ("dice", "agreement")
    for kind in kinds:
        rows = [
            row
            for row in state.validated
            if row.get("measure", kind) == kind and isinstance(row.get(kind), Mapping)
        ]
        names = dict.fromkeys(str(name) for row in rows for name in row[kind])
        for name in names:
            points = _finite((row.get("step"), row[kind].get(name)) for row in rows)
            points = tuple(point for point in points if 0 <= point[1] <= 1)
            if points:
                found.append(Curve(name, points, kind))
    return found


def _finite(pairs: Any) -> tuple[tuple[float, float], ...]:
    """Pairs of two numbers; a measure that is not defined at a step is null there."""
    found = (numbers({"x": x, "y": y}) for x, y in pairs)
    return tuple((float(pair["x"]), float(pair["y"])) for pair in found if len(pair) == 2)


def _spec(run: RunFolder) -> dict[str, Any]:
    try:
        return run.spec()
    except DualSSLSegError:
        return {}


def _wanted(run: RunFolder) -> str:
    try:
        return read_want(run)
    except DualSSLSegError:
        return "run"


def _title(spec: Mapping[str, Any]) -> str:
    title = _KINDS.get(str(spec.get("kind")), "Run")
    number = spec.get("round")
    return f"{title}, round {number}" if spec.get("kind") == "train" and number else title


def _status(state: RunState, wanted: str) -> str:
    if state.status in _ENDED:
        return _ENDED[state.status]
    if wanted == "stop":
        return "Stopping, the work is being saved"
    if state.status == "paused":
        return "Paused" if wanted == "pause" else "Going on"
    if wanted == "pause":
        return "Pausing"
    if state.status == "waiting":
        return "Starting"
    return _PHASES.get(state.phase or "", "Getting ready")


def _detail(run: RunFolder, state: RunState) -> str:
    if state.status == "failed":
        hint = state.error_hint or f"The details are in {run.console_path}."
        return f"{state.error_text or 'The run ended with an error.'} {hint}"
    if state.status == "lost":
        what = (
            "It ended without a word: it was killed, or the computer was switched off, ran out of memory or has "
            "no space left on the disk."
        )
        keeps = "Resume goes on from the last saved state." if state.checkpoint else "Resume begins it again."
        if not state.attempt:
            what = f"It did not start: the disk is full, or the reason is in {run.console_path}."
        return f"{what} {keeps}"
    if state.status == "stopped":
        return "Resume goes on from where it was."
    if state.status == "finished":
        return _finished(state)
    if state.total:
        thing = _COUNTED.get(state.phase or "")
        counted = f"{thing} {state.step} of {state.total}" if thing else f"step {state.step} of {state.total}"
        where = f" on {_device(state.device)}" if state.device and state.phase == "train" else ""
        return f"{counted[0].upper()}{counted[1:]}{where}"
    return ""


def _finished(state: RunState) -> str:
    result = state.result
    if "segmented" in result:
        failed = _length(result.get("failed"))
        parts = [
            f"{result['segmented']} segmented",
            f"{result.get('skipped', 0)} were done before",
            f"{failed} failed",
        ]
        return ", ".join(parts) + "."
    done = result.get("predicted", state.predicted)
    words = f"{done} {'scan was' if done == 1 else 'scans were'} predicted." if done else ""
    unusable = _length(result.get("unusable"))
    return f"{words} {unusable} could not be used, see the warnings.".strip() if unusable else words


def _length(listed: Any) -> int:
    return len(listed) if isinstance(listed, list | tuple | dict) else 0


def _device(device: str) -> str:
    return (
        "the graphics card" if device.startswith("cuda") else "the processor" if device == "cpu" else device
    )


def _fraction(state: RunState) -> float | None:
    if state.status == "finished":
        return 1.0
    if not state.active or not state.total:
        return None
    return min(1.0, max(0.0, (state.step + state.part) / state.total))
