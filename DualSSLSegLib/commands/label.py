"""`label`: a file becomes the label of a case, or its prediction is accepted as it is."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from DualSSLSegLib.commands.arguments import add_study
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("case", metavar="CASE", help="the scan's name without its ending")
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="a label map, .seg.nrrd or DICOM SEG"
    )
    parser.add_argument("--author", metavar="NAME", help="who drew it (default: the user of this computer)")
    parser.add_argument(
        "--corrected", action="store_true", help="it is a corrected prediction, not drawn from nothing"
    )
    parser.add_argument("--accept", action="store_true", help="take the newest prediction instead of a FILE")


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Check the label and commit it as a new revision."""
    if (arguments.file is None) != arguments.accept:
        raise BadInput(
            "name either a label FILE or --accept.",
            hint=f"dualsslseg label {arguments.study} {arguments.case} FILE",
        )
    author = arguments.author or user_name()
    controller = Controller.open(arguments.study)
    if arguments.accept:
        revision = controller.accept(arguments.case, author=author)
        screen.say(f"The prediction of {revision.case} is accepted (revision {revision.number}).")
        return 0
    origin = "corrected" if arguments.corrected else "manual"
    revision = controller.label(arguments.case, arguments.file, author=author, origin=origin)
    split = controller.study.split(revision.case)
    kept = "" if split == "train" else f"; the case is kept for {split} and does not train"
    screen.say(f"{revision.case} is labelled (revision {revision.number}, {origin}, {author}){kept}.")
    return 0


def user_name() -> str:
    """Who sits at this computer; "unknown" where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
