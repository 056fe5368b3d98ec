"""`evaluate`: predictions against reference labels."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.commands.arguments import add_json, add_study
from DualSSLSegLib.commands.following import ended_badly, follow
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.loop.controller import Controller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument(
        "--reference", metavar="DIR", type=Path, required=True, help="labels named after the scans"
    )
    parser.add_argument("--run", metavar="RUN", help="whose predictions (default: the newest)")
    add_json(parser)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Measure every predicted case that has a reference. Code 1 when some could not be measured, each named."""
    controller = Controller.open(arguments.study)
    measured = controller.runs.find(arguments.run) if arguments.run else None
    run = controller.start("evaluate", reference=arguments.reference, run=measured)
    state = follow(run, controller.runs, screen, stop_on_interrupt=True)
    problem = ended_badly(run, state, f"dualsslseg resume {arguments.study}")
    if problem is not None:
        raise problem
    found = read_json(run.evaluation_path)
    if arguments.json:
        screen.answer(found)
    else:
        show(found, screen)
    return 1 if found["failed"] else 0


def show(found: Mapping[str, Any], screen: Screen) -> None:
    """The evaluation as a table and two sentences."""
    rows = [
        [
            name,
            *(_spread(one["measures"][measure], digits) for measure, digits in _MEASURES),
            _missed(one["states"]),
        ]
        for name, one in found["summary"]["structures"].items()
    ]
    mean = found["summary"]["mean"]
    rows.append(["mean of a case", *(_spread(mean[measure], digits) for measure, digits in _MEASURES), ""])
    screen.table(
        ["structure", "Dice", "95 % Hausdorff mm", "mean surface mm", "missed"], rows, right=[1, 2, 3, 4]
    )
    screen.result(
        f"{found['summary']['cases']} cases; mean and standard deviation. Distances of missed ones left out."
    )
    for group, one in found["groups"].items():
        cases = f"{one['cases']} {'case' if one['cases'] == 1 else 'cases'}"
        screen.result(f"  {cases} {_GROUPS[group]}: mean Dice {_spread(one['mean']['dice'], 3)}")
    detection, capture = found["failure_detection"], found["capture"]
    if detection and detection["pearson"]["coefficient"] is not None:
        screen.result(
            f"The case score and the true Dice: r = {detection['pearson']['coefficient']:.2f}"
            f"{_interval(detection['pearson']['interval'])}."
        )
    if capture and capture["pooled"] is not None:
        screen.result(
            f"{100 * capture['pooled']:.0f} % of the wrong voxels lie in the most uncertain quarter of the rim."
        )
    if "unlabelled" in found["groups"]:
        screen.result(
            "A score on images that trained says less about new scans than one on scans never seen."
        )
    for name, reason in found["failed"].items():
        screen.warn(f"{name} was not measured: {reason}")


_GROUPS = {
    "held_out": "held out of training, neither image nor label was used",
    "unlabelled": "whose images trained, without their labels",
    "labelled": "that trained with their labels",
    "unknown": "predicted by a model from elsewhere, which may have seen them",
}
_MEASURES = (("dice", 3), ("hd95_mm", 2), ("asd_mm", 2))


def _spread(distribution: Mapping[str, Any], digits: int) -> str:
    if distribution["mean"] is None:
        return "-"
    sd = "" if distribution["sd"] is None else f" ± {distribution['sd']:.{digits}f}"
    return f"{distribution['mean']:.{digits}f}{sd}"


def _missed(states: Mapping[str, int]) -> str:
    invented = f" (+{states['false_alarm']} invented)" if states["false_alarm"] else ""
    return f"{states['missed']}{invented}"


def _interval(interval: Any) -> str:
    return "" if interval is None else f" (95 % interval {interval[0]:.2f} to {interval[1]:.2f})"
