"""What the page says about a training is what the training did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.report.history import TrainedRound, as_round, trained_rounds
from DualSSLSegLib.report.model import Accuracy, Spread, StructureScore
from DualSSLSegLib.report.opening import headlines, statements, summary
from DualSSLSegLib.report.scoring import Evaluation, accuracy
from DualSSLSegLib.uncertainty.calibration import fit_temperature

ALL_USED = "used without their labels"


def trained(
    folder: Path, roles: dict[str, str], *, events: Sequence[dict[str, Any]] = (), **spec: Any
) -> TrainedRound:
    rows = [{"id": case, "role": role} for case, role in roles.items()]
    run = RunFolder.create(folder, {"kind": "train", "method": "dual", **spec}, {"cases": rows})
    lines = [json.dumps({"v": 1, "seq": number, **event}) + "\n" for number, event in enumerate(events, 1)]
    run.events_path.write_text("".join(lines))
    write_json(run.scores_path, {"suggestions": []})
    (item,) = trained_rounds([run])
    return item


def told(item: TrainedRound) -> str:
    """All that is said about what was trained on."""
    tiles = [f"{tile.label}: {tile.detail}" for tile in headlines([item], (), None)]
    return "\n".join([summary(item, len(item.cases)), *statements(item, None), *tiles])


@pytest.mark.parametrize("transductive", [False, True])
def test_the_baseline_is_not_said_to_have_learned_from_unlabelled_scans(tmp_path, transductive):
    roles = {"a": "labelled", "b": "unlabelled", "c": "accepted"}
    item = trained(tmp_path, roles, method="labels_only", transductive=transductive)
    said = told(item)
    assert "Two networks learned from labelled scans alone;" in said
    assert "Only labelled scans were trained on, 2 scans were kept out of training." in said
    for word in ("from the unlabelled", "transductive", "images", "without"):
        assert word not in said
    assert ("Scans", "1 labelled, 0 unlabelled, 2 kept out of training") in as_round(item).facts


def test_one_network_alone_is_not_called_two(tmp_path):
    one = trained(tmp_path, {"a": "labelled"}, method="labels_only", options={"networks": "vnet"})
    assert "One network learned from labelled scans alone;" in summary(one, 1)


def test_the_baseline_has_its_scores_among_those_of_unseen_scans(tmp_path):
    item = trained(tmp_path, {"a": "labelled", "b": "unlabelled"}, method="labels_only", transductive=True)
    row = {"dice": 0.5, "hd95_mm": None, "asd_mm": None, "state": "present"}
    content = {
        "cases": {"b": {"structures": {"x": row}, "risk": 0.1}},
        "structures": [{"name": "x", "value": 1}],
    }
    (group,) = accuracy([item], {item.run.id: Evaluation(content, {})})
    assert group.group == "1 scan kept out of training"
    assert group.explanation == "The networks learned from neither their images nor their labels."


def test_the_baseline_that_goes_on_from_another_method_says_what_that_one_had_seen(tmp_path):
    roles = {"a": "labelled", "b": "unlabelled"}
    item = trained(tmp_path, roles, method="labels_only", seen_by_parent={"b": "unlabelled"})
    assert "learned from them and from the unlabelled scans" in told(item)
    assert "1 scan kept out of the newest round had trained an earlier one" in told(item)


@pytest.mark.parametrize(
    "others, transductive, sentence",
    [
        ({}, False, ""),
        ({"b": "unlabelled"}, False, "The unlabelled scan was trained on without its label (transductive)."),
        (
            {"b": "unlabelled", "c": "accepted"},
            False,
            "All 2 unlabelled scans were trained on without their labels (transductive).",
        ),
        (
            {"b": "unlabelled", "c": "predict"},
            False,
            "1 scan was trained on without a label, 1 kept out of training.",
        ),
        ({"c": "predict"}, False, "Only labelled scans were trained on, 1 scan was kept out of training."),
        ({"c": "validation"}, True, ALL_USED),
    ],
)
def test_only_what_took_part_in_a_training_is_counted(tmp_path, others, transductive, sentence):
    said = told(trained(tmp_path, {"a": "labelled", **others}, transductive=transductive))
    assert sentence in said
    assert ("trained on" in said or ALL_USED in said) == bool(sentence)
    assert " 0 " not in said


@pytest.mark.parametrize(
    "labelled, why", [(7, "7 labelled cases are too few"), (12, "no usable labelled case was kept out")]
)
def test_an_uncalibrated_uncertainty_says_why(tmp_path, labelled, why):
    event = {"t": 1.0, "type": "calibrated", **fit_temperature([], [], labelled_cases=labelled).to_dict()}
    roles = {f"l{number}": "labelled" for number in range(labelled)}
    said = told(trained(tmp_path, roles, events=[event]))
    assert f"Uncertainty is not calibrated (T = 1): {why}" in said
    assert "needs 8" not in said
    assert "Uncertainty is not calibrated (T = 1). It orders" in told(trained(tmp_path, roles))


def test_an_overlap_that_is_not_defined_is_no_overlap_of_nothing(tmp_path):
    def score(*dice: float | None) -> tuple[StructureScore]:
        none = Spread.of([])
        return (StructureScore("x", Spread.of(dice), none, none, 0, 0, ()),)

    item = trained(tmp_path, {"a": "labelled"})
    nothing = Accuracy("1 scan", "", (("Round 1", score(None)),))
    assert headlines([item], [nothing], None)[0].value == "–"
    later = Accuracy("1 scan", "", (*nothing.rounds, ("Round 2", score(0.5, None))))
    assert headlines([item], [later], None)[0].value == "– → 0.500"
