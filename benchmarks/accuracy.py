"""Accuracy with few labels at equal time: the methods beside each other, paired per case, on real scans.

    make bench                                   (needs DUALSSLSEG_DATA)
    make bench-accuracy SET=la LABELS=8 SEEDS=3 BUDGET=6000steps
    python benchmarks/accuracy.py --labels 4 1 --seeds 0 1 2 --methods dual labels_only --minutes 5

Each training is an ordinary run in a study of its own (accuracy_run.py) on the cases that real_sets.py deals out: the
first N labelled cases of the set with their labels, the unlabelled ones without, and the validation cases frozen as
test cases. `--methods full` is supervision with the labels of all other cases.

Options may be chosen on development cases only: with `--development` the validation cases are neither predicted nor
measured, and results lie in a folder of their own. `--ladder` adds each method with each of its terms off.

Some older defaults of `dual` were chosen by single-seed trials measured on the hippocampus set's validation cases, the
newer ones on the labelled cases after the first four. Every row stands beside the same models on the latter, the
column `others`. Neither set is untouched by the choice of options, so both may flatter `dual`.
A long training can be done in pieces: `--work FOLDER --stop-after 500`, again and again.
Results are one JSON per run in benchmarks/results/accuracy/ (a finished one is not repeated) and the tables in
benchmarks/results/accuracy.md; of development runs in development/ and development.md beside them.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import cells  # noqa: E402
from benchmarks.accuracy_measures import machine, measure, measure_calibration  # noqa: E402
from benchmarks.accuracy_results import read_results, seed_means  # noqa: E402
from benchmarks.accuracy_run import facts_of, kept_study, roles_of, train_and_predict  # noqa: E402
from benchmarks.accuracy_table import page  # noqa: E402
from benchmarks.arms import Arm, TrainingTime, arms, result_name, training_time  # noqa: E402
from benchmarks.real_sets import Protocol, data_set, protocol, scans_of, structure_names  # noqa: E402
from DualSSLSegLib.atomic import read_json, write_bytes, write_json  # noqa: E402
from DualSSLSegLib.errors import BadInput, DualSSLSegError  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"


def one_result(
    study: Path,
    scans: Path,
    structures: list[str],
    who: Protocol,
    arm: Arm,
    seed: int,
    arguments: argparse.Namespace,
) -> dict[str, Any] | None:
    """Train and measure one arm with one seed in the folder `study`; everything that its JSON holds but set and
    budget. None when the training was stopped to go on another time."""
    where = _begun_on(study)
    controller = kept_study(study, scans, who, structures, all_train=arm.full)
    done = train_and_predict(controller, arm, arguments.time, seed, arguments.device, arguments.stop_after)
    if done is None:
        return None
    events, run, prediction = done
    facts = facts_of(events)
    return {
        "labels": len(who.labelled),
        "method": arm.name,
        "seed": seed,
        "options": [f"{name}={value}" for name, value in arm.options.items()],
        "transductive": False,
        **roles_of(controller, who),
        "machine": where,
        "training": facts,
        "calibration": measure_calibration(
            controller, run, scans, who.measured, facts["device"]["device"] or "cpu"
        ),
        "cases": measure(controller, prediction, scans, who.measured),
        "others": measure(controller, prediction, scans, who.others),
    }


def _begun_on(study: Path) -> dict[str, Any]:
    """The machine and the commit that a training begins with, not one that is checked out meanwhile; raises BadInput
    when it was begun at another commit."""
    note, now = study.with_name(f"{study.name}.machine.json"), machine(ROOT)
    if not study.exists():
        study.parent.mkdir(parents=True, exist_ok=True)
        write_json(note, now)
    begun: dict[str, Any] = read_json(note)
    if begun["commit"] != now["commit"]:
        raise BadInput(
            f"this unfinished training was begun at commit {begun['commit']}, not {now['commit']}.",
            hint="Check that commit out, or name another folder of --work.",
            path=study,
        )
    return begun


def check_done(path: Path, length: TrainingTime, device: str) -> None:
    """Raise BadInput when a finished run had another number of steps than asked for, or another device: the name of
    its file tells neither where the steps stand for a time."""
    training = json.loads(path.read_text(encoding="utf-8"))["training"]
    asked_and_done = []
    if length.iterations is not None:
        asked_and_done.append((f"{length.iterations} steps", f"{training['iterations']} steps"))
    used = (training.get("device") or {}).get("device")
    if device != "auto" and used:
        asked_and_done.append((device.split(":")[0], used.split(":")[0]))
    for asked, done in asked_and_done:
        if asked != done:
            raise BadInput(
                f"this finished run was made with {done}, and {asked} are asked for."
                if asked.endswith("steps")
                else f"this finished run was made on {done}, and {asked} is asked for.",
                hint="Move the file away to train anew, or name a --tag or another folder of --results.",
                path=path,
            )


def bench(arguments: argparse.Namespace, folder: Path) -> None:
    """Do all runs that are asked for and not done yet."""
    data, splits = data_set(arguments.name)
    todo: list[tuple[str, Protocol, Arm, int]] = []
    for labels in arguments.labels:
        for seed in arguments.seeds:
            for arm in arguments.arms:
                who = protocol(splits, None if arm.full else labels, development=arguments.development)
                name = result_name(arguments.name, arm.name, len(who.labelled), arguments.time, seed)
                if (folder / name).exists():
                    check_done(folder / name, arguments.time, arguments.device)
                    print(f"{name}: done already", flush=True)
                elif name not in (row[0] for row in todo):
                    todo.append((name, who, arm, seed))
    if not todo:
        return
    structures = structure_names(splits)
    with _work(arguments.work) as work, scans_of(data, work / f"scans_{arguments.name}") as scans:
        for name, who, arm, seed in todo:
            begun = time.monotonic()
            study = work / folder.name / name.removesuffix(".json")  # other cases are tested in development
            result = one_result(study, scans, structures, who, arm, seed, arguments)
            if result is None:
                print(f"{name}: stopped; the same command goes on with it.", flush=True)
                return
            write_json(folder / name, {"set": arguments.name, "budget_text": arguments.time.text, **result})
            shutil.rmtree(study)
            study.with_name(f"{study.name}.machine.json").unlink()
            dice = cells.number(seed_means([result], "dice").get(seed), 4)
            print(f"{name}: Dice {dice} ({time.monotonic() - begun:.0f} s)", flush=True)


@contextmanager
def _work(folder: Path | None) -> Iterator[Path]:
    """The folder in which trainings are done: a given one stays, with what is unfinished there."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="dualsslseg-bench-") as scratch:
        yield Path(scratch)


