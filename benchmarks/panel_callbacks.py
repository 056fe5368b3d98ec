"""How long the panel holds up Slicer's window: every call of ours on the main thread, over a whole click-through.

    python benchmarks/panel_callbacks.py [--cases 10000] [--labelled 500] [--predicted 2000] [--runs 5]

A study of many small scans is generated; then a hand opens it, filters and sorts, labels, trains and reviews (with a
worker that writes what a real one writes), segments a folder, closes the scene and the study. Timed is every call that
comes from outside into panel/, workbench/, scene/ or the module's door: slots, timer ticks, observers, painting,
models. The time that a call spends below scene/, which is made of Slicer's own calls, is told apart by name. Each
run is a process of its own. Writes benchmarks/results/panel_callbacks.json and .md.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
ROOMS = ("DualSSLSegLib.panel", "DualSSLSegLib.workbench", "DualSSLSegLib.scene", "DualSSLSeg")
SLICERS_CALLS = "DualSSLSegLib.scene"
TARGET_MS = 100
BINS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Stopwatch:
    """Times the outermost call of ours on the main thread, and the outermost calls into scene/ within it."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.step = ""
        self._depth = 0
        self._scene_depth = 0
        self._scene: dict[str, float] = {}
        self._main = threading.main_thread()

    def timed(self, function: Callable[..., Any], name: str, in_scene: bool) -> Callable[..., Any]:
        """The function, timed when it is called from outside."""

        def call(*arguments: Any, **options: Any) -> Any:
            if threading.current_thread() is not self._main:
                return function(*arguments, **options)
            if self._depth and not (in_scene and not self._scene_depth):
                return function(*arguments, **options)
            outermost = self._depth == 0
            self._depth += 1
            self._scene_depth += in_scene
            cpu, wall = time.thread_time(), time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
                self._depth -= 1
                self._scene_depth -= in_scene
                if in_scene:
                    self._scene[name] = self._scene.get(name, 0.0) + wall
                if outermost:
                    self._keep(name, wall, cpu)

        functools.update_wrapper(call, function)  # what VTK asks of an observer lies in its attributes
        return call

    def _keep(self, name: str, wall: float, cpu: float) -> None:
        scene, self._scene = self._scene, {}
        self.calls.append(
            {
                "call": name,
                "step": self.step,
                "ms": 1000 * wall,
                "cpu_ms": 1000 * cpu,
                "slicer_ms": {part: 1000 * seconds for part, seconds in scene.items()},
            }
        )

    def watch(self) -> None:
        """Time everything that is loaded of our rooms. Call it before anything of them is made."""
        for module in [m for n, m in list(sys.modules.items()) if n.startswith(ROOMS)]:
            self._watch_module(module)

    def _watch_module(self, module: ModuleType) -> None:
        in_scene = module.__name__.startswith(SLICERS_CALLS)
        room = module.__name__.removeprefix("DualSSLSegLib.")
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                timed = self.timed(value, f"{room}.{name}", in_scene)
                for other in list(sys.modules.values()):  # those that have imported it by name
                    if getattr(other, "__name__", "").startswith(ROOMS) and vars(other).get(name) is value:
                        setattr(other, name, timed)
            elif isinstance(value, type) and value.__module__ == module.__name__:
                self._watch_class(value, room, in_scene)

    def _watch_class(self, cls: type, room: str, in_scene: bool) -> None:
        for name, value in list(vars(cls).items()):
            title = f"{room}.{cls.__name__}.{name}"
            if isinstance(value, FunctionType):
                setattr(cls, name, self.timed(value, title, in_scene))
            elif isinstance(value, property):
                parts = [
                    part and self.timed(part, title, in_scene)
                    for part in (value.fget, value.fset, value.fdel)
                ]
                setattr(cls, name, property(*parts))


