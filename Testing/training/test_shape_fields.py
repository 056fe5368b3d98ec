"""Before a training: labelled scans are paired with unlabelled ones, and crops follow the shapes that were found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.tiny_training import Listener, tiny_case, tiny_task

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.networks.side_by_side import one_after_the_other, side_by_side
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.sampling import Stream
from DualSSLSegLib.training.shape_fields import shape_fields
from DualSSLSegLib.training.trainer import Trainer
from DualSSLSegLib.views.spatial import SpatialStrength

CPU = torch.device("cpu")
LABELLED = [tiny_case(name, True) for name in ("l1", "l2")]
UNLABELLED = [tiny_case(f"u{number}", False) for number in range(5)]


@pytest.fixture
def fields_of(tmp_path):
    def found(
        unlabelled=UNLABELLED, pairs=6, seed=0, each=one_after_the_other, report=None, wanted=lambda: "run"
    ):
        task = tiny_task(tmp_path, labelled=LABELLED, unlabelled=unlabelled, seed=seed)
        return shape_fields(task, pairs, each, report or Listener(), wanted)

    return found


@pytest.mark.parametrize("pairs, of_each", [(6, 3), (7, 3), (1, 1), (1000, 5)])
def test_every_labelled_scan_gets_its_share_of_the_pairs_and_at_least_one(fields_of, pairs, of_each):
    assert {case: len(fields) for case, fields in fields_of(pairs=pairs).items()} == {
        "l1": of_each,
        "l2": of_each,
    }


def test_without_unlabelled_scans_there_is_nothing_to_do_or_to_say(fields_of):
    listener = Listener()
    assert fields_of(unlabelled=[], report=listener) == {}
    assert listener.events == []


def test_the_fields_depend_on_the_seed_and_not_on_what_runs_at_once(fields_of):
    first, other = fields_of(), fields_of(seed=1)
    with side_by_side(4, CPU) as each:
        again = fields_of(each=each)
    assert all(torch.equal(first[case], again[case]) for case in first)
    assert not torch.equal(first["l1"], other["l1"])


def test_progress_is_told_and_a_stop_is_heard(fields_of):
    listener = Listener()
    fields_of(pairs=10, report=listener)
    assert listener.events[0] == {"type": "phase", "name": "shapes", "total": 10}
    assert [event["step"] for event in listener.of("progress")] == [8, 10]
    with pytest.raises(Stopped, match="shapes"):
        fields_of(wanted=lambda: "stop")


def test_a_pause_is_obeyed_between_pairs_and_said(fields_of):
    wishes = iter(["run", "pause", "pause", "run"])
    listener = Listener()
    fields_of(pairs=10, report=listener, wanted=lambda: next(wishes))
    assert [event["name"] for event in listener.of("phase")] == ["shapes", "paused", "shapes"]
    assert next(wishes, None) is None


def test_a_training_compares_shapes_first_and_only_with_a_method_that_borrows_them(tmp_path):
    for method_id, first in (("dual_strong", "shapes"), ("labels_only", "train")):
        listener = Listener()
        Trainer(tiny_task(tmp_path / method_id, method_id), listener).run()
        assert listener.of("phase")[0]["name"] == first


def bent_stream(case: TrainingCase, fields: dict[str, torch.Tensor]) -> Stream:
    return Stream(
        [case],
        per_step=4,
        patch_size=(16, 16, 16),
        seed=0,
        foreground_share=0.5,
        strength=SpatialStrength(rotation_deg=20, deformation=0.0),
        device=CPU,
        fields=fields,
        bent_share=1.0,
    )


def test_image_and_label_of_a_crop_follow_a_shape_together():
    label = np.zeros((20, 20, 20), np.uint8)
    label[6:12, 5:13, 7:11] = 1
    case = TrainingCase("a", label[None].astype(np.float32), (1, 1, 1), label)
    smooth = torch.nn.functional.interpolate(
        torch.randn(3, 3, 2, 2, 2) * 0.1, size=(6, 6, 6), mode="trilinear"
    )
    plain, bent = (bent_stream(case, fields).draw(0) for fields in ({}, {"a": smooth}))
    assert not torch.equal(plain.labels, bent.labels)
    assert ((bent.images[:, 0] > 0.5) == (bent.labels == 1)).float().mean() > 0.985
    again = bent_stream(case, {"a": smooth}).draw(0)
    assert torch.equal(bent.images, again.images)


def test_a_resumed_training_that_has_taken_all_its_steps_compares_nothing_again(tmp_path):
    task = tiny_task(tmp_path, "dual_strong")
    Trainer(task, Listener()).run()
    again = Listener()
    Trainer(task, again).run()
    assert "shapes" not in [event["name"] for event in again.of("phase")]