def arguments_from(words: list[str] | None = None) -> argparse.Namespace:
    """The command line; `time`, `arms` and `seeds` are what its words mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="hippocampus", dest="name")
    parser.add_argument("--labels", type=int, nargs="+", default=[4, 1])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--number-of-seeds", type=int, metavar="N", help="the seeds 0 to N - 1")
    parser.add_argument("--methods", nargs="+", default=["dual", "labels_only"])
    parser.add_argument("--budget", metavar="5min|6000steps", help="of each training, in one word")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--iterations", type=int)
    parser.add_argument(
        "--stands-for",
        default="",
        metavar="TIME",
        help="the time these steps take on this machine when it is quiet, such as '5 min': methods whose steps "
        "differ in cost are so compared at equal time while other work runs",
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--work", type=Path, help="folder that keeps an unfinished training: the same command goes on with it"
    )
    parser.add_argument(
        "--stop-after",
        type=float,
        metavar="SECONDS",
        help="stop a training then, and go on another time (--work)",
    )
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="of every method that has it"
    )
    parser.add_argument("--tag", default="", help="added to the result names, for trials beside the defaults")
    parser.add_argument("--ladder", action="store_true", help="also each method with each of its terms off")
    parser.add_argument(
        "--development", action="store_true", help="measure on development cases, never on validation cases"
    )
    parser.add_argument("--tables", action="store_true", help="train nothing, only write the tables anew")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results and tables")
    found = parser.parse_args(words)
    if found.budget:
        found.time = training_time(found.budget)
    else:
        found.time = TrainingTime(None if found.iterations else found.minutes, found.iterations)
    if found.stands_for:
        if found.time.iterations is None:
            parser.error(
                "--stands-for names the time of a number of steps: give --iterations or --budget Nsteps"
            )
        found.time = dataclasses.replace(found.time, stands_for=found.stands_for)
    if found.stop_after is not None and found.work is None:
        parser.error("--stop-after needs a folder of --work that keeps the training")
    if found.number_of_seeds is not None:
        found.seeds = list(range(found.number_of_seeds))
    found.arms = arms(found.methods, options=found.option, tag=found.tag, ladder=found.ladder)
    return found


def main() -> int:
    arguments = arguments_from()
    folder = arguments.results / ("development" if arguments.development else "accuracy")
    folder.mkdir(parents=True, exist_ok=True)
    if not arguments.tables:
        bench(arguments, folder)
    text = page(read_results(folder), development=arguments.development)
    write_bytes(folder.with_suffix(".md"), text.encode())
    print(text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DualSSLSegError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
