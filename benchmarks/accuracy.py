"""Accuracy with few labels at equal time: the methods beside each other, paired per case, on real scans.

    make bench                                   (needs DUALSSLSEG_DATA)
    python benchmarks/accuracy.py --labels 4 1 --seeds 0 1 2 --methods dual labels_only --minutes 5

Each training is an ordinary run in a study of its own: its clock runs from the `started` event to the last step, with
reading, caching and the learning curve inside. The first N cases of the set's `labelled_*` split are labelled, its
`unlabelled` scans train without labels, and its validation cases are frozen as test cases: they neither train, nor
are they seen unlabelled, nor does a run choose anything on them.

The defaults of `dual` were once chosen by single-seed trials measured on the hippocampus set's validation cases, so
those rows may flatter it. Every row therefore stands beside the same models on the `others`: the labelled cases
after the first four, frozen as test cases too, on which no default was chosen.
Results are one JSON per run in benchmarks/results/accuracy/ (a finished one is not repeated) and the table in
benchmarks/results/accuracy.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from DualSSLSegLib.atomic import read_json, write_bytes, write_json  # noqa: E402
from DualSSLSegLib.errors import BadInput, DualSSLSegError  # noqa: E402
from DualSSLSegLib.evaluation.metrics import StructureMetrics, case_metrics  # noqa: E402
from DualSSLSegLib.evaluation.summary import compare, summarise  # noqa: E402
from DualSSLSegLib.evaluation.uncertainty_check import (  # noqa: E402
    ErrorCapture,
    error_capture,
    failure_detection,
    summarise_capture,
)
from DualSSLSegLib.imaging.read import read_voxels  # noqa: E402
from DualSSLSegLib.jobs.control import write_want  # noqa: E402
from DualSSLSegLib.jobs.journal import EventReader  # noqa: E402
from DualSSLSegLib.jobs.run_folder import RunFolder  # noqa: E402
from DualSSLSegLib.loop import requests  # noqa: E402
from DualSSLSegLib.loop.controller import Controller  # noqa: E402
from DualSSLSegLib.loop.run_inputs import study_rows  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "accuracy"
TABLE = ROOT / "benchmarks" / "results" / "accuracy.md"


def data_set(name: str) -> tuple[Path, dict[str, Any], str]:
    """Folder, splits and name of the validation split of a set under $DUALSSLSEG_DATA."""
    root = os.environ.get("DUALSSLSEG_DATA")
    if not root:
        raise BadInput(
            "DUALSSLSEG_DATA is not set.", hint="Set it to the folder that holds the sets of scans."
        )
    folder = Path(root) / name
    splits = read_json(folder / "splits.json")
    validation = next(key for key in sorted(splits) if key.startswith("validation"))
    return folder, splits, validation


def labelled_cases(splits: dict[str, Any]) -> list[str]:
    """The set's labelled cases in their order; the smaller labelled splits are its beginnings."""
    return max((cases for key, cases in splits.items() if key.startswith("labelled_")), key=len)


def other_cases(splits: dict[str, Any], labels: int) -> list[str]:
    """Labelled cases beyond those that train, the same for 1 to 4 labels."""
    return labelled_cases(splits)[max(labels, 4) :]


def make_study(folder: Path, data: Path, splits: dict[str, Any], validation: str, labels: int) -> Controller:
    """A study with links to the scans; labels given, validation and other labelled cases frozen as test cases."""
    chosen = labelled_cases(splits)[:labels]
    tested = [*splits[validation], *other_cases(splits, labels)]
    cases = [*chosen, *splits["unlabelled"], *tested]
    folder.mkdir()
    for case in dict.fromkeys(cases):
        (folder / f"{case}.nii.gz").symlink_to((data / "images" / f"{case}.nii.gz").absolute())
    names = [
        name for value, name in sorted(splits["labels"].items(), key=lambda row: int(row[0])) if int(value)
    ]
    controller = Controller.create(folder, names)
    controller.split(tested, "test")
    for case in chosen:
        controller.label(case, data / "labels" / f"{case}.nii.gz", author="benchmark", origin="imported")
    return controller


