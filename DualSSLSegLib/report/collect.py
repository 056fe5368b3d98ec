"""A study becomes a report: everything is read from its files, nothing is computed anew but the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.predictions import predicted_cases, prediction_in, scan_replaced
from DualSSLSegLib.report.cards import MOST, Picturing, Progress, choose, thumbnails
from DualSSLSegLib.report.case_picture import View
from DualSSLSegLib.report.history import TrainedRound, as_round, trained_rounds
from DualSSLSegLib.report.model import QueueEntry, Report
from DualSSLSegLib.report.opening import device_of, headlines, statements, summary
from DualSSLSegLib.report.reliability import reliability
from DualSSLSegLib.report.scoring import accuracy, newest_evaluations, uncertainty_check
from DualSSLSegLib.report.words import count

_QUEUE_SHOWN = 6
_WARNINGS_SHOWN = 20
_REPLACED_NAMED = 10


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
    replaced = [case for case in predictions if scan_replaced(controller.study, newest.run, case)]
    for case in replaced:
        del predictions[case]
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
        summary=summary(newest, len(status.cases)),
        headlines=tuple(headlines(rounds, groups, evaluation, occasion.total_seconds)),
        statements=tuple(statements(newest, evaluation)),
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
        warnings=tuple([*_replaced_words(replaced), *problems, *_warnings(newest)][:_WARNINGS_SHOWN]),
    )


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
        ("Device", device_of(newest)),
        ("Versions", versions),
        ("Study", str(study.path)),
        ("Predictions", str(study.layout.original)),
        ("Uncertainty maps", str(newest.run.predictions)),
        ("Model", str(newest.run.model_path)),
    ]
    return tuple((name, value) for name, value in facts if value)


def _replaced_words(cases: Sequence[str]) -> list[str]:
    if not cases:
        return []
    more = len(cases) - _REPLACED_NAMED
    names = ", ".join(cases[:_REPLACED_NAMED]) + (f" and {more} more" if more > 0 else "")
    return [
        f"The newest training predicted other scans under these names, so they are not shown: {names}. Train again to "
        "see them here."
    ]


def _warnings(newest: TrainedRound) -> list[str]:
    return list(dict.fromkeys(text for _, text in newest.state.warnings))
