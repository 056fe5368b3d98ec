"""One run of the accuracy bench: a study with links to the scans, an ordinary training, a prediction of the test cases.

The clock of a training runs from its `started` event to its last step, with reading, caching and the learning curve
inside. Cases that are measured are frozen as test cases: no run trains on them, sees them unlabelled or chooses on
them.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.arms import Arm, TrainingTime
from benchmarks.real_sets import Protocol
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.control import write_want
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop import requests
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.run_inputs import study_rows
from DualSSLSegLib.training.plan import TrainingPlan

Events = list[dict[str, Any]]

_PLAN_FIELDS = {field.name for field in dataclasses.fields(TrainingPlan)} - {"explanation"}


def make_study(
    folder: Path, scans: Path, who: Protocol, structures: list[str], *, all_train: bool = False
) -> Controller:
    """A study in `folder` with links to the scans of a protocol: labels given, measured and other cases frozen as test.

    From eight labels on the study keeps some of them for validation, as any study does; `all_train` keeps none.
    """
    tested = [*who.measured, *who.others]
    folder.mkdir()
    for case in dict.fromkeys([*who.labelled, *who.unlabelled, *tested]):
        (folder / f"{case}.nii.gz").symlink_to((scans / "images" / f"{case}.nii.gz").absolute())
    controller = Controller.create(folder, structures)
    controller.split(tested, "test")
    if all_train:
        controller.split(who.labelled, "train")
    for case in who.labelled:
        controller.label(case, scans / "labels" / f"{case}.nii.gz", author="benchmark", origin="imported")
    return controller


def kept_study(
    folder: Path, scans: Path, who: Protocol, structures: list[str], *, all_train: bool
) -> Controller:
    """The study of a training that an earlier call began in `folder`, or a new one there."""
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        make_study(unfinished, scans, who, structures, all_train=all_train)
        unfinished.rename(folder)
    return Controller.open(folder)


def train_and_predict(
    controller: Controller,
    arm: Arm,
    time: TrainingTime,
    seed: int,
    device: str,
    stop_after_s: float | None = None,
) -> tuple[Events, RunFolder, RunFolder] | None:
    """Train, then predict the test cases with the model: the training's events, its folder, the prediction's folder.

    Goes on with what an earlier call left unfinished in this study. None when the training was not done after
    `stop_after_s` seconds; it is then saved and stopped.
    """
    request = {"method": arm.method, "seed": seed, "device": device, "options": arm.options, **time.request}
    run = _begun(controller, "train")
    if run is None:
        run = controller.start("train", **request)
    else:
        _check_same(run, requests.training_request(controller.study, [], **request))
        _take_up(controller, run)
    events = follow(controller, run, leave_at="predict", stop_after_s=stop_after_s)
    if not _reached(events, "predict"):
        return None
    prediction = _begun(controller, "predict")
    if prediction is not None:
        _take_up(controller, prediction)
    else:
        spec = requests.prediction_request(
            controller.study, [run], model=run.model_path, seed=seed, device=device
        )
        rows = [row for row in study_rows(controller.study) if row["role"] in ("labelled", "predict")]
        prediction = controller.runs.start(spec, {"cases": rows})
    follow(controller, prediction)
    return events, run, prediction


def _begun(controller: Controller, kind: str) -> RunFolder | None:
    """The study's run of this kind; None without one."""
    return next((run for run in controller.runs.all() if run.spec()["kind"] == kind), None)


def _take_up(controller: Controller, run: RunFolder) -> None:
    """Let a run go on that is not at work and has not done what it is for."""
    state = controller.runs.state(run)
    trained = run.spec()["kind"] == "train" and _reached(EventReader(run.events_path).read(), "predict")
    if not (state.active or state.status == "finished" or trained):
        controller.runs.resume(run)


def _check_same(run: RunFolder, asked: dict[str, Any]) -> None:
    """Raise BadInput when a kept training was begun with another request: the name of its folder does not tell."""
    begun = run.spec()
    for name in ("method", "options", "budget", "seed", "device"):
        if begun[name] != asked[name]:
            raise BadInput(
                f"this unfinished training was begun with another {name}: {begun[name]!r}, not {asked[name]!r}.",
                hint="Name another folder of --work, or remove this one.",
                path=run.path,
            )


def _reached(events: Events, phase: str) -> bool:
    return any(event["type"] == "phase" and event.get("name") == phase for event in events)


def follow(
    controller: Controller, run: RunFolder, leave_at: str | None = None, stop_after_s: float | None = None
) -> Events:
    """Wait for a run; ask it to stop when the phase `leave_at` begins, or after `stop_after_s` seconds. Returns its
    events."""
    begun = monotonic()
    for state, events in controller.watch(run):
        late = stop_after_s is not None and monotonic() - begun > stop_after_s
        if late or (leave_at and _reached(events, leave_at)):
            write_want(run, "stop")
        if state.status == "failed":
            raise SystemExit(f"{run.path}: {state}")
    return EventReader(run.events_path).read()


def facts_of(events: Events) -> dict[str, Any]:
    """Time in seconds, memory in bytes, device and curve of a training from its journal."""
    started = next(e for e in events if e["type"] == "started")
    steps = [e for e in events if e["type"] == "progress" and "terms" in e]
    device = next((e for e in events if e["type"] == "device"), {})
    return {
        "seconds_to_last_step": round(_seconds_at_work(events), 1),
        "plan": next((_plan(e) for e in events if e["type"] == "plan"), None),
        "iterations": steps[-1]["total"],
        "peak_bytes": max(e["peak_bytes"] for e in steps),
        "left_out": steps[-1]["left_out"],
        "budget": next((e for e in events if e["type"] == "budget"), None),
        "versions": started.get("versions"),
        "device": {key: device.get(key) for key in ("device", "name")},
        "curve": [
            {"step": e["step"], "measure": e["measure"], "mean": e["mean"], "cases": len(e.get("cases", ()))}
            for e in events
            if e["type"] == "validated"
        ],
        "losses": [{"step": e["step"], "terms": e["terms"]} for e in steps[:: max(1, len(steps) // 40)]],
    }


def _seconds_at_work(events: Events) -> float:
    """From the start of each attempt to its last step, all attempts together."""
    seconds = begun = last = 0.0
    for event in events:
        if event["type"] == "started":
            seconds, begun = seconds + last, event["t"]
            last = 0.0
        elif event["type"] == "progress" and "terms" in event:
            last = event["t"] - begun
    return seconds + last


def _plan(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name in _PLAN_FIELDS}


def roles_of(controller: Controller, who: Protocol) -> dict[str, Any]:
    """How many cases did what in a run, and on which split it is measured."""
    kept = set(controller.study.splits.validation)
    return {
        "trained": sum(case not in kept for case in who.labelled),
        "validated": sum(case in kept for case in who.labelled),
        "unlabelled": len(who.unlabelled),
        "measured_on": who.measured_on,
    }
