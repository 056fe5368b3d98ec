"""`init`: a folder of scans becomes a study; later, its structures get company or other names."""

from __future__ import annotations

import argparse

from DualSSLSegLib.commands.arguments import add_study, names, number_above_zero
from DualSSLSegLib.commands.later_structures import warn_of_later_structures
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.study.layout import StudyLayout

_PROBLEMS_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "--labels",
        metavar="NAME,NAME",
        type=names,
        help="the structures to segment; in label maps they are 1, 2, ... in this order "
        "(a folder of MONAI Label or nnU-Net knows its own). For a study that is there already: the new names "
        "among them are added, none is ever removed",
    )
    parser.add_argument(
        "--rename",
        metavar="OLD=NEW",
        action="append",
        type=_renaming,
        default=[],
        help="give a structure of a study another name; its value stays, and so do all labels",
    )
    parser.add_argument(
        "--channels",
        metavar="N",
        type=number_above_zero(int),
        help="files per case, named <case>_0000, <case>_0001, ... (default: 1)",
    )


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Make the study and say what it holds. Scans stay where they are and are not changed."""
    if StudyLayout(arguments.study.expanduser().absolute()).study_json.is_file():
        return _change(arguments, screen)
    if arguments.rename:
        raise BadInput(
            "only structures of a study can be renamed, and this folder is none yet.",
            hint="Name its structures with --labels.",
            path=arguments.study,
        )
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


def _renaming(text: str) -> tuple[str, str]:
    old, equals, new = (part.strip() for part in text.partition("="))
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f"{text!r} is no renaming; write it like this: liver=Liver")
    return old, new


def _change(arguments: argparse.Namespace, screen: Screen) -> int:
    """Rename and add structures of a study. Everything is checked before anything is changed."""
    study = Controller.open(arguments.study).study
    known = {structure.name.casefold() for structure in study.structures}
    new = [name for name in arguments.labels or () if name.casefold() not in known]
    if not new and not arguments.rename:
        raise BadInput(
            f"this folder is a study already, its structures are {', '.join(s.name for s in study.structures)}.",
            hint="--labels NAME,NAME adds structures to it, --rename OLD=NEW renames one.",
            path=arguments.study,
        )
    if arguments.channels not in (None, study.channels):
        raise BadInput(
            f"this study has {study.channels} channel(s), which cannot be changed.",
            hint="Leave --channels out.",
            path=arguments.study,
        )
    study.change_structures(rename=arguments.rename, names=arguments.labels or ())
    screen.say(f"Structures now: {', '.join(f'{one.value} = {one.name}' for one in study.structures)}.")
    warn_of_later_structures(study.labelled_before(), screen)
    return 0
