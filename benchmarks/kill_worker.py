"""Kill the worker at random moments, resume it each time, and count what was lost. Expected: nothing.

    python benchmarks/kill_worker.py --kills 50

Runs are made over a generated cohort. Every kill is SIGKILL, at a random moment between the command and the
time that an undisturbed run takes. After every kill: all label revisions are intact (their digests are
compared), the journal has no gap, and the resumed run goes on. Also measured: time from command to first
event, from stop request to exit.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from DualSSLSegLib.demo.phantom import STRUCTURES, write_cohort
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller

CASES = 5
ITERATIONS = 4
RESULT = Path(__file__).parent / "results" / "kill_worker.json"


def journal_has_no_gap(run: RunFolder) -> bool:
    numbers = [event["seq"] for event in EventReader(run.events_path).read() if "seq" in event]
    return numbers == list(range(1, len(numbers) + 1))


def revisions(controller: Controller) -> dict[str, str]:
    """Digest of every revision there is, read from its file."""
    study = controller.study
    return {
        f"{case}/{revision.number}": file_digest([revision.path])
        for case in study.cases()
        for revision in study.revisions(case)
    }


def begin(controller: Controller) -> RunFolder:
    return controller.start("train", iterations=ITERATIONS, device="cpu", from_scratch=True)


def first_event_s(controller: Controller, run: RunFolder, asked: float) -> float:
    while controller.runs.state(run).status == "waiting":
        time.sleep(0.01)
    return time.monotonic() - asked


def stop_s(controller: Controller) -> float:
    """Seconds from the wish to stop, in the middle of a training, to the last word."""
    run = controller.start("train", iterations=100_000, device="cpu", from_scratch=True)
    while not (controller.runs.state(run).phase == "train" and controller.runs.state(run).step >= 2):
        time.sleep(0.05)
    asked = time.monotonic()
    controller.runs.stop(run)
    while controller.runs.state(run).active:
        time.sleep(0.01)
    return time.monotonic() - asked


def torment(folder: Path, kills: int, rng: random.Random) -> dict[str, object]:
    names = write_cohort(folder / "cohort", CASES)
    (folder / "cohort" / "images").rename(folder / "study")
    controller = Controller.create(folder / "study", list(STRUCTURES))
    truth = folder / "cohort" / "labels"
    controller.label(names[0], truth / f"{names[0]}.nii.gz", author="benchmark")
    asked = time.monotonic()
    run = begin(controller)
    first_events = [first_event_s(controller, run, asked)]
    *_, (undisturbed, _) = controller.watch(run)
    longest_s = time.monotonic() - asked
    asked = time.monotonic()
    run = begin(controller)
    first_events.append(first_event_s(controller, run, asked))
    killed_in: Counter[str] = Counter()
    finished = lost_revisions = gaps = 0
    while sum(killed_in.values()) < kills:
        if controller.runs.state(run).status == "finished":
            finished += 1
            label = truth / f"{names[finished % CASES]}.nii.gz"
            controller.label(names[finished % CASES], label, author="benchmark", origin="corrected")
            asked = time.monotonic()
            run = begin(controller)
            first_events.append(first_event_s(controller, run, asked))
        elif not controller.runs.state(run).active:
            controller.runs.resume(run)
        known = revisions(controller)
        deadline = time.monotonic() + rng.uniform(0.0, longest_s)
        while controller.runs.state(run).active and time.monotonic() < deadline:
            time.sleep(0.01)
        state = controller.runs.state(run)
        if state.active:
            killed_in[state.phase or "before the first phase"] += 1
            controller.runs.kill(run)
            while controller.runs.state(run).active:
                time.sleep(0.05)
        after = revisions(controller)
        lost_revisions += sum(after.get(name) != digest for name, digest in known.items())
        gaps += not journal_has_no_gap(run)
        print(f"{sum(killed_in.values()):3d} kills, attempt {state.attempt}, {state.phase}", flush=True)
    if controller.runs.state(run).status != "finished":
        controller.runs.resume(run)
        *_, (last, _) = controller.watch(run)
        finished += last.status == "finished"
    return {
        "kills": sum(killed_in.values()),
        "undisturbed_run": undisturbed.status,
        "undisturbed_run_s": round(longest_s, 1),
        "killed_in": dict(killed_in),
        "runs_that_came_to_their_end": finished,
        "last_run": controller.runs.state(run).status,
        "attempts_of_last_run": controller.runs.state(run).attempt,
        "revisions": len(revisions(controller)),
        "lost_revisions": lost_revisions,
        "journals_with_gaps": gaps,
        "first_event_s": [round(value, 2) for value in first_events],
        "stop_to_exit_s": round(stop_s(controller), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--result", type=Path, default=RESULT)
    arguments = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = torment(Path(folder), arguments.kills, random.Random(arguments.seed))
    result |= {
        "seconds": round(time.monotonic() - begun),
        "machine": platform.platform(),
        "seed": arguments.seed,
    }
    arguments.result.parent.mkdir(parents=True, exist_ok=True)
    arguments.result.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    if result["lost_revisions"] or result["journals_with_gaps"] or result["last_run"] != "finished":
        raise SystemExit(1)


if __name__ == "__main__":
    main()
