"""`report`: the study as one page."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from DualSSLSegLib.commands.arguments import add_study
from DualSSLSegLib.commands.publishing import publish
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.study.never_replaced import refuse_to_replace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="the page to write (default: .dualsslseg/report/index.html in the study)",
    )


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Write the page. Accuracy is on it when predictions were evaluated (`dualsslseg evaluate`)."""
    from DualSSLSegLib.report.collect import Occasion, collect
    from DualSSLSegLib.report.page import write_page

    controller = Controller.open(arguments.study)
    target = arguments.out or controller.study.layout.own / "report" / "index.html"
    if target.is_dir():
        raise BadInput("this is a folder, not a file.", hint="Name a file, such as report.html.", path=target)
    if arguments.out is not None:
        refuse_to_replace(target.absolute(), controller.study.scan_paths())
    command = shlex.join(["dualsslseg", "report", str(arguments.study)])
    report = collect(
        controller, Occasion(command=command), lambda done, total: screen.progress("drawing", done, total)
    )
    screen.end_progress()
    publish(controller, screen)
    for problem in report.warnings:
        if " is not shown: " in problem:
            screen.warn(problem)
    screen.say(f"Wrote {write_page(target, report).absolute()}")
    return 0
