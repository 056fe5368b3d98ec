"""Every method of the catalogue, and the terms of the dual one: who learns from what."""

from __future__ import annotations

import math

import pytest
import torch

from DualSSLSegLib.methods.base import Looks, Step
from DualSSLSegLib.methods.catalogue import CATALOGUE, load_method, options_from
from DualSSLSegLib.methods.losses import IGNORE
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
    bench = Bench("dual", teacher="ema")
    sum(term.value * term.weight for term in bench.terms().values()).backward()
    assert all(p.grad is None for network in bench.teachers.values() for p in network.parameters())


def test_a_change_of_winner_changes_the_teacher():
    for winner, student in ((0, "b"), (1, "a")):
        bench = Bench("dual", teacher="ema", cross="winner", winner_ema=0.999)
        bench.method.dice_average[:] = torch.tensor([0.9, 0.9])
        bench.method.dice_average[winner] = 0.1
        terms = bench.terms()
        assert [name for name in terms if name.startswith("cross")] == [f"cross_{student}"]


def test_the_released_choice_always_lets_the_vnet_teach():
    terms = Bench("dual", teacher="live", cross="vnet_teaches").terms()
    assert [name for name in terms if name.startswith("cross")] == ["cross_a"]


def test_labels_come_first_and_then_the_ramp_rises_to_one():
    method = Bench("dual", teacher="ema", labels_first_share=0.2, ramp_share=0.5).method
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


def test_the_more_scans_are_labelled_the_longer_the_labels_teach_alone():
    method = Bench("dual", labels_first_share=0.5, labels_first_steps=300, labels_first_most=0.8).method
    for labelled, begin in ((1, 0.5), (2, 0.6), (8, 0.8)):
        method.know_scans(labelled, torch.full((CLASSES,), math.nan), crop_part=1.0)
        assert method.unlabelled_from(1000) == begin


def test_one_option_switches_each_term_off():
    weights = ("filtered_weight", "cross_weight", "cosine_weight", "contrast_weight", "rectification_weight")
    bench = Bench("dual", teacher="ema")
    before = {name: term.weight for name, term in bench.terms().items()}
    for name in weights:
        stem = name.removesuffix("_weight")
        own = {key for key in before if key.startswith(stem)}
        assert own and all(before[key] > 0 for key in own), name
        terms = Bench("dual", teacher="ema", **{name: 0.0}).terms()
        assert all(terms[key].weight == 0 for key in own & terms.keys()), name
        assert {key: term.weight for key, term in terms.items() if key not in own} == {
            key: weight for key, weight in before.items() if key not in own
        }


def test_the_guard_drops_pseudo_labels_in_which_a_structure_has_vanished():
    bench = Bench("dual", teacher="ema")
    bench.method.know_scans(1, torch.tensor([0.7, 0.1, 0.1, 0.1]), crop_part=1.0)
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
    free = Bench("dual", teacher="ema", collapse_guard=False)
    free.method.know_scans(1, torch.tensor([0.7, 0.1, 0.1, 0.1]), crop_part=1.0)
    for teacher in free.teachers.values():
        teacher.head.bias.data[0] = 50.0
    assert [free.terms() for _ in range(60)][-1]["filtered_a"].weight > 0


def test_the_guard_lets_a_small_structure_be_that_most_crops_of_a_large_scan_do_not_meet():
    scan = torch.zeros(96, 96, 96, dtype=torch.long)
    scan[40:50, 40:50, 40:46] = 1
    share = float((scan == 1).float().mean())
    method = Bench("dual", num_classes=2).method
    method.know_scans(1, torch.tensor([1 - share, share]), crop_part=24**3 / 96**3)
    starts = torch.randint(96 - 24, (1500, 3), generator=torch.Generator().manual_seed(3)).tolist()
    perfect = [scan[None, x : x + 24, y : y + 24, z : z + 24] for x, y, z in starts]
    assert sum((crop == 1).any() for crop in perfect) < 150
    assert not any(method.guard.collapsed(crop) for crop in perfect)
    empty = torch.zeros(1, 24, 24, 24, dtype=torch.long)
    assert any(method.guard.collapsed(empty) for _ in range(2000))


