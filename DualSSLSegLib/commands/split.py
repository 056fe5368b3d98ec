"""`split`: which cases are kept for validation and test."""

from __future__ import annotations

import argparse

from DualSSLSegLib.commands.arguments import add_json, add_study, names
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.study.splits import EVERY, FIRST_FROZEN

_SPLITS = ("train", "validation", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    for split in _SPLITS:
        parser.add_argument(
            f"--{split}", metavar="CASE,CASE", type=names, help=f"put these cases into {split}"
        )
    add_json(parser)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Set what was asked for, then show the splits."""
    controller = Controller.open(arguments.study)
    for split in _SPLITS:
        cases = getattr(arguments, split)
        if cases:
            controller.split(cases, split)
    table = controller.split()
    if arguments.json:
        screen.answer({split: list(getattr(table, split)) for split in _SPLITS})
        return 0
    for split in _SPLITS:
        cases = getattr(table, split)
        screen.result(f"{split} ({len(cases)}): {', '.join(cases) or 'none'}")
    screen.result(
        f"Cases in none of them may train. From {FIRST_FROZEN} labelled cases on, "
        f"every {EVERY}th newly labelled one is kept for validation by itself."
    )
    return 0
