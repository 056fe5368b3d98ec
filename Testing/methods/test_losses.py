"""The loss formulas: the papers' numbers for two classes, any number of classes, no surprises at the edges."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from DualSSLSegLib.methods import losses
from DualSSLSegLib.methods.prototypes import PrototypeMemory, prototype_contrast
from DualSSLSegLib.methods.pseudo_labels import certain, fuse, masked, reliable

SHAPE = (2, 4, 4, 4)


def logits_of(num_classes: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((SHAPE[0], num_classes, *SHAPE[1:]), generator=generator) * scale


def labels_of(num_classes: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(num_classes, SHAPE, generator=torch.Generator().manual_seed(seed))


def test_two_classes_give_the_binary_dice_of_the_paper():
    p, y = logits_of(2).softmax(1), labels_of(2)
    foreground, target = p[:, 1], (y == 1).float()
    e = losses.EPSILON
    expected = 1 - (2 * (foreground * target).sum() + e) / ((foreground**2).sum() + (target**2).sum() + e)
    torch.testing.assert_close(losses.dice_loss(p, y), expected, atol=1e-6, rtol=0)


def test_two_classes_give_the_binary_rectification_of_the_paper():
    p_a, p_b, y = logits_of(2, 0, 3).softmax(1), logits_of(2, 5, 3).softmax(1), labels_of(2)
    a = (p_a.argmax(1) == 1) & (p_a.amax(1) >= 0.6)
    b = (p_b.argmax(1) == 1) & (p_b.amax(1) >= 0.6)
    mask = losses.disagreement(p_a, p_b, 0.6)
    assert torch.equal(mask, a ^ b)
    expected = ((a ^ b) * (p_a[:, 1] - y.float()) ** 2).sum() / ((a ^ b).sum() + losses.EPSILON)
    torch.testing.assert_close(losses.rectification(p_a, y, mask), expected, atol=1e-6, rtol=0)


def test_disagreement_of_many_classes_is_the_or_of_the_binary_ones():
    p_a, p_b = logits_of(4, 0, 3).softmax(1), logits_of(4, 5, 3).softmax(1)
    expected = torch.zeros(SHAPE, dtype=torch.bool)
    for value in (1, 2, 3):
        says = [(p.argmax(1) == value) & (p.amax(1) >= 0.6) for p in (p_a, p_b)]
        expected |= says[0] ^ says[1]
    assert torch.equal(losses.disagreement(p_a, p_b, 0.6), expected)


def test_a_perfect_prediction_costs_nothing():
    y = labels_of(3)
    p = losses.one_hot(y, 3)
    assert losses.dice_loss(p, y) == pytest.approx(0, abs=1e-6)
    assert losses.rectification(p, y, torch.ones(SHAPE, dtype=torch.bool)) == 0
    assert losses.cosine_consistency(p, p) == pytest.approx(0, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(0, 1000))
def test_hard_labels_are_the_argmax(num_classes, seed):
    scores = logits_of(num_classes, seed)
    assert torch.equal(losses.hard_labels(scores), scores.argmax(1))


def test_ignored_voxels_count_nowhere():
    logits, y = logits_of(3), labels_of(3)
    other = logits.clone()
    other[:, :, 0] += 100.0
    cut = y.clone()
    cut[:, 0] = losses.IGNORE
    assert losses.cross_entropy(logits, cut) == losses.cross_entropy(other, cut)
    torch.testing.assert_close(
        losses.dice_per_class(logits.softmax(1), cut), losses.dice_per_class(other.softmax(1), cut)
    )


def test_cross_supervision_is_the_formula_and_teaches_the_student_alone():
    teacher, student = logits_of(3, 0).requires_grad_(), logits_of(3, 1).requires_grad_()
    value = losses.cross_supervision(teacher, student, soft=False)
    log_t, log_s = teacher.log_softmax(1), student.log_softmax(1)
    kl = (log_t.exp() * (log_t - log_s)).sum(1)
    ce = F.cross_entropy(student, teacher.argmax(1), reduction="none")
    torch.testing.assert_close(value, (torch.exp(-kl) * ce).mean() + kl.mean())
    value.backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad.abs().sum() > 0


def test_an_attached_weight_changes_the_gradient_and_not_the_value():
    found = []
    for detach in (True, False):
        student = logits_of(3, 1).requires_grad_()
        value = losses.cross_supervision(logits_of(3, 0), student, soft=False, detach_weight=detach)
        value.backward()
        found.append((value.detach(), student.grad))
    torch.testing.assert_close(found[0][0], found[1][0])
    assert not torch.allclose(found[0][1], found[1][1])


@pytest.mark.parametrize("scale", [0.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_constant_and_huge_logits_stay_finite(scale, dtype):
    a = (logits_of(4, 0, scale).to(dtype).float()).requires_grad_()
    b = (logits_of(4, 1, scale).to(dtype).float()).requires_grad_()
    y = torch.zeros(SHAPE, dtype=torch.long)  # all background
    p_a, p_b = a.softmax(1), b.softmax(1)
    total = (
        losses.dice_loss(p_a, y)
        + losses.cross_entropy(a, torch.full(SHAPE, losses.IGNORE))
        + losses.rectification(p_a, y, losses.disagreement(p_a, p_b, 0.6))
        + losses.cross_supervision(b, a, soft=True, temperature=0.5)
        + losses.cosine_consistency(p_a, p_b)
        + losses.entropy(a).mean()
    )
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(a.grad).all()
    assert torch.isfinite(b.grad).all()


@pytest.mark.parametrize("per_class", [True, False])
@pytest.mark.parametrize("keep", [0.2, 0.8])
def test_the_split_keeps_the_share_it_was_asked_for(keep, per_class):
    generator = torch.Generator().manual_seed(0)
    classes = (torch.rand((1, 40, 40, 40), generator=generator) < 0.1).long()
    h = torch.rand((1, 40, 40, 40), generator=generator) + classes  # foreground is the uncertain class
    kept = certain(h, classes, 2, keep, per_class, generator)
    assert kept.float().mean() == pytest.approx(keep, abs=0.01)
    if per_class:
        for value in (0, 1):
            assert kept[classes == value].float().mean() == pytest.approx(keep, abs=0.01)


def test_fusing_never_invents_a_class():
    one, two = torch.zeros(1, 4, 1, 1, 1), torch.zeros(1, 4, 1, 1, 1)
    one[:, 1], two[:, 2] = 5, 4  # class 1 and class 2: a bitwise OR would say 3
    p = [x.softmax(1) for x in (one, two)]
    h = [losses.entropy(x) for x in (one, two)]
    for how in ("confident", "mean", "union_foreground"):
        assert fuse(*p, *h, how).item() == 1
    background = torch.zeros(1, 4, 1, 1, 1)
    background[:, 0] = 9
    assert fuse(background.softmax(1), p[1], losses.entropy(background), h[1], "confident").item() == 0
    assert fuse(background.softmax(1), p[1], losses.entropy(background), h[1], "union_foreground").item() == 2


def test_a_voxel_is_unreliable_only_when_both_networks_are_unsure():
    generator = torch.Generator().manual_seed(0)
    h_a, h_b = torch.tensor([0.0, 0.0, 1.0, 1.0]), torch.tensor([0.0, 1.0, 0.0, 1.0])
    shape = (1, 4, 1, 1)
    mask = reliable(h_a.view(shape), h_b.view(shape), torch.zeros(shape).long(), 1, 0.5, False, generator)
    assert mask.flatten().tolist() == [True, True, True, False]
    assert masked(torch.ones(shape).long(), mask).flatten().tolist() == [1, 1, 1, losses.IGNORE]


class TestPrototypeContrast:
    def setup_method(self):
        self.generator = torch.Generator().manual_seed(0)
        self.memory = PrototypeMemory(3, 6)
        self.labels = labels_of(3)
        self.labels[:, 0] = losses.IGNORE
        self.predicted = labels_of(3, 9)

    def contrast(self, features, form="hinge"):
        return prototype_contrast(
            features, self.predicted, self.labels, self.memory, form=form, generator=self.generator
        )

    @pytest.mark.parametrize("form", ["hinge", "infonce", "added"])
    def test_it_trains_the_features(self, form):
        features = logits_of(6).requires_grad_()
        value = self.contrast(features, form)
        value.backward()
        assert torch.isfinite(value)
        assert features.grad.abs().sum() > 0

    def test_the_hinge_pushes_prototypes_apart_and_the_released_form_together(self):
        def distance(form):
            self.labels[self.labels == losses.IGNORE] = 0  # no candidates: separation alone is left
            features = logits_of(6).requires_grad_()
            for _ in range(30):
                self.contrast(features, form).backward()
                with torch.no_grad():
                    features -= 5.0 * features.grad
                features.grad = None
            rows = features.detach().movedim(1, -1)
            centres = [F.normalize(F.normalize(rows[self.labels == c], dim=1).mean(0), dim=0) for c in (1, 2)]
            return float((centres[0] - centres[1]).norm())

        start = logits_of(6).movedim(1, -1)
        centres = [F.normalize(F.normalize(start[self.labels == c], dim=1).mean(0), dim=0) for c in (1, 2)]
        before = float((centres[0] - centres[1]).norm())
        assert distance("added") < before < distance("hinge")

    def test_nothing_reliable_gives_an_exact_zero_with_a_graph(self):
        self.labels[:] = losses.IGNORE
        features = logits_of(6).requires_grad_()
        value = self.contrast(features)
        value.backward()
        assert value == 0
        assert torch.equal(features.grad, torch.zeros_like(features))

    def test_the_memory_stands_in_for_a_class_with_too_few_voxels(self):
        self.memory.update(logits_of(6), labels_of(3), self.generator)
        self.labels[self.labels == 2] = losses.IGNORE
        features = logits_of(6).requires_grad_()
        rows = features.movedim(1, -1).reshape(-1, 6)
        assert set(self.memory.prototypes(rows, self.labels, self.generator)) == {0, 1, 2}
