"""Waiting for a run that a command has started, or leaving it to itself."""

from __future__ import annotations

from pathlib import Path

from DualSSLSegLib.commands.following import ended_badly, follow
from DualSSLSegLib.commands.publishing import publish
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.controller import Controller


def wait_or_leave(
    controller: Controller, run: RunFolder, screen: Screen, study: Path, *, detach: bool
) -> int:
    """Follow the run to its end, publish what it predicted, and return the exit code: 1 when scans had to be left
    out; with `detach` 0 at once.
    """
    if detach:
        screen.result(run.id)
        screen.say(f"It works in the background. Follow it: dualsslseg watch {study}")
        return 0
    screen.say(f"Run {run.id}. Ctrl-C stops it and keeps its work.")
    state = follow(run, controller.runs, screen, stop_on_interrupt=True)
    publish(controller, screen)
    problem = ended_badly(run, state, f"dualsslseg resume {study}")
    if problem is not None:
        raise problem
    return code_of(state, screen)


def code_of(state: RunState, screen: Screen) -> int:
    """The exit code of a finished run: 1 when scans could not be used, which are named once more together."""
    unusable = state.result.get("unusable") or []
    if not unusable:
        return 0
    screen.warn(f"left out, for the reasons above ({len(unusable)}): {', '.join(unusable)}")
    return 1
