"""Every method of the catalogue, and the terms of the dual one: who learns from what."""

from __future__ import annotations

import math

import pytest
import torch

from DualSSLSegLib.methods.base import Looks, Step
from DualSSLSegLib.methods.catalogue import CATALOGUE, load_method, options_from
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.views.appearance import landmarks

CLASSES = 4
WIDTH = 4
TOTAL = 100_000  # steps of the run that a step belongs to


class Bench:
    """A method with tiny networks and a batch of noise with a structure in it."""

    def __init__(self, method_id: str, num_classes: int = CLASSES, **options: object) -> None:
        torch.manual_seed(0)
        self.method = load_method(method_id)(options_from(method_id, options), num_classes, WIDTH)
        make = {
            "in_channels": 1,
            "num_classes": num_classes,
            "width": WIDTH,
            "norm": "instance",
            "dropout": 0.0,
        }
        self.networks = {role: build(spec.architecture, **make) for role, spec in self.method.roles.items()}
        self.teachers = {role: build(spec.architecture, **make) for role, spec in self.method.roles.items()}
        self.labels = torch.randint(num_classes, (1, 16, 16, 32))
        self.labelled = self.labels[:, None].float() + 0.1 * torch.randn(1, 1, 16, 16, 32)
        self.unlabelled = torch.randn(1, 1, 16, 16, 32)

    def terms(self, progress: float = 0.9, **changes: object):
        values = {
            "iteration": 5,
            "total": TOTAL,
            "progress": progress,
            "labelled": self.labelled,
            "labels": self.labels,
            "unlabelled": self.unlabelled if self.method.wants_unlabelled(progress, TOTAL) else None,
            "looks": self.looks() if self.method.borrows_looks else None,
            "forward": lambda inputs: {role: self.networks[role](x) for role, x in inputs.items()},
            "teacher": self.teach,
            "generator": torch.Generator().manual_seed(1),
        }
        return self.method.terms(Step(**{**values, **changes}))

    def looks(self):
        own, lent = (
            torch.stack([landmarks(image.numpy()) for image in images])
            for images in (self.labelled, self.unlabelled)
        )
        return Looks(own, lent)

    def teach(self, inputs):
        with torch.no_grad():
            return {role: self.teachers[role](x) for role, x in inputs.items()}

    def trained_by(self, term) -> set[str]:
        """The roles whose head or body gets a gradient from this term alone."""
        for network in self.networks.values():
            network.zero_grad()
        term.value.backward(retain_graph=True)
        return {
            role
            for role, network in self.networks.items()
            if any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())
        }


@pytest.mark.parametrize("method_id", CATALOGUE)
class TestEveryMethod:
    def test_reaches_every_network_and_stays_finite(self, method_id):
        bench = Bench(method_id)
        terms = bench.terms()
        assert all(torch.isfinite(term.value) for term in terms.values())
        trained = set().union(*(bench.trained_by(term) for term in terms.values() if term.weight))
        assert trained == set(bench.networks)

    def test_learns_two_classes_as_well_as_many(self, method_id):
        assert all(torch.isfinite(term.value) for term in Bench(method_id, num_classes=2).terms().values())

    def test_a_crop_without_any_structure_is_no_accident(self, method_id):
        bench = Bench(method_id)
        terms = bench.terms(labels=torch.zeros_like(bench.labels))
        total = sum(term.value * term.weight for term in terms.values())
        total.backward()
        assert torch.isfinite(total)

    def test_huge_logits_stay_finite(self, method_id):
        bench = Bench(method_id)
        for network in (*bench.networks.values(), *bench.teachers.values()):
            network.head.weight.data *= 1e4
        terms = bench.terms()
        sum(term.value * term.weight for term in terms.values()).backward()
        for name, term in terms.items():
            assert torch.isfinite(term.value), name
        for network in bench.networks.values():
            assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())


INTENDED = {
    "filtered_a": {"a"},
    "filtered_b": {"b"},
    "cross_a": {"a"},
    "cross_b": {"b"},
    "cosine": {"a", "b"},
    "contrast_a": {"a"},
    "contrast_b": {"b"},
    "rectification_a": {"a"},
    "rectification_b": {"b"},
}


@pytest.mark.parametrize("teacher", ["live", "ema"])
def test_each_term_trains_exactly_the_network_it_is_meant_for(teacher):
    bench = Bench("dual", keep=0.3, keep_final=0.3, teacher=teacher, rectification_confidence=0.0)
    terms = bench.terms()
    for name, roles in INTENDED.items():
        assert bench.trained_by(terms[name]) == roles, name
        assert terms[name].value > 0, name


def test_nothing_teaches_the_teacher():
    bench = Bench("dual")
    sum(term.value * term.weight for term in bench.terms().values()).backward()
    assert all(p.grad is None for network in bench.teachers.values() for p in network.parameters())


