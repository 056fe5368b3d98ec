"""`pause`, `resume`, `stop`: what a run shall do."""

from __future__ import annotations

import argparse

from DualSSLSegLib.commands.arguments import add_study
from DualSSLSegLib.commands.following import follow
from DualSSLSegLib.commands.publishing import publish
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "run", metavar="RUN", nargs="?", help="the run (default: the one at work, or the newest)"
    )


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Ask the run. `stop` waits until its work is saved."""
    controller = Controller.open(arguments.study)
    run = controller.runs.find(arguments.run) if arguments.run else None
    if arguments.verb == "pause":
        asked = controller.runs.pause(run)
        screen.say(f"{asked.id} waits from its next step on. Go on: dualsslseg resume {arguments.study}")
        return 0
    if arguments.verb == "resume":
        asked = controller.runs.resume(run or _newest_with_work(controller))
        screen.say(f"{asked.id} goes on in the background. Follow it: dualsslseg watch {arguments.study}")
        return 0
    return _stop(controller, controller.runs.stop(run), screen, str(arguments.study))


def _newest_with_work(controller: Controller) -> RunFolder | None:
    """The newest training or prediction: a short evaluation after it is not what somebody wants to go on."""
    found = [run for run in controller.runs.all() if run.spec()["kind"] in ("train", "predict")]
    return found[-1] if found else None


def _stop(controller: Controller, run: RunFolder, screen: Screen, study: str) -> int:
    screen.say(f"{run.id} saves its work and ends.")
    state = follow(
        run, controller.runs, screen, stop_on_interrupt=False, from_seq=controller.runs.state(run).seq
    )
    publish(controller, screen)
    if state.status == "stopped":
        screen.say(f"Stopped; the work is kept. Go on: dualsslseg resume {study}")
    else:
        screen.say(f"It ended by itself before that: {state.status}.")
    return 0
