"""What a training would work with and how long it would take, said before it is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.requests import DEFAULT_MINUTES
from DualSSLSegLib.loop.run_words import time_words
from DualSSLSegLib.study.model import TRAINING_ORIGINS
from DualSSLSegLib.study.status import CaseStatus, StudyStatus

_GIB = 1 << 30


class ProbeLike(Protocol):
    """What is known of the interpreter and the machine that would do the work."""

    @property
    def ok(self) -> bool: ...
    @property
    def missing(self) -> tuple[str, ...]: ...
    @property
    def cuda(self) -> str: ...
    @property
    def gpu_memory_bytes(self) -> int | None: ...
    @property
    def free_memory_bytes(self) -> int | None: ...
    @property
    def cores(self) -> int: ...
    @property
    def problem(self) -> str: ...


@dataclass(frozen=True)
class Expectation:
    """`labels`: the cases whose labels will train; `problem`: why it cannot start, "" when it can."""

    device: str
    memory: str
    time: str
    labels: tuple[str, ...]
    problem: str


def expectation(
    controller: Controller,
    probe: ProbeLike | None,
    *,
    minutes: float | None = None,
    device: str = "auto",
    use_accepted: bool = False,
    status: StudyStatus | None = None,
) -> Expectation:
    """What a training would be like now. Slow, because it looks at the study (unless `status` is given) and at earlier
    runs: for the background. `probe` is None as long as the machine has not been asked."""
    status = controller.status() if status is None else status
    runs = controller.runs.all()
    labels = tuple(case.id for case in status.cases if _trains(case, use_accepted))
    others = sum(case.state != "failed" for case in status.cases) - len(labels)
    on_gpu = probe is not None and bool(probe.cuda) and device != "cpu"
    problem = _machine_problem(probe, device)
    if not labels:
        problem = "Label and submit one case first."
    busy = controller.runs.active()
    if busy is not None:
        problem = "A run is at work; wait until it is done, or stop it."
    return Expectation(
        device=_device_words(probe, on_gpu),
        memory=_memory_words(probe, on_gpu, newest_peak_mb(controller, runs)),
        time=_time_words(
            DEFAULT_MINUTES if minutes is None else minutes, _trained(runs), others, seconds_per_scan(runs)
        ),
        labels=labels,
        problem=problem,
    )


def _trains(case: CaseStatus, use_accepted: bool) -> bool:
    if case.split != "train" or case.state == "failed" or case.origin is None:
        return False
    return case.origin in TRAINING_ORIGINS or (use_accepted and case.origin == "accepted")


def _machine_problem(probe: ProbeLike | None, device: str) -> str:
    if probe is None:
        return ""
    if not probe.ok:
        missing = (
            f"{', '.join(probe.missing)} is not installed; see Set-up." if probe.missing else "See Set-up."
        )
        return probe.problem or missing
    if device == "cuda" and not probe.cuda:
        return "This computer has no graphics card that can be used; choose the processor."
    return ""


def _device_words(probe: ProbeLike | None, on_gpu: bool) -> str:
    if probe is None:
        return "not checked yet"
    if on_gpu:
        return f"graphics card ({probe.cuda})"
    return f"processor, {probe.cores} cores"


def _memory_words(probe: ProbeLike | None, on_gpu: bool, peak_mb: float | None) -> str:
    words = []
    if probe is not None:
        size = probe.gpu_memory_bytes if on_gpu else probe.free_memory_bytes
        if size:
            words.append(f"{size / _GIB:.1f} GB {'on the graphics card' if on_gpu else 'free'}")
    if peak_mb:
        words.append(f"the last training took {peak_mb / 1024:.1f} GB")
    return "; ".join(words) or "not known yet"


def _trained(runs: Sequence[RunFolder]) -> bool:
    """Whether there was a round before: the next one finds its scans read and prepared."""
    return any(run.model_path.is_file() for run in runs)


def _time_words(minutes: float, trained: bool, others: int, seconds_each: float | None) -> str:
    training = f"about {time_words(minutes * 60)} of training, reading "
    training += "new scans included" if trained else "the scans included (longer when that takes over half)"
    if not others:
        return training
    scans = f"{others} other scan" + "s" * (others > 1)
    if seconds_each is None:
        return f"{training}, then {scans} to predict (how long that takes shows the first time)"
    return f"{training}, then about {time_words(seconds_each * others)} to predict {scans}"


def seconds_per_scan(runs: Sequence[RunFolder]) -> float | None:
    """How long the newest run that predicted took for one scan; None when none has."""
    for run in reversed(runs):
        begun = last = None
        count = 0
        try:
            events = EventReader(run.events_path).read()
        except (DualSSLSegError, OSError):
            continue
        for event in events:
            kind, at = event.get("type"), event.get("t")
            if kind == "phase" and event.get("name") == "predict":
                begun, count = at, 0
            elif kind == "predicted" and begun is not None:
                last, count = at, count + 1
        if isinstance(begun, int | float) and isinstance(last, int | float) and count and last > begun:
            return (last - begun) / count
    return None


def newest_peak_mb(controller: Controller, runs: Sequence[RunFolder]) -> float | None:
    """The memory that the newest training needed, in MB; None when it did not say."""
    for run in reversed(runs):
        try:
            if run.spec().get("kind") != "train":
                continue
            state: RunState = controller.runs.state(run)
        except DualSSLSegError:
            continue
        if state.memory_mb:
            return state.memory_mb
    return None
