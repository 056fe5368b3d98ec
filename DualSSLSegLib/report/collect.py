"""A study becomes a report: everything is read from its files, nothing is computed anew but the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.predictions import predicted_cases, prediction_in
from DualSSLSegLib.report.cards import MOST, Picturing, Progress, choose, thumbnails
from DualSSLSegLib.report.case_picture import View
from DualSSLSegLib.report.history import KEPT_OUT, SEEN, TAUGHT, TrainedRound, as_round, trained_rounds
from DualSSLSegLib.report.model import Accuracy, Headline, QueueEntry, Report
from DualSSLSegLib.report.reliability import reliability
from DualSSLSegLib.report.scoring import (
    RISK_NAME,
    Evaluation,
    accuracy,
    interval,
    mean_dice,
    newest_evaluations,
    uncertainty_check,
)
from DualSSLSegLib.report.words import count, duration, memory, signed, were

_QUEUE_SHOWN = 6
_WARNINGS_SHOWN = 20


@dataclass(frozen=True)
class Occasion:
    """What a report is written for and cannot know from the study: where the data came from, command, total time."""

    data: str = ""
    generated: bool = False
    title: str = ""
    command: str = ""
    total_seconds: float | None = None


def collect(controller: Controller, occasion: Occasion, progress: Progress | None = None) -> Report:
    """The report of a study. Raises BadInput when nothing was trained in it yet."""
    runs = controller.runs.all()
    rounds = trained_rounds(runs)
    if not rounds:
        raise BadInput(
            "there is nothing to report yet: no training has predicted anything.",
            hint=f"Train first: dualsslseg train {controller.study.path}",
            path=controller.study.path,
        )
    newest = rounds[-1]
    evaluations = newest_evaluations(runs)
    evaluation = evaluations.get(newest.run.id)
    groups = accuracy(rounds, evaluations)
    suggestions = {item.run.id: read_json(item.run.scores_path)["suggestions"] for item in rounds}
    reasons = {row["case"]: row["reason"] for row in suggestions[newest.run.id]}
    found = {case: prediction_in(newest.run, case) for case in sorted(predicted_cases(newest.run))}
    cases = controller.study.cases()
    predictions = {case: item for case, item in found.items() if item is not None and case in cases}
    risks = {event["case"]: event["risk"] for event in newest.events if event.get("type") == "predicted"}
    large, small = choose(predictions, risks, evaluation)
    picturing = Picturing(controller.study, newest, predictions, evaluation, reasons)
    cards, gallery, problems = picturing.cards(large, small, progress)
    left_out = len(predictions) - len(large) - len(small)
    queue = controller.next_cases(_QUEUE_SHOWN)
    status = controller.status()
    return Report(
        data=occasion.data
        or f"Data: {count(len(status.cases), 'scan')} of the study {controller.study.path}.",
        generated=occasion.generated,
        title=occasion.title or f"{controller.study.path.name}: {count(len(rounds), 'round')} of annotation",
        summary=_summary(newest, len(status.cases)),
        headlines=tuple(_headlines(rounds, groups, evaluation, occasion)),
        statements=tuple(_statements(newest, evaluation)),
        queue=_queue(queue.cases if queue else (), thumbnails((*cards, *gallery))),
        shadow=f"A random choice among scans that show a structure would have been: {', '.join(queue.shadow)}."
        if queue and queue.shadow
        else "",
        cards=cards,
        gallery=gallery,
        gallery_note=f"{left_out} more are not shown; a report shows {MOST} at most." if left_out else "",
        accuracy=groups,
        uncertainty=uncertainty_check(newest, evaluation) if evaluation else None,
        reliability=reliability(newest),
        rounds=tuple(
            as_round(item, _newly_labelled(item, before, suggestions))
            for before, item in _with_previous(rounds)
        ),
        facts=_facts(controller, newest, occasion),
        warnings=tuple([*problems, *_warnings(newest)][:_WARNINGS_SHOWN]),
    )


def _summary(newest: TrainedRound, scans: int) -> str:
    labelled = len(newest.with_role("labelled"))
    beyond = newest.as_images or newest.with_role(SEEN)
    source = "them and from the unlabelled scans" if beyond else "labelled scans alone"
    return (
        f"{labelled} of {count(scans, 'scan')} are labelled. Two networks learned from {source}; every "
        "other scan has a prediction, a map of where it is uncertain, and a place in the queue."
    )


def _headlines(
    rounds: Sequence[TrainedRound],
    groups: Sequence[Accuracy],
    evaluation: Evaluation | None,
    occasion: Occasion,
) -> list[Headline]:
    newest = rounds[-1]
    tiles = []
    if groups:
        values = mean_dice(groups[0])
        shown = " → ".join(f"{value:.3f}" for value in dict.fromkeys((values[0], values[-1])))
        names = [name.lower() for name, _ in groups[0].rounds]
        detail = f"{names[0]} → {names[-1]}" if len(names) > 1 else names[0]
        tiles.append(Headline(shown, f"mean Dice, {groups[0].group}", detail))
    labelled = [len(item.with_role("labelled")) for item in rounds]
    detail = f"{labelled[0]} in the first round" if len(labelled) > 1 else _others(newest)
    tiles.append(Headline(f"{labelled[-1]} of {len(newest.cases)}", "scans labelled", detail))
    if evaluation is not None:
        tiles += _honesty(evaluation)
    else:
        predicted = newest.state.result.get("predicted", newest.state.predicted)
        tiles.append(
            Headline(str(predicted), "scans predicted", "no reference labels, so no accuracy is claimed")
        )
    seconds = occasion.total_seconds
    spent = sum(item.seconds for item in rounds) if seconds is None else seconds
    most = max((item.memory_mb for item in rounds if item.memory_mb is not None), default=None)
    label = "training and prediction" if seconds is None else "from nothing to this page"
    tiles.append(Headline(duration(spent), label, f"{_device(newest)}, {memory(most)} of memory"))
    return tiles


def _others(newest: TrainedRound) -> str:
    """How the scans without a label took part in the training; "" when none did."""
    images = len(newest.as_images)
    if not images:
        return ""
    everyone = images + len(newest.with_role("labelled")) == len(newest.cases)
    return f"{'all others' if everyone else count(images, 'other')} only as images"


def _honesty(evaluation: Evaluation) -> list[Headline]:
    tiles = []
    detection, capture = evaluation.content["failure_detection"], evaluation.content["capture"]
    if detection and detection["pearson"]["coefficient"] is not None:
        found = detection["pearson"]
        detail = interval(found["interval"]).strip(" ()")
        tiles.append(
            Headline(f"r = {signed(found['coefficient'])}", f"{RISK_NAME} against true Dice", detail)
        )
    if capture and capture["pooled"] is not None:
        value = f"{100 * capture['pooled']:.0f} %"
        tiles.append(Headline(value, "of the wrong voxels", "are in the most uncertain quarter of the rim"))
    return tiles


def _statements(newest: TrainedRound, evaluation: Evaluation | None) -> list[str]:
    said = [sentence for sentence in (_trained_on(newest),) if sentence]
    seen = newest.with_role(SEEN, TAUGHT)
    if seen:
        said.append(
            f"{count(len(seen), 'scan')} kept out of the newest round had trained an earlier one that it went on "
            f"from, so their scores are not those of unseen scans: {', '.join(seen[:8])}."
        )
    if newest.state.result.get("calibrated"):
        temperature = newest.state.result.get("temperature", 1.0)
        said.append(f"Uncertainty is calibrated on the validation scans (temperature {temperature:.2f}).")
    else:
        said.append(
            "Uncertainty is uncalibrated (T = 1): that needs 8 labelled scans. It orders voxels, it is no probability."
        )
    if evaluation is None:
        said.append("There are no reference labels, so nothing here says how accurate the predictions are.")
    return said


def _trained_on(newest: TrainedRound) -> str:
    """How scans without a label were used; "" when there were none."""
    images, kept = len(newest.as_images), len(newest.with_role(*KEPT_OUT))
    if newest.transductive and kept:
        return "The images of all scans, those kept for validation and test as well, were used without their labels."
    if images and kept:
        return f"{were(images, 'scan')} trained on without a label, {kept} kept out of training."
    if kept:
        return f"Only labelled scans were trained on, {were(kept, 'scan')} kept out of training."
    if images > 1:
        return f"All {images} unlabelled scans were trained on without their labels (transductive)."
    return "The unlabelled scan was trained on without its label (transductive)." if images else ""


def _queue(entries: Sequence, views: Mapping[str, View]) -> tuple[QueueEntry, ...]:
    return tuple(
        QueueEntry(entry.rank, entry.case, entry.values.get("risk"), entry.reason, views.get(entry.case))
        for entry in entries
    )


def _with_previous(rounds: Sequence[TrainedRound]) -> list[tuple[TrainedRound | None, TrainedRound]]:
    return list(zip([None, *rounds[:-1]], rounds, strict=True))


def _newly_labelled(
    item: TrainedRound, before: TrainedRound | None, suggestions: Mapping[str, Sequence[Mapping]]
) -> list[str]:
    """One sentence per case labelled since the round before, with the place and reason of its suggestion."""
    if before is None:
        return []
    sentences = []
    places = {row["case"]: (place, row) for place, row in enumerate(suggestions[before.run.id], 1)}
    for case in item.with_role("labelled"):
        if before.cases.get(case) == "labelled":
            continue
        if case in places:
            place, row = places[case]
            sentences.append(
                f"Newly labelled: {case}, suggestion {place} of {before.name.lower()}. {row['reason']}"
            )
        else:
            sentences.append(f"Newly labelled: {case}.")
    return sentences


def _facts(controller: Controller, newest: TrainedRound, occasion: Occasion) -> tuple[tuple[str, str], ...]:
    versions = ", ".join(f"{name} {version}" for name, version in newest.state.versions.items())
    study = controller.study
    facts = [
        ("Command", occasion.command),
        ("Device", _device(newest)),
        ("Versions", versions),
        ("Study", str(study.path)),
        ("Predictions", str(study.layout.original)),
        ("Uncertainty maps", str(newest.run.predictions)),
        ("Model", str(newest.run.model_path)),
    ]
    return tuple((name, value) for name, value in facts if value)


def _device(item: TrainedRound) -> str:
    named = [event for event in item.events if event.get("type") == "device"]
    device = item.state.device or "cpu"
    return f"{device} ({named[-1]['name']})" if named and named[-1].get("name") else device


def _warnings(newest: TrainedRound) -> list[str]:
    return list(dict.fromkeys(text for _, text in newest.state.warnings))