def click_through(study: Path, more: Path, home: Path) -> dict[str, Any]:
    """One run in this process: the calls, one by one."""
    os.environ["HOME"] = os.environ["DUALSSLSEG_SETTINGS"] = str(home)
    from host import application, dialogs

    application.start()
    import slicer
    from support.clicking import Hand
    from support.quick_worker import QuickLauncher

    for name in ("panel.panel", "workbench.workbench", "workbench.author"):
        importlib.import_module(f"DualSSLSegLib.{name}")
    watch = Stopwatch()
    watch.watch()
    gc.collect()
    module = application.load_module(ROOT / "DualSSLSeg" / "DualSSLSeg.py")
    window = application.MainWindow(module)
    window.show()
    watch.calls.clear()  # loading the module is Slicer's start
    hand = Hand(slicer.modules.DualSSLSegWidget)
    panel, workbench = hand.panel, hand.workbench
    workbench.launcher = QuickLauncher(at_most=50)

    def wait(happened: Callable[[], Any] = lambda: True) -> None:
        hand.wait_until(lambda: happened() and not workbench.busy, 600.0)
        application.settle(600)  # two ticks more, and the painting

    watch.step = "open the study"
    hand.choose_folder(study)
    wait(lambda: workbench.rows)
    cases = panel.study.cases
    watch.step = "find and sort"
    for text in ("case 00", "case 0012", "liver", ""):
        cases.filter_edit.text = text
        wait()
    for column in (1, 2, 3, 4, 0, 0):
        cases._header.sectionClicked.emit(column)
        wait()
    for state in (1, 0):
        cases.state_combo.setCurrentIndex(state)
        wait()
    watch.step = "label"
    hand.open_next()
    for _ in range(3):
        hand.paint("liver")
        hand.submit()
        wait()
    watch.step = "leave and come back"
    hand.paint("liver")
    left = workbench.case
    hand.open_next()
    wait()
    workbench.open_case(left)
    wait(lambda: workbench.case == left)
    watch.step = "structures"
    panel.study.ui.structuresBox.collapsed = False
    hand.press_enter(panel.study.ui.newStructureEdit, "tumour")
    wait(lambda: len(workbench.structures) == 2)
    watch.step = "train"
    wait(lambda: panel.train.ui.trainButton.enabled)
    hand.click(panel.train.ui.trainButton)
    wait(lambda: workbench.run_state is not None and not workbench.run_state.active)
    assert workbench.run_state.status == "finished"
    watch.step = "review"
    for verdict in ("acceptButton", "rejectButton", "correctButton"):
        wait(lambda: panel.review.ui.reviewNextButton.enabled)
        hand.click(panel.review.ui.reviewNextButton)
        wait(lambda: workbench.prediction is not None)
        hand.click(panel.review.ui.nextSpotButton)
        wait()
        panel.review.ui.mapCombo.setCurrentIndex(1)
        wait()
        panel.review.ui.opacitySlider.value = 0.4
        hand.click(getattr(panel.review.ui, verdict))
        wait(lambda: workbench.prediction is None)
    hand.submit()
    wait()
    watch.step = "segment a folder"
    ui = panel.folder.ui
    ui.folderSection.collapsed = False
    ui.scansEdit.currentPath = str(more)
    wait()
    watch.step = "look again"
    hand.click(panel.study.ui.refreshButton)
    wait()
    watch.step = "close the scene"
    hand.paint("liver")
    slicer.mrmlScene.Clear(0)
    wait(lambda: workbench.case is None)
    watch.step = "open again"
    workbench.open_study(study)
    wait(lambda: workbench.rows)
    watch.step = "close"
    application.unload("DualSSLSeg")
    problems = [*application.errors, *dialogs.unused()]
    return {"calls": watch.calls, "problems": problems}


def make_study(folder: Path, cases: int, labelled: int, predicted: int) -> None:
    """Many small scans, labels of some, and two finished runs, of which the newest can be reviewed."""
    import numpy as np
    from study_listing import make_study as make
    from study_listing import with_records
    from support.predictions import predicted_run

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
    """Copy what a run changes and go through it in a process of its own."""
    from host import ending

    try:
        result = click_through(study, more, home)
        out.write_text(json.dumps(result))
    except BaseException:
        import traceback

        traceback.print_exc()
        ending.finish(1)
    ending.finish(0)


def of_ours(call: dict[str, Any]) -> float:
    return float(call["ms"] - sum(call["slicer_ms"].values()))


