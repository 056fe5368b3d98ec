"""`next`: which scans to review next, and why."""

from __future__ import annotations

import argparse

from DualSSLSegLib.commands.arguments import add_json, add_study, number_above_zero
from DualSSLSegLib.commands.following import ended_badly, follow
from DualSSLSegLib.commands.publishing import publish
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.next_case import Queue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "-n", metavar="N", dest="number", type=number_above_zero(int), default=5, help="how many (5)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Print the queue. Without any ranking yet, typical scans are looked for first."""
    controller = Controller.open(arguments.study)
    queue = controller.next_cases(arguments.number)
    if queue is None:
        screen.say("Nothing is trained yet: looking for scans that stand for all the others.")
        _cold_start(controller, arguments.number, screen, str(arguments.study))
        queue = controller.next_cases(arguments.number)
    publish(controller, screen)
    if arguments.json:
        screen.answer(queue.to_dict() if queue else None)
    else:
        _show(queue, screen, str(arguments.study))
    return 0


def _cold_start(controller: Controller, number: int, screen: Screen, study: str) -> None:
    run = controller.start("rank", suggestions=max(number, 10))
    state = follow(run, controller.runs, screen, stop_on_interrupt=True)
    problem = ended_badly(run, state, f"dualsslseg resume {study}")
    if problem is not None:
        raise problem


def _show(queue: Queue | None, screen: Screen, study: str) -> None:
    if queue is None or not queue.cases:
        screen.result("Nothing is left to suggest: every scan is labelled or accepted.")
        return
    for place in queue.cases:
        risk = place.values.get("risk")
        screen.result(f"{place.rank}. {place.case}" + ("" if risk is None else f"  (risk {risk:.2f})"))
        screen.result(f"   {place.reason}")
    if queue.by_model:
        screen.result(
            "Risk is the estimated error, 1 - Dice; the first ones are also chosen to differ from each other."
        )
    if queue.labelled_since:
        screen.result(f"Labelled since this ranking: {', '.join(queue.labelled_since)}.")
    if queue.shadow:
        screen.result(f"For comparison, a random choice would have been: {', '.join(queue.shadow)}.")
    screen.result(f"When one is labelled: dualsslseg label {study} CASE FILE")
