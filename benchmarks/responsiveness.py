"""How fast a run answers: from the command to the first event, and from a stop to the saved checkpoint and exit.

    python benchmarks/responsiveness.py [--repeats 5]

A generated study of three scans; nothing is downloaded. Prints a table and writes
benchmarks/results/responsiveness.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from DualSSLSegLib.imaging.geometry import Grid  # noqa: E402
from DualSSLSegLib.imaging.write import write_label, write_map  # noqa: E402
from DualSSLSegLib.jobs.control import write_want  # noqa: E402
from DualSSLSegLib.jobs.journal import EventReader  # noqa: E402
from DualSSLSegLib.jobs.run_folder import RunFolder  # noqa: E402
from DualSSLSegLib.loop.controller import Controller  # noqa: E402

SIZE = (40, 56, 40)


def make_study(folder: Path) -> Controller:
    """Three noisy scans of a box, the first one labelled."""
    rng = np.random.default_rng(0)
    grid = Grid(SIZE, np.eye(4))
    label = np.zeros(SIZE, np.uint8)
    label[12:26, 16:36, 14:26] = 1
    folder.mkdir()
    for name in ("one", "two", "three"):
        image = label * 0.5 + rng.random(SIZE).astype(np.float32) * 0.5
        write_map(folder / f"{name}.nii.gz", image.astype(np.float32), grid)
    controller = Controller.create(folder, ["box"])
    write_label(folder.parent / "label.nii.gz", label, grid)
    controller.label("one", folder.parent / "label.nii.gz", author="benchmark")
    return controller


def wait_for(run: RunFolder, types: set[str], limit_s: float = 120.0) -> dict[str, object]:
    """The first event of one of these types. Raises SystemExit when none comes."""
    begun = time.monotonic()
    while time.monotonic() - begun < limit_s:
        if run.events_path.exists():
            for event in EventReader(run.events_path).read():
                if event["type"] in types:
                    return event
        time.sleep(0.02)
    raise SystemExit(f"no event {types} within {limit_s:g} s: {run.console_path}")


def once(folder: Path) -> dict[str, float]:
    """One run: started, trained for some steps, stopped."""
    controller = make_study(folder / "study")
    commanded = time.time()
    run = controller.start("train", iterations=100_000, device="cpu")
    first = wait_for(run, {"started", "phase", "progress"})
    while True:
        steps = [e for e in EventReader(run.events_path).read() if e["type"] == "progress" and "terms" in e]
        if steps and steps[-1]["step"] >= 20:
            break
        time.sleep(0.1)
    asked = time.time()
    write_want(run, "stop")
    last = wait_for(run, {"stopped", "failed", "finished"})
    if last["type"] != "stopped" or not run.model_path.is_file():
        raise SystemExit(f"the run did not stop cleanly: {last}")
    return {
        "command_to_first_event_s": float(first["t"]) - commanded,  # type: ignore[arg-type]
        "stop_to_exit_s": float(last["t"]) - asked,  # type: ignore[arg-type]
        "step_s": float(steps[-1]["seconds_per_step"]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    rows = []
    for _ in range(parser.parse_args().repeats):
        with tempfile.TemporaryDirectory(prefix="dualsslseg-") as folder:
            rows.append(once(Path(folder)))
            print(rows[-1], flush=True)
    summary = {
        key: {"median": statistics.median(r[key] for r in rows), "max": max(r[key] for r in rows)}
        for key in rows[0]
    }
    result = {"runs": rows, "summary": summary, "cores": os.cpu_count(), "platform": platform.platform()}
    target = ROOT / "benchmarks" / "results" / "responsiveness.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    for key, values in summary.items():
        print(f"{key}: median {values['median']:.2f}, largest {values['max']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