def test_a_change_of_winner_changes_the_teacher():
    for winner, student in ((0, "b"), (1, "a")):
        bench = Bench("dual", cross="winner", winner_ema=0.999)
        bench.method.dice_average[:] = torch.tensor([0.9, 0.9])
        bench.method.dice_average[winner] = 0.1
        terms = bench.terms()
        assert [name for name in terms if name.startswith("cross")] == [f"cross_{student}"]


def test_the_released_choice_always_lets_the_vnet_teach():
    assert [n for n in Bench("dual", cross="vnet_teaches").terms() if n.startswith("cross")] == ["cross_a"]


def test_labels_come_first_and_then_the_ramp_rises_to_one():
    method = Bench("dual", labels_first_share=0.2, ramp_share=0.5).method
    assert not method.wants_unlabelled(0.19, TOTAL)
    assert method.wants_unlabelled(0.2, TOTAL)
    heights = [method.ramp(p, TOTAL) for p in (0.2, 0.4, 0.6, 0.7, 1.0)]
    assert heights == sorted(heights)
    assert heights[0] == pytest.approx(math.exp(-5))
    assert heights[-2:] == [1.0, 1.0]
    assert Bench("dual", ramp="none").method.ramp(0.0, TOTAL) == 1.0


def test_a_short_run_gives_the_labels_a_larger_share_than_a_long_one():
    method = Bench("dual", labels_first_share=0.5, labels_first_steps=1000, labels_first_most=0.8).method
    assert [method.unlabelled_from(total) for total in (100, 1600, 50_000)] == [0.8, 0.625, 0.5]
    method.earlier_steps = 960  # a later round: most was learnt from labels before
    assert [method.unlabelled_from(total) for total in (50, 100)] == [0.8, 0.5]


def test_one_option_switches_each_term_off():
    weights = ("filtered_weight", "cross_weight", "cosine_weight", "contrast_weight", "rectification_weight")
    for name in weights:
        terms = Bench("dual", **{name: 0.0}).terms()
        stem = name.removesuffix("_weight")
        assert all(term.weight == 0 for key, term in terms.items() if key.startswith(stem)), name


def test_the_guard_drops_pseudo_labels_in_which_a_structure_has_vanished():
    bench = Bench("dual")
    bench.method.know_scans(torch.tensor([0.7, 0.1, 0.1, 0.1]), crop_part=1.0)
    for teacher in bench.teachers.values():
        teacher.head.bias.data[0] = 50.0  # everything is background
    guarded = [bench.terms() for _ in range(60)][-1]
    assert bench.method.report()["collapse_guard"] == 1.0
    held = bench.method.held_back()
    assert set(held.classes) == {1, 2, 3} and held.share == max(held.classes.values()) == 2 / 60
    resumed = Bench("dual").method
    resumed.load_state_dict(bench.method.state_dict())
    assert resumed.held_back() == held
    assert all(guarded[name].weight == 0 for name in ("filtered_a", "cross_a", "cosine"))
    free = Bench("dual", collapse_guard=False)
    free.method.know_scans(torch.tensor([0.7, 0.1, 0.1, 0.1]), crop_part=1.0)
    for teacher in free.teachers.values():
        teacher.head.bias.data[0] = 50.0
    assert [free.terms() for _ in range(60)][-1]["filtered_a"].weight > 0


def test_the_guard_lets_a_small_structure_be_that_most_crops_of_a_large_scan_do_not_meet():
    scan = torch.zeros(96, 96, 96, dtype=torch.long)
    scan[40:50, 40:50, 40:46] = 1
    share = float((scan == 1).float().mean())
    method = Bench("dual", num_classes=2).method
    method.know_scans(torch.tensor([1 - share, share]), crop_part=24**3 / 96**3)
    starts = torch.randint(96 - 24, (1500, 3), generator=torch.Generator().manual_seed(3)).tolist()
    perfect = [scan[None, x : x + 24, y : y + 24, z : z + 24] for x, y, z in starts]
    assert sum((crop == 1).any() for crop in perfect) < 150
    assert not any(method.guard.collapsed(crop) for crop in perfect)
    empty = torch.zeros(1, 24, 24, 24, dtype=torch.long)
    assert any(method.guard.collapsed(empty) for _ in range(2000))


def test_the_strong_method_learns_from_labels_alone_in_a_short_run_and_from_both_in_a_long_one():
    method = Bench("dual_strong", labels_first_steps=1000, labels_first_share=0.5).method
    assert not any(method.wants_unlabelled(step / 700, 700) for step in range(700))
    assert [method.wants_unlabelled(progress, 4000) for progress in (0.4, 0.6)] == [False, True]
    assert method.borrows_looks
    assert [round(method.shape_share(n), 3) for n in (1, 2, 4, 1000)] == [0.8, 0.6, 0.5, 0.4]
    assert Bench("dual_strong", borrowed_shapes=0.0).method.shape_share(1) == 0
