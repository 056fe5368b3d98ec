"""How long the panel holds up Slicer's window: every call of ours on the main thread, over a whole click-through.

    python benchmarks/panel_callbacks.py [--cases 10000] [--labelled 500] [--predicted 2000] [--runs 5]

A study of many small scans is generated; then a hand opens it, filters and sorts, labels, trains and reviews (with a
worker that writes what a real one writes), chooses a folder to segment, closes the scene, opens the study again and
leaves the module. Timed is every call that
comes from outside into panel/, workbench/, scene/ or the module's door: slots, timer ticks, observers, painting,
models. The time that a call spends below scene/, which is made of Slicer's own calls, is told apart by name. Each
run is a process of its own. Writes benchmarks/results/panel_callbacks.json and .md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "Testing")]

from benchmarks.panel_callbacks_table import as_text, of_ours, summary  # noqa: E402
from benchmarks.panel_click_through import click_through  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"


def make_study(folder: Path, cases: int, labelled: int, predicted: int) -> None:
    """Many small scans, labels of some, and a finished run that can be reviewed."""
    import numpy as np
    from support.predictions import predicted_run

    from benchmarks.study_listing import make_study as make
    from benchmarks.study_listing import with_records
    from DualSSLSegLib.study.folder import StudyFolder

    folder.mkdir(parents=True)
    make(folder, cases, labelled, 2, 0)
    with_records(folder)
    study = StudyFolder.open(folder)
    ids = list(study.cases())
    box = np.zeros((6, 6, 6), np.uint8)
    box[2:4, 2:4, 2:4] = 1
    predicted_run(study, dict.fromkeys(ids[labelled : labelled + predicted], box))


def one_run(study: Path, more: Path, home: Path, out: Path) -> None:
    """Go through the panel in this process and write the calls, or the traceback of what went wrong."""
    from host import ending

    try:
        result = click_through(study, more, home)
        out.write_text(json.dumps(result))
    except BaseException:
        import traceback

        traceback.print_exc()
        ending.finish(1)
    ending.finish(0)


def report(given: argparse.Namespace, load: str, runs: list[list[dict[str, Any]]]) -> None:
    """Print the summary of the runs so far and, unless it is a dry run, write it."""
    result = {
        "cases": given.cases,
        "labelled": given.labelled,
        "predicted": given.predicted,
        "repeats": len(runs),
        "load": load,
        "machine": f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
        "summary": summary(runs),
    }
    print(as_text(result), flush=True)
    if not given.dry:
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "panel_callbacks.json").write_text(json.dumps(result, indent=1) + "\n")
        (RESULTS / "panel_callbacks.md").write_text(as_text(result))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("cases", 10000), ("labelled", 500), ("predicted", 2000), ("runs", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--one", nargs=4, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help="make the study there once, and use it again")
    parser.add_argument("--dry", action="store_true", help="write no results")
    given = parser.parse_args()
    if given.one:
        one_run(*given.one)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    runs = []
    with tempfile.TemporaryDirectory(prefix="dualsslseg-") as folder:
        made = given.keep or Path(folder) / "made"
        if not made.exists():
            begun = time.perf_counter()
            make_study(made, given.cases, given.labelled, given.predicted)
            print(f"the study was made in {time.perf_counter() - begun:.0f} s", flush=True)
        for number in range(given.runs):
            here = Path(folder) / f"run {number}"
            shutil.copytree(made, here / "study")
            (here / "home").mkdir()
            (here / "more").mkdir()
            out = here / "calls.json"
            command = [sys.executable, __file__, "--one"]
            command += [str(path) for path in (here / "study", here / "more", here / "home", out)]
            subprocess.run(command, check=True)
            result = json.loads(out.read_text())
            if result["problems"]:
                raise SystemExit("\n".join(result["problems"]))
            runs.append(result["calls"])
            top = sorted(result["calls"], key=lambda call: -call["ms"])[:8]
            for call in top:
                print(
                    f"{call['ms']:8.1f} ms  {of_ours(call):8.1f} ours  {call['cpu_ms']:8.1f} cpu  "
                    f"{call['call']} ({call['step']})",
                    flush=True,
                )
            shutil.rmtree(here)
            report(given, load, runs)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
