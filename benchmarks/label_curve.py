"""What labelling the suggested scans brings: Dice against the number of labels, beside two random choices.

    DUALSSLSEG_DATA=... python benchmarks/label_curve.py --labels 2 4 8 12 --seeds 0 --iterations 300

An annotator is imitated: a study begins with the first labelled cases of the set, is trained, and more scans are
labelled with their reference labels, again and again; every training goes on from the one before. Who says which scans
come next differs: the queue that a user sees ("ours"), a plain random choice ("random"), or a random choice among scans
that show a structure ("foreground_random", the queue's own shadow). The first training is the same for all of them and
is done once. Candidates are the other labelled cases, then the unlabelled ones, `--candidates` at most; the validation
cases are frozen as test cases and measured after every training. From eight labels on the study keeps every fifth
newly labelled scan for validation, as any study does, so that it does not train.

One JSON per choice and seed in benchmarks/results/label_curve/ (a finished one is not repeated) and the table in
label_curve.md beside it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.accuracy_measures import machine, measure  # noqa: E402
from benchmarks.accuracy_results import read_results  # noqa: E402
from benchmarks.accuracy_run import facts_of, follow, make_study  # noqa: E402
from benchmarks.label_curve_table import CHOICES, page  # noqa: E402
from benchmarks.real_sets import Protocol, data_set, labelled_cases, protocol, scans_of, structure_names  # noqa: E402
from DualSSLSegLib.atomic import write_bytes, write_json  # noqa: E402
from DualSSLSegLib.errors import DualSSLSegError  # noqa: E402
from DualSSLSegLib.loop.controller import Controller  # noqa: E402
from DualSSLSegLib.methods.catalogue import DEFAULT_METHOD  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "label_curve"
CANDIDATES = 1000


def who_does_what(splits: dict[str, Any], first: int, candidates: int) -> Protocol:
    """The first labels, the validation cases, and as candidates at most so many of the other labelled and then the
    unlabelled cases, all without their labels."""
    whole = protocol(splits, first)
    open_cases = [*labelled_cases(splits)[first:], *whole.unlabelled]
    return Protocol(
        whole.labelled, tuple(dict.fromkeys(open_cases))[:candidates], whole.measured, (), whole.measured_on
    )


def chosen(controller: Controller, choice: str, count: int, seed: int, turn: int) -> list[str]:
    """The scans to label next."""
    if choice == "random":
        open_cases = sorted(
            case.id
            for case in controller.status().cases
            if case.split == "train" and case.state != "labelled"
        )
        return random.Random(f"{seed} {turn}").sample(open_cases, count)
    queue = controller.next_cases(count)
    if queue is None:
        raise SystemExit("the training left no queue")
    found = list(queue.shadow[:count]) if choice == "foreground_random" else [row.case for row in queue.cases]
    if len(found) < count:
        raise SystemExit(f"{choice} names {len(found)} scans, not {count}: label fewer at a time")
    return found


def one_turn(
    controller: Controller, scans: Path, who: Protocol, seed: int, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Train, and measure the validation cases; what a point of the curve holds."""
    run = controller.start(
        "train",
        method=arguments.method,
        seed=seed,
        iterations=arguments.iterations,
        device=arguments.device,
    )
    facts = facts_of(follow(controller, run))
    status = controller.status()
    return {
        "labels": sum(case.state == "labelled" for case in status.cases),
        "labelled": sorted(case.id for case in status.cases if case.state == "labelled"),
        "training": {key: facts[key] for key in ("iterations", "seconds_to_last_step", "versions", "device")},
        "cases": measure(controller, run, scans, who.measured),
    }


def label(controller: Controller, scans: Path, cases: Sequence[str]) -> None:
    """Label cases as the annotator would."""
    for case in cases:
        controller.label(case, scans / "labels" / f"{case}.nii.gz", author="benchmark", origin="manual")


def curves(folder: Path, seed: int, arguments: argparse.Namespace) -> None:
    """All choices of one seed that are not done yet: the first training once, then each choice in a copy of it."""
    todo = [choice for choice in arguments.choices if not (folder / _name(arguments, choice, seed)).exists()]
    if not todo:
        return
    data, splits = data_set(arguments.name)
    where = machine(ROOT)
    who = who_does_what(splits, arguments.labels[0], arguments.candidates)
    with scans_of(data) as scans, tempfile.TemporaryDirectory(prefix="dualsslseg-curve-") as scratch:
        controller = make_study(Path(scratch) / "first", scans, who, structure_names(splits))
        first = one_turn(controller, scans, who, seed, arguments)
        for choice in todo:
            study = Path(scratch) / choice
            shutil.copytree(controller.study.path, study, symlinks=True)
            points = [first]
            going_on = Controller.open(study)
            for turn, labels in enumerate(arguments.labels[1:], start=1):
                label(going_on, scans, chosen(going_on, choice, labels - points[-1]["labels"], seed, turn))
                points.append(one_turn(going_on, scans, who, seed, arguments))
            content = {
                "set": arguments.name,
                "choice": choice,
                "method": arguments.method,
                "seed": seed,
                "candidates": len(who.unlabelled),
                "measured_on": who.measured_on,
                "stands_for": arguments.stands_for,
                "machine": where,
                "points": points,
            }
            write_json(folder / _name(arguments, choice, seed), content)
            print(f"{choice}, seed {seed}: done", flush=True)


def _name(arguments: argparse.Namespace, choice: str, seed: int) -> str:
    labels = "-".join(map(str, arguments.labels))
    setting = f"{arguments.method}_{labels}labels_{arguments.iterations}steps"
    if arguments.candidates != CANDIDATES:
        setting += f"_{arguments.candidates}candidates"
    return f"{arguments.name}_{choice}_{setting}_seed{seed}.json"


def arguments_from(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="hippocampus", dest="name")
    parser.add_argument(
        "--labels", type=int, nargs="+", default=[2, 4, 6, 8, 10, 12], help="of each training, rising"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choices", nargs="+", default=list(CHOICES), choices=CHOICES)
    parser.add_argument("--method", default=DEFAULT_METHOD)
    parser.add_argument("--iterations", type=int, default=300, help="of each training")
    parser.add_argument("--stands-for", default="2 min", help="the time these steps take on a quiet machine")
    parser.add_argument("--candidates", type=int, default=CANDIDATES, help="scans to choose from, at most")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--results", type=Path, default=RESULTS)
    found = parser.parse_args(words)
    if found.labels != sorted(set(found.labels)) or found.labels[0] < 1:
        parser.error("--labels must rise from 1 or more")
    return found


def main() -> int:
    arguments = arguments_from()
    arguments.results.mkdir(parents=True, exist_ok=True)
    for seed in arguments.seeds:
        curves(arguments.results, seed, arguments)
    text = page(read_results(arguments.results))
    write_bytes(arguments.results.with_suffix(".md"), text.encode())
    print(text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DualSSLSegError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
