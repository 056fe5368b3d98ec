"""Following a run until it ends: its events as progress and plain sentences, a bad end as an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.errors import BadInput, DualSSLSegError, OutOfMemory, RunFailed, Stopped
from DualSSLSegLib.jobs.control import write_want
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.runs import Runs
from DualSSLSegLib.report.words import duration

_LOOK_EVERY_S = 0.2
_PHASES = {
    "plan": "planning",
    "cache": "reading scans",
    "shapes": "comparing shapes",
    "own_labels": "pre-labelling",
    "train": "training",
    "calibrate": "calibrating",
    "predict": "predicting",
    "rank": "ranking",
    "segment": "segmenting",
    "evaluate": "measuring",
}
_KINDS: dict[str, type[DualSSLSegError]] = {kind.code: kind for kind in (BadInput, OutOfMemory)}


def follow(
    run: RunFolder, runs: Runs, screen: Screen, *, stop_on_interrupt: bool, from_seq: int = 0
) -> RunState:
    """Show a run until its attempt ends and return its last state. Events up to number `from_seq` are left out.

    Ctrl-C: with `stop_on_interrupt` the run is asked to stop and shown until it has saved its work; a second Ctrl-C,
    or the first without it, leaves the run alone and raises KeyboardInterrupt.
    """
    asked_to_stop = False
    shown = from_seq
    phase: str | None = None  # of the event that is shown; the state may be some events further
    while True:
        try:
            for state, events in runs.watch(run):
                for event in events:
                    if event.get("type") == "phase":
                        phase = event.get("name")
                    if event.get("seq", shown + 1) > shown:
                        shown = event.get("seq", shown)
                        _show(event, phase, state, screen)
                if not state.active:
                    screen.end_progress()
                    return state
        except KeyboardInterrupt:
            if asked_to_stop or not stop_on_interrupt:
                raise
            asked_to_stop = True
            write_want(run, "stop")
            screen.say(
                "Stopping: the work so far is being saved. (Ctrl-C again: leave now, it saves by itself.)"
            )


def ended_badly(run: RunFolder, state: RunState, again: str) -> DualSSLSegError | None:
    """Why a run is not finished, as an error with its exit code; None when it is finished.

    `again` says what goes on from where it stopped, such as "dualsslseg resume STUDY".
    """
    if state.status == "finished":
        return None
    if state.status == "stopped":
        return Stopped("stopped; the work so far is kept.", hint=f"To go on from there: {again}")
    if state.status == "lost":
        reason = "the run ended without a word (killed, the machine switched off, or its disk full)."
        return RunFailed(reason, hint=f"To go on from where it was: {again}")
    kind = _KINDS.get(state.error_code or "", RunFailed)
    hint = state.error_hint or f"The details are in {run.console_path}."
    return kind(state.error_text or f"the run ended as {state.status}.", hint=hint)


def _show(event: Mapping[str, Any], phase: str | None, state: RunState, screen: Screen) -> None:
    kind = event.get("type")
    if kind == "started":
        again = f", attempt {state.attempt}" if state.attempt > 1 else ""
        screen.say(f"Started (process {event.get('pid')} on {event.get('host')}{again}).")
    elif kind == "device":
        screen.say(f"Computing on {event.get('name') or event.get('device')}.")
    elif kind == "plan":
        for sentence in (*event.get("explanation", ()), event.get("intensity", "")):
            if sentence:
                screen.say(f"  {sentence}")
    elif kind == "phase" and event.get("name") == "paused":
        screen.say("Paused.")
    elif kind == "progress" and phase is not None:
        seconds = event.get("seconds_per_step")
        note = f"{seconds:.2f} s a step" if isinstance(seconds, int | float) else ""
        if state.case and state.part:
            note = f"{state.part:.0%} of {state.case}"
        name = _PHASES.get(phase, phase)
        screen.progress(name, int(event.get("step") or 0), event.get("total"), note, event.get("eta_s"))
    elif kind == "validated" and event.get("mean") is not None:
        screen.say(f"  step {event.get('step')}: {_measured(event)} {event['mean']:.3f}")
    elif kind == "warning":
        screen.warn(str(event.get("text", "")))
    elif kind == "finished":
        screen.say(f"Finished after {duration(event.get('seconds'))}.")


def _measured(event: Mapping[str, Any]) -> str:
    if event.get("measure") == "dice":
        return f"Dice on {len(event.get('cases') or ())} validation scans"
    return "agreement of the two networks"
