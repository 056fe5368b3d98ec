"""The top of the page: what was done in a paragraph, the main numbers, and what must be known to read them."""

from __future__ import annotations

from collections.abc import Sequence

from DualSSLSegLib.loop.usage import HELD_BACK
from DualSSLSegLib.report.history import SEEN, TAUGHT, TrainedRound
from DualSSLSegLib.report.model import Accuracy, Headline
from DualSSLSegLib.report.scoring import RISK_NAME, Evaluation, interval, mean_dice
from DualSSLSegLib.report.words import count, duration, memory, signed, were


def summary(newest: TrainedRound, scans: int) -> str:
    """What was done with so many scans, in one paragraph."""
    labelled = len(newest.with_role("labelled"))
    beyond = newest.as_images or newest.with_role(SEEN)
    source = "them and from the unlabelled scans" if beyond else "labelled scans alone"
    learners = "One network" if newest.alone else "Two networks"
    return (
        f"{labelled} of {count(scans, 'scan')} are labelled. {learners} learned from {source}; every "
        "other scan has a prediction, a map of where it is uncertain, and a place in the queue."
    )


def headlines(
    rounds: Sequence[TrainedRound],
    groups: Sequence[Accuracy],
    evaluation: Evaluation | None,
    total_seconds: float | None = None,
) -> list[Headline]:
    """The numbers at the top. `total_seconds` is the time from nothing to the page, where it is known."""
    newest = rounds[-1]
    tiles = []
    if groups:
        values = mean_dice(groups[0])
        shown = " → ".join(
            "–" if value is None else f"{value:.3f}" for value in dict.fromkeys((values[0], values[-1]))
        )
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
    spent = sum(item.seconds for item in rounds) if total_seconds is None else total_seconds
    most = max((item.memory_mb for item in rounds if item.memory_mb is not None), default=None)
    label = "training and prediction" if total_seconds is None else "from nothing to this page"
    tiles.append(Headline(duration(spent), label, f"{device_of(newest)}, {memory(most)} of memory"))
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


def statements(newest: TrainedRound, evaluation: Evaluation | None) -> list[str]:
    """What has to be known to read the numbers: what was trained on, calibrated, measured."""
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
        why = str((newest.calibration or {}).get("explanation", "")).removeprefix("Not calibrated: ")
        said.append(
            f"Uncertainty is not calibrated (T = 1){f': {why}' if why else '.'} It orders voxels, it is no probability."
        )
    if evaluation is None:
        said.append("There are no reference labels, so nothing here says how accurate the predictions are.")
    return said


def _trained_on(newest: TrainedRound) -> str:
    """How scans without a label were used; "" when there were none."""
    images, kept = len(newest.as_images), len(newest.with_role(*HELD_BACK))
    if newest.transductive and kept:
        return "The images of all scans, those kept for validation and test as well, were used without their labels."
    if images and kept:
        return f"{were(images, 'scan')} trained on without a label, {kept} kept out of training."
    if kept:
        return f"Only labelled scans were trained on, {were(kept, 'scan')} kept out of training."
    if images > 1:
        return f"All {images} unlabelled scans were trained on without their labels (transductive)."
    return "The unlabelled scan was trained on without its label (transductive)." if images else ""


def device_of(item: TrainedRound) -> str:
    """The device of a round with its name, where that is known: "cuda (NVIDIA H200)"."""
    named = [event for event in item.events if event.get("type") == "device"]
    device = item.state.device or "cpu"
    return f"{device} ({named[-1]['name']})" if named and named[-1].get("name") else device
