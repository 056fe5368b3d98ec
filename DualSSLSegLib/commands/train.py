"""`train`: one round of learning; waits for it unless detached."""

from __future__ import annotations

import argparse
from typing import Any

from DualSSLSegLib.commands.arguments import add_device, add_study, names, number_above_zero
from DualSSLSegLib.commands.later_structures import warn_of_later_structures
from DualSSLSegLib.commands.methods import allowed, flag
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.commands.waiting import wait_or_leave
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.methods.catalogue import CATALOGUE, DEFAULT_METHOD, describe

_OPTION = "option_"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "--method",
        choices=list(CATALOGUE),
        default=DEFAULT_METHOD,
        help=f"what to train (default: {DEFAULT_METHOD})",
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--minutes",
        metavar="N",
        type=number_above_zero(float),
        help="how long (default: 5), reading new scans included; the networks learn for at least half of it",
    )
    budget.add_argument("--iterations", metavar="N", type=number_above_zero(int), help="how many steps")
    parser.add_argument(
        "--seed", metavar="S", type=int, default=0, help="the same seed, the same numbers (CPU)"
    )
    add_device(parser)
    parser.add_argument("--detach", action="store_true", help="do not wait; the run works in the background")
    parser.add_argument("--from-scratch", action="store_true", help="do not go on from the newest model")
    parser.add_argument("--train-on", metavar="CASE,CASE", type=names, help="only these labels train")
    parser.add_argument("--use-accepted", action="store_true", help="accepted predictions train like labels")
    parser.add_argument(
        "--transductive",
        action="store_true",
        help="the images of validation and test scans train, too, without their labels; reports say so",
    )
    _add_options(parser)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Start a training run and follow it to its end. Ctrl-C stops it and keeps its work."""
    controller = Controller.open(arguments.study)
    run = controller.start(
        "train",
        method=arguments.method,
        options=_options(arguments),
        minutes=arguments.minutes,
        iterations=arguments.iterations,
        seed=arguments.seed,
        device=arguments.device,
        from_scratch=arguments.from_scratch,
        train_on=arguments.train_on,
        use_accepted=arguments.use_accepted,
        transductive=arguments.transductive,
    )
    labelled = [row["id"] for row in run.inputs()["cases"] if row["role"] == "labelled"]
    warn_of_later_structures(controller.study.labelled_before(labelled), screen)
    code = wait_or_leave(controller, run, screen, arguments.study, detach=arguments.detach)
    if not arguments.detach:
        screen.say(f"What to review next: dualsslseg next {arguments.study}")
    return code


def _add_options(parser: argparse.ArgumentParser) -> None:
    """One flag per option of the catalogue; an option that several methods have is one flag."""
    described: dict[str, dict[str, Any]] = {}
    owners: dict[str, list[str]] = {}
    for entry in CATALOGUE.values():
        for option in describe(entry)["options"]:
            described.setdefault(option["name"], option)
            owners.setdefault(option["name"], []).append(entry.id)
    group = parser.add_argument_group("options of the methods")
    for name, option in described.items():
        whose = "" if len(owners[name]) == len(CATALOGUE) else f"{', '.join(owners[name])}: "
        text = f"{whose}{option['help']}; {allowed(option)}".replace("%", "%%")
        group.add_argument(f"--{flag(name)}", dest=_OPTION + name, metavar="VALUE", help=text)


def _options(arguments: argparse.Namespace) -> dict[str, str]:
    """The options that were given, as text; the catalogue converts and checks them."""
    given = {name: value for name, value in vars(arguments).items() if name.startswith(_OPTION)}
    return {name.removeprefix(_OPTION): value for name, value in given.items() if value is not None}
