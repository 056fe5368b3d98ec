"""Loss terms on tensors, for K classes, in 32-bit floats. Symbols follow the papers named at each function."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-5
IGNORE = -1  # label of a voxel that no loss looks at
_KL_LIMIT = 10.0


def one_hot(labels: Tensor, num_classes: int) -> Tensor:
    """(B, X, Y, Z) of class indices -> (B, K, X, Y, Z) float; a voxel with IGNORE is all zero."""
    classes = torch.arange(num_classes, device=labels.device).view(1, -1, 1, 1, 1)
    return (labels[:, None] == classes).float()


def hard_labels(scores: Tensor) -> Tensor:
    """argmax over the class axis of (B, K, X, Y, Z). For few classes much faster than argmax on a CPU."""
    best, where = scores[:, 0], torch.zeros_like(scores[:, 0], dtype=torch.long)
    for value in range(1, scores.shape[1]):
        better = scores[:, value] > best
        best = torch.where(better, scores[:, value], best)
        where = where.masked_fill(better, value)
    return where


def dice_per_class(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Soft Dice loss (K,) pooled over the batch: 1 - (2 sum p y + e) / (sum p^2 + sum y^2 + e).

    Milletari et al. 2016 (arXiv 1606.04797), section 3, per class.
    """
    target = one_hot(labels, probabilities.shape[1])
    probabilities = probabilities * (labels[:, None] != IGNORE)
    axes = (0, 2, 3, 4)
    overlap = (probabilities * target).sum(axes)
    total = (probabilities**2).sum(axes) + target.sum(axes)
    return 1 - (2 * overlap + EPSILON) / (total + EPSILON)


def dice_loss(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Mean soft Dice loss over the foreground classes."""
    return dice_per_class(probabilities, labels)[1:].mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over the voxels that are not IGNORE; an exact 0 with a graph when there are none."""
    total = F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="sum")
    return total / (labels != IGNORE).sum().clamp_min(1)


def confident_class(probabilities: Tensor, confidence: float) -> Tensor:
    """(B, X, Y, Z): the foreground class a network is at least `confidence` sure of, 0 elsewhere."""
    where = hard_labels(probabilities)
    return where.masked_fill(probabilities.amax(1) < confidence, 0)


def disagreement(p_a: Tensor, p_b: Tensor, confidence: float) -> Tensor:
    """Voxels (B, X, Y, Z) where exactly one network confidently says a foreground class.

    K-class form of MCF's mistake mask (Wang et al., CVPR 2023), with the confidence threshold of arXiv 2311.12617:
    the OR over foreground classes of (A says c) XOR (B says c). Carries no gradient.
    """
    with torch.no_grad():
        return confident_class(p_a, confidence) != confident_class(p_b, confidence)


def rectification(probabilities: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Squared error inside the disagreement mask: sum_v M 0.5 sum_c (p_c - y_c)^2 / (sum_v M + e).

    For K = 2 this is the form of MCF (Wang et al., CVPR 2023).
    """
    error = 0.5 * ((probabilities - one_hot(labels, probabilities.shape[1])) ** 2).sum(1)
    weight = mask.float()
    return (error * weight).sum() / (weight.sum() + EPSILON)


def entropy(logits: Tensor) -> Tensor:
    """Voxel entropy (B, X, Y, Z) in nats, through log-softmax so that large logits stay finite."""
    log_p = F.log_softmax(logits, 1)
    return -(log_p.exp() * log_p).sum(1)


def kl_divergence(teacher_log_p: Tensor, student_log_p: Tensor) -> Tensor:
    """KL(teacher || student) per voxel (B, X, Y, Z), clamped to 0..10; the teacher carries no gradient."""
    teacher_log_p = teacher_log_p.detach()
    kl = (teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(1)
    return kl.clamp(0, _KL_LIMIT)


def cross_supervision(
    teacher_logits: Tensor,
    student_logits: Tensor,
    *,
    soft: bool,
    temperature: float = 1.0,
    detach_weight: bool = True,
) -> Tensor:
    """KL-weighted cross pseudo-supervision: mean exp(-KL) CE(student, teacher) + mean KL (RCPS, arXiv 2301.05500).

    Targets are the teacher's label, or its probabilities sharpened by `temperature`.
    """
    teacher_logits = teacher_logits.detach()
    log_s = F.log_softmax(student_logits, 1)
    kl = kl_divergence(F.log_softmax(teacher_logits, 1), log_s)
    if soft:
        target = F.softmax(teacher_logits / temperature, 1)
        voxel_loss = -(target * log_s).sum(1)
    else:
        voxel_loss = F.nll_loss(log_s, hard_labels(teacher_logits), reduction="none")
    weight = torch.exp(-kl)
    if detach_weight:
        weight = weight.detach()
    return (weight * voxel_loss).mean() + kl.mean()


def cosine_consistency(p_a: Tensor, p_b: Tensor) -> Tensor:
    """Mean over voxels of 1 - cos(p_A, p_B), in 0..1, gradient to both networks (RCPS)."""
    lengths = (p_a * p_a).sum(1) * (p_b * p_b).sum(1)  # at least 1 / K^2
    return (1 - (p_a * p_b).sum(1) * torch.rsqrt(lengths)).mean()
