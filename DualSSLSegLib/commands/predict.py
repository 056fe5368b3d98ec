"""`predict`: the newest model on every scan, without training."""

from __future__ import annotations

import argparse
from pathlib import Path

from DualSSLSegLib.commands.arguments import add_device, add_study
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.commands.waiting import wait_or_leave
from DualSSLSegLib.loop.controller import Controller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "--model", metavar="FILE", type=Path, help="another model (default: the newest of the study)"
    )
    add_device(parser)
    parser.add_argument("--detach", action="store_true", help="do not wait; the run works in the background")


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Start a prediction run and follow it to its end."""
    controller = Controller.open(arguments.study)
    run = controller.start("predict", model=arguments.model, device=arguments.device)
    return wait_or_leave(controller, run, screen, arguments.study, detach=arguments.detach)