def own_label_terms(bench: Bench, labels: torch.Tensor):
    return bench.terms(labelled=bench.unlabelled, labels=labels, unlabelled=None, looks=None, own_labels=True)


def test_own_labels_of_whole_scans_come_after_the_labels_and_cost_no_second_crop():
    method = Bench("dual", labels_first_share=0.5, labels_first_steps=0).method
    assert method.own_labels_from(101) == 51
    assert not any(method.wants_unlabelled(step / 100, 100) for step in range(100))
    assert Bench("dual", labels_first_steps=1000, labels_first_most=1.0).method.own_labels_from(900) is None
    for without in (Bench("dual", teacher="ema"), Bench("dual", unlabelled_weight=0.0), Bench("labels_only")):
        assert without.method.own_labels_from(100) is None


def test_on_own_labels_each_term_trains_the_network_it_is_meant_for():
    bench = Bench("dual")
    terms = own_label_terms(bench, bench.labels)
    assert terms.keys() == {name for name in INTENDED if not name.startswith("rectification")}
    for name, term in terms.items():
        assert bench.trained_by(term) == INTENDED[name], name


def test_where_own_labels_are_not_trusted_nothing_is_learnt_from_them():
    bench = Bench("dual")
    nothing = own_label_terms(bench, torch.full_like(bench.labels, IGNORE))
    assert float(nothing["filtered_a"].value.detach()) == pytest.approx(0, abs=1e-5)
    half = bench.labels.clone()
    half[..., 16:] = IGNORE
    other = torch.where(half == IGNORE, half, (half + 1) % CLASSES)
    values = [float(own_label_terms(bench, labels)["filtered_a"].value.detach()) for labels in (half, other)]
    assert values[0] != values[1]


def test_own_labels_are_the_fused_class_and_ignored_where_both_networks_are_unsure():
    p = torch.zeros(2, CLASSES, 2, 2, 25)
    p[:, 1] = 1.0
    p[:, :, 0, 0, :5] = torch.tensor([0.4, 0.2, 0.3, 0.1]).view(1, -1, 1)
    p[1, :, 0, 0, 0] = torch.tensor([0.0, 0.0, 0.0, 1.0])  # one of the networks is sure here
    label = Bench("dual", keep=0.9).method.trusted(p.numpy(), torch.Generator().manual_seed(0))
    assert label[0, 0, :6].tolist() == [3, IGNORE, IGNORE, IGNORE, IGNORE, 1]
    assert int((label == 1).sum()) == 95
    everything = Bench("dual", keep=1.0).method.trusted(p.numpy(), torch.Generator().manual_seed(0))
    assert everything[0, 0, :6].tolist() == [3, 0, 0, 0, 0, 1]


def test_own_labels_from_which_a_structure_has_vanished_are_not_learnt_from():
    scans = torch.tensor([0.7, 0.1, 0.1, 0.1])
    without = torch.tensor([0.8, 0.1, 0.1, 0.001])
    method = Bench("dual").method
    method.know_scans(1, scans, crop_part=1.0)
    assert not method.trusts(without)
    assert method.held_back() == (1.0, {3: 1.0})
    assert method.trusts(scans * torch.tensor([1.1, 0.5, 1.5, 0.8]))
    unguarded = Bench("dual", collapse_guard=False).method
    unguarded.know_scans(1, scans, crop_part=1.0)
    assert unguarded.trusts(without)


def test_the_strong_method_borrows_looks_and_shapes():
    method = Bench("dual_strong").method
    assert method.borrows_looks
    assert [round(method.shape_share(n), 3) for n in (1, 2, 4, 1000)] == [0.8, 0.6, 0.5, 0.4]
    assert Bench("dual_strong", borrowed_shapes=0.0).method.shape_share(1) == 0
