"""`watch`: follow a run that works in the background."""

from __future__ import annotations

import argparse

from DualSSLSegLib.commands.arguments import add_study
from DualSSLSegLib.commands.following import ended_badly, follow
from DualSSLSegLib.commands.publishing import publish
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.commands.waiting import code_of
from DualSSLSegLib.loop.controller import Controller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("run", metavar="RUN", nargs="?", help="the run (default: the newest)")


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Show the run until it ends; Ctrl-C leaves it at work."""
    controller = Controller.open(arguments.study)
    run = controller.runs.active() if arguments.run is None else None
    run = run or controller.runs.find(arguments.run)
    screen.say(f"Watching {run.id}; Ctrl-C leaves it at work.")
    state = follow(run, controller.runs, screen, stop_on_interrupt=False)
    publish(controller, screen)
    problem = ended_badly(run, state, f"dualsslseg resume {arguments.study}")
    if problem is not None:
        raise problem
    return code_of(state, screen)