def summary(runs: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """The longest calls, the median of the runs' longest, and how the calls are spread."""
    longest = [max(run, key=lambda call: call["ms"]) for run in runs]
    ours = [max(run, key=of_ours) for run in runs]
    by_name: dict[str, list[float]] = {}
    slicer: dict[str, list[float]] = {}
    for run in runs:
        highest: dict[str, float] = {}
        for call in run:
            key = f"{call['call']} ({call['step']})"
            highest[key] = max(highest.get(key, 0.0), call["ms"])
            for name, ms in call["slicer_ms"].items():
                slicer.setdefault(name, []).append(ms)
        for key, ms in highest.items():
            by_name.setdefault(key, []).append(ms)
    slowest = sorted(by_name.items(), key=lambda item: -statistics.median(item[1]))[:12]
    edges = (0, *BINS_MS, float("inf"))
    calls = [call for run in runs for call in run]
    histogram = {
        f"{low:g}-{high:g}": sum(low <= call["ms"] < high for call in calls)
        for low, high in itertools.pairwise(edges)
    }
    return {
        "longest_ms": {
            "runs": [round(call["ms"], 1) for call in longest],
            "median": round(statistics.median(call["ms"] for call in longest), 1),
            "processor": round(statistics.median(call["cpu_ms"] for call in longest), 1),
            "calls": [f"{call['call']} ({call['step']})" for call in longest],
        },
        "longest_without_slicers_calls_ms": {
            "runs": [round(of_ours(call), 1) for call in ours],
            "median": round(statistics.median(of_ours(call) for call in ours), 1),
            "calls": [f"{call['call']} ({call['step']})" for call in ours],
        },
        "longest_processor_ms": round(
            statistics.median(max(call["cpu_ms"] for call in run) for run in runs), 1
        ),
        "slowest": {
            name: {"median_of_highest": round(statistics.median(ms), 1), "highest": round(max(ms), 1)}
            for name, ms in slowest
        },
        "slicers_calls": {
            name: {"count": len(ms), "median": round(statistics.median(ms), 2), "highest": round(max(ms), 1)}
            for name, ms in sorted(slicer.items(), key=lambda item: -max(item[1]))[:12]
        },
        "histogram_ms": histogram,
        "count": len(calls),
    }


def as_text(result: dict[str, Any]) -> str:
    """The page for people."""
    found = result["summary"]
    longest, ours = found["longest_ms"], found["longest_without_slicers_calls_ms"]
    lines = [
        "# How long the panel holds up Slicer's window",
        "",
        f"`python benchmarks/panel_callbacks.py`: {result['cases']:,} cases, {result['labelled']} labelled, "
        f"{result['predicted']} predicted; {result['repeats']} runs on {result['machine']}; load before: "
        f"{result['load']}. Every call of ours on the main thread, {found['count']:,} in all.",
        "",
        "| | median of the runs | runs |",
        "| --- | --- | --- |",
        f"| longest call, with Slicer's own calls in it | {longest['median']} ms | {longest['runs']} |",
        f"| longest call, without them | {ours['median']} ms | {ours['runs']} |",
        f"| most processor time of a call | {found['longest_processor_ms']} ms | |",
        "",
        f"Target: {TARGET_MS} ms.",
        "",
        "| ms | calls |",
        "| --- | --- |",
        *(f"| {span} | {count} |" for span, count in found["histogram_ms"].items()),
        "",
        "| slowest calls, with the step | median of the runs' highest, ms | highest, ms |",
        "| --- | --- | --- |",
        *(f"| {n} | {v['median_of_highest']} | {v['highest']} |" for n, v in found["slowest"].items()),
        "",
        "| Slicer's calls, by the function of scene/ that makes them | calls | median, ms | highest, ms |",
        "| --- | --- | --- | --- |",
        *(
            f"| {n} | {v['count']} | {v['median']} | {v['highest']} |"
            for n, v in found["slicers_calls"].items()
        ),
    ]
    return "\n".join(lines) + "\n"


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
    sys.path[:0] = [str(ROOT), str(ROOT / "Testing"), str(ROOT / "benchmarks")]
    sys.exit(main())
