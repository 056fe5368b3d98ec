"""`demo`: the whole loop, twice round, on real scans, with a report in one page."""

from __future__ import annotations

import argparse
import os
import shlex
import time
from pathlib import Path

from DualSSLSegLib.commands.arguments import add_device, number_above_zero
from DualSSLSegLib.commands.following import ended_badly, follow
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.demo.cohort import DATA_VARIABLE, DEFAULT_SET, choose
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.report.words import duration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        metavar="NAME",
        default=DEFAULT_SET,
        help=f"a data set below ${DATA_VARIABLE} (default: {DEFAULT_SET})",
    )
    parser.add_argument(
        "--folder",
        metavar="DIR",
        type=Path,
        default=Path("demo"),
        help="where study and report go (default: demo)",
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--minutes",
        metavar=("FIRST", "SECOND"),
        nargs=2,
        type=number_above_zero(float),
        help="how long the two trainings last (default: 2.5 1.5)",
    )
    budget.add_argument(
        "--iterations",
        metavar="N",
        type=number_above_zero(int),
        help="steps of each training instead of minutes",
    )
    parser.add_argument(
        "--seed", metavar="S", type=int, default=0, help="the same seed, the same numbers (CPU)"
    )
    add_device(parser)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Choose the scans, tell the story, and say where the report is."""
    from DualSSLSegLib.demo.story import Budget, Listener, tell

    began = time.monotonic()
    cohort = choose(
        arguments.set,
        arguments.folder / "data",
        os.environ,
        say=screen.say,
        progress=lambda done, total: screen.progress(
            "downloading, MB", done // 2**20, None if total is None else total // 2**20
        ),
    )
    minutes = arguments.minutes
    budget = Budget(tuple(minutes) if minutes else Budget().minutes, arguments.iterations)

    def follow_to_the_end(controller: Controller, run: RunFolder) -> None:
        state = follow(run, controller.runs, screen, stop_on_interrupt=True)
        problem = ended_badly(run, state, f"dualsslseg resume {controller.study.path}")
        if problem is not None:
            raise problem

    listener = Listener(
        say=screen.say,
        progress=lambda task, done, total: screen.progress(task, done, total),
        follow=follow_to_the_end,
    )
    page = tell(
        cohort,
        arguments.folder,
        listener,
        budget=budget,
        seed=arguments.seed,
        device=arguments.device,
        command=shlex.join(["dualsslseg", "demo", "--folder", str(arguments.folder)]),
        started_at=began,
    )
    screen.end_progress()
    screen.say(f"Done in {duration(time.monotonic() - began)}. Open the report: {page.absolute()}")
    screen.say(f"The study with all predictions: {(arguments.folder / 'study').absolute()}")
    return 0
