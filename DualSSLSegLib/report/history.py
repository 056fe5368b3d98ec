"""What the journals of a study's runs say: rounds of training, their curves, time and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState, reduce
from DualSSLSegLib.loop.usage import HELD_BACK, WITHOUT_LABEL, learns_without_label
from DualSSLSegLib.methods.catalogue import CATALOGUE
from DualSSLSegLib.report.charts import Series
from DualSSLSegLib.report.model import Curves, Round
from DualSSLSegLib.report.words import count, duration, memory

_NO_LOSS = ("learning_rate",)
_MOST_LINES = 8
SEEN, TAUGHT = "seen", "taught"
"""Instead of the role of a case that is held back from this round, when an earlier one that it went on from has
trained on its image, or on its label."""


@dataclass(frozen=True)
class TrainedRound:
    """A training run that left predictions: its place in the study, its state, events and cases by role."""

    number: int
    run: RunFolder
    state: RunState
    events: Sequence[Mapping[str, Any]]
    spec: Mapping[str, Any]
    cases: Mapping[str, str]  # case -> role in what was learnt, or SEEN / TAUGHT

    @property
    def name(self) -> str:
        return f"Round {self.number}"

    def with_role(self, *roles: str) -> list[str]:
        """The cases that had one of these roles."""
        return [case for case, role in self.cases.items() if role in roles]

    @property
    def transductive(self) -> bool:
        """Whether the images of cases that were kept out trained all the same."""
        return bool(self.spec.get("transductive")) and learns_without_label(self.spec)

    @property
    def alone(self) -> bool:
        """Whether a single network was trained, to see what the other brings."""
        return (self.spec.get("options") or {}).get("networks", "both") != "both"

    @property
    def as_images(self) -> list[str]:
        """The cases that trained without a label."""
        return self.with_role(*WITHOUT_LABEL, *(HELD_BACK if self.transductive else ()))

    @property
    def calibration(self) -> Mapping[str, Any] | None:
        """The newest `calibrated` event; None when it did not come to that."""
        return next((one for one in reversed(self.events) if one.get("type") == "calibrated"), None)

    @property
    def seconds(self) -> float:
        """Time at work over all attempts: from every `started` to the last event before the next."""
        total, began, last = 0.0, None, None
        for event in self.events:
            if event.get("type") == "started":
                total += 0.0 if began is None or last is None else last - began
                began = event.get("t")
            last = event.get("t", last)
        return total + (0.0 if began is None or last is None else last - began)

    @property
    def memory_mb(self) -> float | None:
        """The most memory any attempt has held."""
        seen = [event["memory_mb"] for event in self.events if event.get("memory_mb") is not None]
        return max(seen, default=None)


def trained_rounds(runs: Sequence[RunFolder]) -> list[TrainedRound]:
    """The trainings of a study that predicted something, oldest first."""
    found: list[TrainedRound] = []
    for run in runs:
        spec = run.spec()
        if spec["kind"] != "train" or not run.scores_path.is_file():
            continue
        events = EventReader(run.events_path).read()
        state = RunState()
        for event in events:
            state = reduce(state, event)
        cases = {row["id"]: row["role"] for row in run.inputs()["cases"]}
        if not learns_without_label(spec):
            # the baseline is given the unlabelled scans, and leaves them alone
            cases = {case: "predict" if role in WITHOUT_LABEL else role for case, role in cases.items()}
        for case, use in (spec.get("seen_by_parent") or {}).items():
            cases[case] = TAUGHT if use == "labelled" else SEEN
        found.append(TrainedRound(len(found) + 1, run, state, events, spec, cases))
    return found


def as_round(item: TrainedRound, notes: Sequence[str] = ()) -> Round:
    """A round as the report shows it."""
    labelled, unlabelled = item.with_role("labelled"), item.with_role(*WITHOUT_LABEL)
    kept = item.with_role(*HELD_BACK)
    earlier = item.with_role(SEEN, TAUGHT)
    entry = CATALOGUE.get(str(item.spec.get("method")))
    steps = item.state.result.get("steps")
    start = "the round before" if item.spec.get("parent") else "random weights"
    facts = [
        ("Method", entry.title if entry else str(item.spec.get("method"))),
        (
            "Scans",
            f"{len(labelled)} labelled, {len(unlabelled)} unlabelled, {len(kept)} kept out of training"
            + (f", {len(earlier)} kept out of this round only" if earlier else ""),
        ),
        (
            "Training",
            f"{count(steps, 'step')} from {start}, seed {item.spec.get('seed', 0)}" if steps else "",
        ),
        ("Time and memory", f"{duration(item.seconds)} in all, at most {memory(item.memory_mb)}"),
        ("Run", item.run.id),
    ]
    curves = [*_loss_curves(item), *_measured_curves(item)]
    all_notes = list(notes)
    measures = {event.get("measure") for event in item.events}
    if "agreement" in measures and "dice" not in measures:
        all_notes.append(
            "No labelled scan was held back for validation, so the curve shows how far the two networks agree on "
            "unlabelled scans. It is no measure of accuracy."
        )
    return Round(
        item.name, tuple((name, value) for name, value in facts if value), tuple(curves), tuple(all_notes)
    )


def _training_points(item: TrainedRound) -> list[Mapping[str, Any]]:
    """Progress of the training phase. What a resumed attempt did again counts once, as it was done last."""
    points: list[Mapping[str, Any]] = []
    phase = None
    for event in item.events:
        if event.get("type") == "phase" and event.get("name") != "paused":
            phase = event.get("name")
        elif event.get("type") == "progress" and phase == "train" and event.get("terms"):
            while points and points[-1]["step"] >= event["step"]:
                points.pop()
            points.append(event)
    return points


def _loss_curves(item: TrainedRound) -> list[Curves]:
    """Losses on labelled and on unlabelled scans; both networks' values of a term are averaged into one line."""
    points = _training_points(item)
    names: dict[str, None] = {}
    for point in points:
        names.update(dict.fromkeys(_term(name) for name in point["terms"] if name not in _NO_LOSS))
    series = []
    for name in names:
        values = [
            _mean([value for key, value in point["terms"].items() if _term(key) == name]) for point in points
        ]
        series.append(Series(name.replace("_", " "), [point["step"] for point in points], values))
    if not series:
        return []
    return [Curves("Loss terms, mean over the networks, unweighted", "loss", tuple(series[:_MOST_LINES]))]


def _measured_curves(item: TrainedRound) -> list[Curves]:
    """Dice on validation scans when there were any, else the agreement of the networks."""
    points: dict[int, Mapping[str, Any]] = {}
    for event in item.events:
        if event.get("type") == "validated":
            points = {step: point for step, point in points.items() if step < event["step"]}
            points[event["step"]] = event
    curves = []
    for measure, title, label in (
        ("dice", "Dice on validation scans", "Dice"),
        ("agreement", "Agreement of the two networks on scans without label", "Dice between the networks"),
    ):
        measured = {step: point[measure] for step, point in points.items() if point.get(measure)}
        structures = dict.fromkeys(name for row in measured.values() for name in row)
        series = tuple(
            Series(name, list(measured), [row.get(name) for row in measured.values()]) for name in structures
        )
        if series:
            curves.append(Curves(title, label, series))
    return curves[:1] if curves and curves[0].y_label == "Dice" else curves


def _term(name: str) -> str:
    """A term without the network it belongs to."""
    return name.removesuffix("_a").removesuffix("_b")


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