def follow(controller: Controller, run: RunFolder, leave_at: str | None = None) -> list[dict[str, Any]]:
    """Wait for a run; ask it to stop when the phase `leave_at` begins. Returns its events."""
    for state, events in controller.watch(run):
        if leave_at and any(e["type"] == "phase" and e.get("name") == leave_at for e in events):
            write_want(run, "stop")
        if state.status == "failed":
            raise SystemExit(f"{run.path}: {state}")
    return EventReader(run.events_path).read()


def train_and_predict(controller: Controller, arguments: argparse.Namespace, method: str, seed: int):
    """Train, then predict the test cases with the model. Returns the events of the training and both run folders."""
    budget = {"iterations": arguments.iterations} if arguments.iterations else {"minutes": arguments.minutes}
    options = dict(pair.split("=", 1) for pair in arguments.option) if method == "dual" else {}
    run = controller.start(
        "train", method=method, seed=seed, device=arguments.device, options=options, **budget
    )
    events = follow(controller, run, leave_at="predict")
    spec = requests.prediction_request(
        controller.study, [run], model=run.model_path, seed=seed, device=arguments.device
    )
    rows = [row for row in study_rows(controller.study) if row["role"] in ("labelled", "predict")]
    prediction = controller.runs.start(spec, {"cases": rows})
    follow(controller, prediction)
    return events, prediction


def measure(controller: Controller, run: RunFolder, data: Path, cases: list[str]) -> dict[str, Any]:
    """Metrics, case scores and error capture of the predicted test cases against their reference labels."""
    names = {structure.name: structure.value for structure in controller.study.structures}
    rows: dict[str, Any] = {}
    for case in cases:
        reference, grid = read_voxels(data / "labels" / f"{case}.nii.gz")
        predicted, _ = read_voxels(run.prediction_path(case))
        uncertainty, _ = read_voxels(run.uncertainty_path(case))
        reference, predicted = (array.reshape(grid.shape).astype("uint8") for array in (reference, predicted))
        metrics = case_metrics(predicted, reference, grid.spacing_mm, names)
        rows[case] = {
            "metrics": {name: row.to_dict() for name, row in metrics.items()},
            "score": read_json(run.prediction_facts_path(case))["score"],
            "capture": error_capture(predicted, reference, uncertainty.reshape(grid.shape)).to_dict(),
        }
    return rows


