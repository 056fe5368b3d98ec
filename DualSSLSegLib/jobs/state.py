"""The state of a run as a pure function of its events: `state = reduce(state, event)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from DualSSLSegLib.jobs.event_fields import numbers, usable

LOST_AFTER_S = 60.0
PAUSED = "paused"  # the name of the phase that stands for a pause
ACTIVE = ("waiting", "running", "paused")
_LEARNING_RATE = "learning_rate"
_CURVE_POINTS = 600
_WARNINGS_KEPT = 200


@dataclass(frozen=True)
class RunState:
    """What a reader knows of a run. `status` is waiting (no event yet), running, paused, finished, stopped,
    failed or lost; `step` of `total` and `eta_s` belong to the current `phase`, and so does `part` (0..1) of the
    `case` that is being worked on; curves hold one entry per
    point."""

    status: str = "waiting"
    attempt: int = 0
    seq: int = 0
    pid: int | None = None
    host: str | None = None
    device: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    inputs_digest: str | None = None
    started_at: float | None = None
    last_at: float | None = None
    phase: str | None = None
    step: int = 0
    total: int | None = None
    eta_s: float | None = None
    case: str | None = None
    part: float = 0.0
    terms: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)
    lr: float | None = None
    curve: tuple[tuple[int, float], ...] = ()
    validated: tuple[Mapping[str, Any], ...] = ()
    checkpoint: str | None = None
    checkpoint_step: int | None = None
    predicted: int = 0
    last_predicted: str | None = None
    warnings: tuple[tuple[str, str], ...] = ()
    warning_count: int = 0
    memory_mb: float | None = None
    error_code: str | None = None
    error_text: str | None = None
    error_hint: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    def to_dict(self) -> dict[str, Any]:
        """The state as JSON-able values."""
        return asdict(self)


def reduce(state: RunState, event: Mapping[str, Any]) -> RunState:
    """The state after `event`. Events already seen (by `seq`) change nothing; unknown types and fields are
    ignored, and so are known fields with a content they cannot have."""
    event = usable(event)
    seq = event.get("seq")
    if seq is not None:
        if seq <= state.seq:
            return state
        state = replace(state, seq=seq, last_at=event.get("t", state.last_at))
    handler = _HANDLERS.get(str(event.get("type")))
    return state if handler is None else handler(state, event)


def _started(state: RunState, event: Mapping[str, Any]) -> RunState:
    return replace(
        state,
        status="running",
        attempt=event.get("attempt", state.attempt + 1),
        pid=event.get("pid"),
        host=event.get("host"),
        device=event.get("device"),
        versions=event.get("versions") or {},
        inputs_digest=event.get("inputs"),
        started_at=event.get("t"),
        phase=None,
        step=0,
        total=None,
        eta_s=None,
        case=None,
        part=0.0,
        error_code=None,
        error_text=None,
        error_hint=None,
        result={},
    )


def _device(state: RunState, event: Mapping[str, Any]) -> RunState:
    return replace(
        state,
        device=event.get("device", state.device),
        versions={**state.versions, **(event.get("versions") or {})},
    )


def _phase(state: RunState, event: Mapping[str, Any]) -> RunState:
    name = event.get("name")
    if name == PAUSED:
        return replace(state, status=PAUSED, eta_s=None)
    if name == state.phase:  # back from a pause
        return replace(state, status="running", total=event.get("total", state.total))
    return replace(
        state, status="running", phase=name, step=0, total=event.get("total"), eta_s=None, case=None, part=0.0
    )


def _progress(state: RunState, event: Mapping[str, Any]) -> RunState:
    step = event.get("step", state.step)
    curve, validated = state.curve, state.validated
    if state.phase == "train":
        if step < state.step or not state.step:  # resumed from a checkpoint: what came after it is done again
            curve = tuple(point for point in curve if point[0] < step)
            validated = tuple(row for row in validated if row.get("step", 0) < step)
        loss = _loss(event)
        if loss is not None:
            curve = _thinned((*curve, (step, loss)))
    return replace(
        state,
        status="running",
        step=step,
        total=event.get("total", state.total),
        eta_s=event.get("eta_s"),
        case=event.get("case"),
        part=event.get("part", 0.0),
        terms=event.get("terms") or {},
        weights=event.get("weights") or {},
        lr=event.get("lr", (event.get("terms") or {}).get(_LEARNING_RATE)),
        curve=curve,
        validated=validated,
    )


def _loss(event: Mapping[str, Any]) -> float | None:
    """The loss of a training step: the total when the trainer tells it, else the sum of its terms."""
    terms = numbers(event.get("terms") or {})
    total = event.get("loss", terms.get("total"))
    if total is not None:
        return total
    values = [value for name, value in terms.items() if name != _LEARNING_RATE]
    return float(sum(values)) if values else None


def _thinned(points: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
    return points if len(points) <= _CURVE_POINTS else (*points[:-1:2], points[-1])


def _validated(state: RunState, event: Mapping[str, Any]) -> RunState:
    row = {name: value for name, value in event.items() if name not in ("v", "seq", "type")}
    step = row.get("step", 0)
    earlier = tuple(known for known in state.validated if known.get("step", 0) < step)
    return replace(state, validated=(*earlier, row))


def _checkpoint(state: RunState, event: Mapping[str, Any]) -> RunState:
    return replace(state, checkpoint=event.get("path"), checkpoint_step=event.get("step"))


def _predicted(state: RunState, event: Mapping[str, Any]) -> RunState:
    return replace(state, predicted=state.predicted + 1, last_predicted=event.get("case"))


def _warning(state: RunState, event: Mapping[str, Any]) -> RunState:
    entry = (str(event.get("code", "")), str(event.get("text", "")))
    kept = (*state.warnings, entry)[-_WARNINGS_KEPT:]
    return replace(state, warnings=kept, warning_count=state.warning_count + 1)


def _heartbeat(state: RunState, event: Mapping[str, Any]) -> RunState:
    return replace(state, memory_mb=event.get("memory_mb", state.memory_mb))


def _last_word(state: RunState, event: Mapping[str, Any]) -> RunState:
    known = ("v", "seq", "t", "type", "code", "text", "hint")
    return replace(
        state,
        status=event["type"],
        eta_s=None,
        memory_mb=event.get("memory_mb", state.memory_mb),
        error_code=event.get("code"),
        error_text=event.get("text"),
        error_hint=event.get("hint"),
        result={name: value for name, value in event.items() if name not in known},
    )


_HANDLERS = {
    "started": _started,
    "device": _device,
    "phase": _phase,
    "progress": _progress,
    "validated": _validated,
    "checkpoint": _checkpoint,
    "predicted": _predicted,
    "warning": _warning,
    "heartbeat": _heartbeat,
    "finished": _last_word,
    "stopped": _last_word,
    "failed": _last_word,
}


def liveness(
    state: RunState,
    last_growth: float,
    now: float,
    *,
    process_gone: bool = False,
    lost_after_s: float = LOST_AFTER_S,
) -> RunState:
    """`state` with status `lost` when there was no last word and the journal has not grown for
    `lost_after_s`.

    `last_growth` and `now` are seconds on the reader's own clock. `process_gone` says that the reader knows
    the worker to be dead (its pid on this machine is gone), which needs no waiting.
    """
    if state.active and (process_gone or now - last_growth >= lost_after_s):
        return replace(state, status="lost", eta_s=None)
    return state
