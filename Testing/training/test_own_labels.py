"""Scans that the networks label for themselves: which ones, when, and that nothing of it is lost or learnt wrongly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from support.tiny_training import PLAN, Listener, tiny_case, tiny_task, weights_after

from DualSSLSegLib.errors import BadInput, OutOfMemory, Stopped
from DualSSLSegLib.methods.catalogue import options_from
from DualSSLSegLib.methods.dual import Dual
from DualSSLSegLib.methods.losses import IGNORE
from DualSSLSegLib.training import own_labels
from DualSSLSegLib.training.beginning import make_method
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.own_labels import kept_labels, labelled_by_networks, scans_to_label
from DualSSLSegLib.training.trainer import Trainer

TERMS = ("filtered", "cross", "cosine", "contrast", "rectification")


def dual(folder, **options):
    """Networks of a few steps find next to nothing, which the guard against collapse would take amiss."""
    changes = {
        "labels_first_steps": 0,
        "rectification_confidence": 0.0,
        "keep": 0.8,
        "collapse_guard": False,
        "own_labels_time": 0.5,
        **options,
    }
    return tiny_task(folder, options=options_from("dual", changes))


def test_a_training_says_when_the_networks_label_scans_and_keeps_their_labels(tmp_path):
    listener = Listener()
    trainer = Trainer(dual(tmp_path), listener)
    trainer.run()
    assert [event["name"] for event in listener.of("phase")] == ["train", "own_labels", "train"]
    begin = next(i for i, e in enumerate(listener.events) if e.get("name") == "own_labels")
    assert [e["step"] for e in listener.events[begin:] if e["type"] == "progress"][:2] == [1, 2]
    kept = kept_labels(trainer.task)
    assert kept.keys() == {"u1", "u2"}
    for label in kept.values():
        assert label.dtype == torch.int8 and label.shape == (18, 20, 16)
        assert set(label.unique().tolist()) <= {IGNORE, 0, 1, 2}


@pytest.mark.parametrize("method_id", ["labels_only", "dual"])
def test_without_unlabelled_scans_or_terms_on_them_nothing_is_labelled(tmp_path, method_id):
    listener = Listener()
    options = options_from(method_id, {"unlabelled_weight": 0.0} if method_id == "dual" else {})
    Trainer(tiny_task(tmp_path / "off", method_id, options=options), listener).run()
    Trainer(tiny_task(tmp_path / "none", "dual", unlabelled=[]), listener).run()
    assert {event["name"] for event in listener.of("phase")} == {"train"}


@pytest.mark.parametrize("term", TERMS)
def test_a_term_that_is_switched_off_changes_the_weights(tmp_path, term):
    whole = weights_after(dual(tmp_path / "whole"))
    without = weights_after(dual(tmp_path / "without", **{f"{term}_weight": 0.0}))
    assert any(not np.array_equal(whole[name], without[name]) for name in whole)


def test_a_stop_while_scans_are_labelled_keeps_the_steps_and_the_rest_is_as_if_never_stopped(tmp_path):
    expected = weights_after(dual(tmp_path / "straight"))
    listener = Listener()

    def wanted():
        return "stop" if listener.events[-1].get("name") == "own_labels" else "run"

    task = dual(tmp_path / "broken")
    trainer = Trainer(task, listener, wanted)
    with pytest.raises(Stopped, match="labelled scans"):
        trainer.run()
    assert torch.load(trainer.checkpoint_path, weights_only=True)["step"] == 4
    resumed = weights_after(task)
    assert all(np.array_equal(expected[name], resumed[name]) for name in expected)


def test_a_pause_while_scans_are_labelled_is_obeyed_and_said(tmp_path):
    listener = Listener()
    paused = 0

    def wanted():
        nonlocal paused
        paused += listener.events[-1].get("name") in ("own_labels", "paused")
        return "pause" if 0 < paused < 4 else "run"

    Trainer(dual(tmp_path), listener, wanted).run()
    names = [event["name"] for event in listener.of("phase")]
    assert names == ["train", "own_labels", "paused", "own_labels", "train"]


def test_a_scan_too_large_for_the_memory_is_left_out_and_named(tmp_path, monkeypatch):
    whole = own_labels.predict

    def short(image, networks, **options):
        if np.array_equal(image, tiny_case("u1", False).image):
            raise OutOfMemory("too large.")
        return whole(image, networks, **options)

    monkeypatch.setattr(own_labels, "predict", short)
    listener = Listener()
    trainer = Trainer(dual(tmp_path), listener)
    trainer.run()
    assert trainer.own_labels.keys() == {"u2"}
    [warning] = [e for e in listener.of("warning") if e["code"] == "out_of_memory"]
    assert "u1" in warning["text"]


def test_labels_from_which_a_structure_has_vanished_are_dropped_and_the_training_says_so(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(
        Dual, "trusted", lambda self, p, generator: torch.zeros(p.shape[2:], dtype=torch.long)
    )
    listener = Listener()
    trainer = Trainer(dual(tmp_path, collapse_guard=True), listener)
    trainer.run()
    assert trainer.own_labels == {}
    [warning] = [e for e in listener.of("warning") if e["code"] == "collapse_guard"]
    assert "head" in warning["text"] and "tail" in warning["text"]
    assert listener.of("progress")[-1]["step"] == 8


def test_as_many_scans_are_labelled_as_the_time_allows_in_an_order_of_the_seed(tmp_path):
    many = [tiny_case(f"u{number}", False) for number in range(40)]

    def chosen(total, seed=0, crops=1):
        plan = dataclasses.replace(PLAN, labelled_per_step=crops)
        task = tiny_task(tmp_path, unlabelled=many, seed=seed, options=options_from("dual", {}))
        return [case.id for case in scans_to_label(task, plan, make_method(task, plan), total)]

    windows = 4  # of 16 x 16 x 16 voxels, half overlapping, in 18 x 20 x 16
    assert chosen(1) == []
    assert len(chosen(200)) == int(0.06 * 200 * 8 / windows)
    assert len(chosen(200, crops=2)) == len(chosen(100_000)) == 40
    assert chosen(200) == chosen(200) != chosen(200, seed=1)
    assert chosen(100) == chosen(200)[:12]


def test_a_crop_centres_on_structures_and_never_on_what_is_not_trusted(tmp_path):
    label = torch.full((18, 20, 16), IGNORE, dtype=torch.int8)
    label[:9] = 0
    label[4, 5, 6] = 2
    task = tiny_task(tmp_path)
    [case] = labelled_by_networks(task, {"u2": label})
    assert (case.id, set(case.foreground)) == ("u2", {2})
    assert case.foreground[2].tolist() == [[4, 5, 6]]


def test_a_training_resumes_when_a_scan_is_gone_or_replaced_since(tmp_path):
    task = dual(tmp_path)
    trainer = Trainer(task, Listener(), lambda: "stop" if trainer.step == 6 else "run")
    with pytest.raises(Stopped):
        trainer.run()
    other = TrainingCase("u1", np.zeros((1, 16, 16, 16), np.float32), (1.0, 1.0, 1.0))
    resumed = Trainer(dataclasses.replace(task, unlabelled=[other]), Listener())
    resumed.run()
    assert resumed.own_labels.keys() == {"u1", "u2"}
    assert labelled_by_networks(resumed.task, resumed.own_labels) == []
    assert resumed.step == 8


def test_lost_labels_of_the_networks_are_named(tmp_path):
    task = dual(tmp_path)
    trainer = Trainer(task, Listener(), lambda: "stop" if trainer.step == 6 else "run")
    with pytest.raises(Stopped):
        trainer.run()
    (tmp_path / "own_labels.pt").write_bytes(b"torn")
    with pytest.raises(BadInput, match="cannot be read") as error:
        Trainer(task, Listener()).run()
    assert error.value.path == str(tmp_path / "own_labels.pt")


def test_a_training_too_short_for_a_single_scan_learns_from_labels_and_says_so(tmp_path):
    listener = Listener()
    trainer = Trainer(dual(tmp_path, own_labels_time=0.01), listener)
    trainer.run()
    assert trainer.own_labels == {} and trainer.step == 8
    [warning] = [e for e in listener.of("warning") if e["code"] == "no_time_to_label"]
    assert "1 % of so short a training" in warning["text"]
    assert not any(name.startswith("filtered") for name in listener.of("progress")[-1]["terms"])


@pytest.mark.parametrize("nothing", ["own_labels_share", "own_labels_time"])
def test_no_share_or_no_time_is_no_labelling(tmp_path, nothing):
    listener = Listener()
    Trainer(dual(tmp_path, **{nothing: 0.0}), listener).run()
    assert {event["name"] for event in listener.of("phase")} == {"train"}


def test_a_kill_while_scans_are_labelled_loses_no_step(tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(own_labels, "predict", killed)
    trainer = Trainer(dual(tmp_path), Listener())
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert torch.load(trainer.checkpoint_path, weights_only=True)["step"] == 4
