"""`init`: a folder of scans becomes a study."""

from __future__ import annotations

import argparse

from DualSSLSegLib.commands.arguments import add_study, names, number_above_zero
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.loop.controller import Controller

_PROBLEMS_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "--labels",
        metavar="NAME,NAME",
        type=names,
        help="the structures to segment; in label maps they are 1, 2, ... in this order "
        "(a folder of MONAI Label or nnU-Net knows its own)",
    )
    parser.add_argument(
        "--channels",
        metavar="N",
        type=number_above_zero(int),
        help="files per case, named <case>_0000, <case>_0001, ... (default: 1)",
    )


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Make the study and say what it holds. Scans stay where they are and are not changed."""
    controller = Controller.create(arguments.study, arguments.labels, arguments.channels)
    status = controller.status()
    structures = ", ".join(f"{structure.value} = {structure.name}" for structure in status.structures)
    screen.say(f"{arguments.study} is a study now: {len(status.cases)} scans, {structures}.")
    labelled = status.counts["labelled"]
    if labelled:
        screen.say(f"{labelled} labels were there already and are kept.")
    for problem in status.problems[:_PROBLEMS_SHOWN]:
        screen.warn(f"{problem.path}: {problem.reason}")
    if len(status.problems) > _PROBLEMS_SHOWN:
        screen.warn(f"and {len(status.problems) - _PROBLEMS_SHOWN} more; `dualsslseg status` lists all.")
    step = f"train {arguments.study}" if labelled else f"next {arguments.study}"
    screen.say(f"Next: dualsslseg {step}")
    return 0
