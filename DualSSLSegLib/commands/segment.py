"""`segment`: a folder of scans, a trained model, one label map per scan."""

from __future__ import annotations

import argparse
from pathlib import Path

from DualSSLSegLib.commands.arguments import add_device
from DualSSLSegLib.commands.following import ended_badly, follow
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.imaging.formats import RESULT_SUFFIXES
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.segmenting import start_segmentation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="STUDY_OR_FILE",
        type=Path,
        required=True,
        help="a model file, or a study whose newest model is taken",
    )
    parser.add_argument("scans", metavar="IN", type=Path, help="a folder of scans, or one scan")
    parser.add_argument(
        "output",
        metavar="OUT",
        type=Path,
        help="the folder for the results, <scan name>.nii.gz or as --format says",
    )
    parser.add_argument(
        "--uncertainty",
        action="store_true",
        help="write <scan name>_uncertainty (0..1) beside each result",
    )
    parser.add_argument(
        "--format",
        choices=RESULT_SUFFIXES,
        default=RESULT_SUFFIXES[0],
        help="of the results; .seg.nrrd is 3D Slicer's segmentation with names and colours (default: %(default)s)",
    )
    add_device(parser)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Segment everything that is not done yet. Code 1 when some scans could not be segmented, each named."""
    runs, run = start_segmentation(
        arguments.model,
        arguments.scans,
        arguments.output,
        uncertainty=arguments.uncertainty,
        format=arguments.format,
        device=arguments.device,
    )
    state = follow(run, runs, screen, stop_on_interrupt=True)
    problem = ended_badly(run, state, "give the same command again")
    if problem is not None:
        raise problem
    return _summary(run, state, screen)


def _summary(run: RunFolder, state: RunState, screen: Screen) -> int:
    done, skipped = state.result.get("segmented", 0), state.result.get("skipped", 0)
    failed = state.result.get("failed") or {}
    already = f", {skipped} were done already" if skipped else ""
    screen.say(f"{done} {'scan' if done == 1 else 'scans'} segmented{already}: {run.spec()['output']}")
    if failed:
        screen.warn(f"not segmented, for the reasons above ({len(failed)}): {', '.join(failed)}")
        screen.say("Mend or remove them and run the same command again: it does only what is left.")
    return 1 if failed else 0