def facts_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Time, memory and curve of a training from its journal."""
    started = next(e for e in events if e["type"] == "started")
    steps = [e for e in events if e["type"] == "progress" and "terms" in e]
    return {
        "seconds_to_last_step": round(steps[-1]["t"] - started["t"], 1),
        "iterations": steps[-1]["total"],
        "peak_bytes": steps[-1]["peak_bytes"],
        "left_out": steps[-1]["left_out"],
        "budget": next((e for e in events if e["type"] == "budget"), None),
        "versions": started.get("versions"),
        "curve": [
            {"step": e["step"], "measure": e["measure"], "mean": e["mean"]}
            for e in events
            if e["type"] == "validated"
        ],
        "losses": [{"step": e["step"], "terms": e["terms"]} for e in steps[:: max(1, len(steps) // 40)]],
    }


def machine() -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    model = (
        next(
            (
                line.split(":")[1].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")
            ),
            "",
        )
        if Path("/proc/cpuinfo").exists()
        else platform.processor()
    )
    return {"processor": model, "cores": os.cpu_count(), "platform": platform.platform(), "commit": commit}


def metrics_of(result: dict[str, Any], which: str = "cases") -> dict[str, dict[str, StructureMetrics]]:
    return {
        case: {name: StructureMetrics.from_dict(row) for name, row in content["metrics"].items()}
        for case, content in result[which].items()
    }


def table(results: list[dict[str, Any]]) -> str:
    """Markdown: a row per run, then the paired differences of `dual` over the baseline."""
    lines = [
        "| set | labels | method | seed | budget | Dice | per structure | others | HD95 mm "
        "| ASD mm | r (score, Dice) | errors in most uncertain quarter | steps | peak GB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        summary = summarise(metrics_of(result))
        dice = {case: [m["dice"] for m in row["metrics"].values()] for case, row in result["cases"].items()}
        mean = {case: sum(v or 0 for v in values) / len(values) for case, values in dice.items()}
        others = summarise(metrics_of(result, "others")).mean["dice"].mean if result.get("others") else None
        found = failure_detection({case: row["score"]["risk"] for case, row in result["cases"].items()}, mean)
        capture = summarise_capture([_capture(row["capture"]) for row in result["cases"].values()])
        per = " / ".join(f"{s.measures['dice'].mean:.3f}" for s in summary.structures.values())
        hd95, asd = (summary.mean[name].mean for name in ("hd95_mm", "asd_mm"))
        low, high = found.pearson.interval or (float("nan"), float("nan"))
        lines.append(
            f"| {result['set']} | {result['labels']} | {result['method']} | {result['seed']} | {result['budget_text']} "
            f"| {sum(mean.values()) / len(mean):.4f} | {per} "
            f"| {'-' if others is None else f'{others:.4f}'} | {hd95:.2f} | {asd:.2f} "
            f"| {found.pearson.coefficient:.2f} ({low:.2f} to {high:.2f}) | {capture.pooled:.2f} "
            f"| {result['training']['iterations']} | {result['training']['peak_bytes'] / 1e9:.2f} |"
        )
    return "\n".join(lines) + "\n" + paired(results)


def _capture(row: dict[str, Any]) -> ErrorCapture:
    return ErrorCapture(**{key: value for key, value in row.items() if key != "share"})


def paired(results: list[dict[str, Any]]) -> str:
    """Dice of `dual` minus labels-only at the same budget, cases paired over all seeds that both have."""
    lines = []
    for labels, minutes in sorted({(r["labels"], r["budget_text"]) for r in results}, reverse=True):
        arms: dict[str, dict[int, Any]] = {}
        for r in results:
            if (r["labels"], r["budget_text"]) == (labels, minutes):
                arms.setdefault(r["method"], {})[r["seed"]] = metrics_of(r)
        seeds = sorted(set(arms.get("dual", {})) & set(arms.get("labels_only", {})))
        if not seeds:
            continue
        both = [
            {f"{seed}:{case}": row for seed in seeds for case, row in arms[method][seed].items()}
            for method in ("dual", "labels_only")
        ]
        difference = compare(*both).mean["dice"]
        low, high = difference.interval or (float("nan"), float("nan"))
        lines.append(
            f"\n{labels} label(s), {minutes}, {len(seeds)} seed(s): `dual` minus `labels_only` "
            f"{difference.mean:+.4f} Dice ({low:+.4f} to {high:+.4f}, paired per case and seed).\n"
        )
    return "".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="hippocampus", dest="name")
    parser.add_argument("--labels", type=int, nargs="+", default=[4, 1])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=["dual", "labels_only"])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="of the dual method"
    )
    parser.add_argument("--tag", default="", help="added to the result names, for trials beside the defaults")
    arguments = parser.parse_args()
    data, splits, validation = data_set(arguments.name)
    text = f"{arguments.iterations} steps" if arguments.iterations else f"{arguments.minutes:g} min"
    RESULTS.mkdir(parents=True, exist_ok=True)
    for labels in arguments.labels:
        for seed in arguments.seeds:
            for method in arguments.methods:
                arm = f"{method}{arguments.tag}_{labels}labels_{text.replace(' ', '')}"
                name = f"{arguments.name}_{arm}_seed{seed}.json"
                if (RESULTS / name).exists():
                    print(f"{name}: done already", flush=True)
                    continue
                begun = time.monotonic()
                with tempfile.TemporaryDirectory(prefix="dualsslseg-bench-") as scratch:
                    controller = make_study(Path(scratch) / "study", data, splits, validation, labels)
                    events, run = train_and_predict(controller, arguments, method, seed)
                    cases = measure(controller, run, data, list(splits[validation]))
                    others = measure(controller, run, data, other_cases(splits, labels))
                write_json(
                    RESULTS / name,
                    {
                        "set": arguments.name,
                        "labels": labels,
                        "method": method + arguments.tag,
                        "seed": seed,
                        "budget_text": text,
                        "options": arguments.option,
                        "transductive": False,
                        "machine": machine(),
                        "training": facts_of(events),
                        "cases": cases,
                        "others": others,
                    },
                )
                dice = [m["dice"] or 0 for row in cases.values() for m in row["metrics"].values()]
                print(
                    f"{name}: Dice {sum(dice) / len(dice):.4f} ({time.monotonic() - begun:.0f} s)", flush=True
                )
    results = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    write_bytes(TABLE, table(results).encode())
    print(table(results))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DualSSLSegError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
