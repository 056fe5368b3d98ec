"""`export-model`: the newest model as one file, for `segment` elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from DualSSLSegLib.commands.arguments import add_study
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.loop.controller import Controller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="where to write it, such as model.pt")


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Copy the model."""
    written = Controller.open(arguments.study).export_model(arguments.file)
    screen.say(f"Wrote {written}. Use it: dualsslseg segment --model {written} IN OUT")
    return 0
