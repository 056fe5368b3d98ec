"""What a training begins with: its method, its networks and the crops that they will see."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from DualSSLSegLib.methods.base import Method
from DualSSLSegLib.methods.catalogue import entry_of, load_method
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.lanes import Lanes
from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.model_file import Model, adopt
from DualSSLSegLib.training.own_labels import labelled_by_networks
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.training.sampling import Stream, Streams
from DualSSLSegLib.training.task import TrainingTask
from DualSSLSegLib.training.validation import LearningCurve

_CURVE_CASES = {True: 6, False: 3}  # with labels, without


def make_method(task: TrainingTask, plan: TrainingPlan) -> Method:
    """The task's method with its options; it counts the steps of the runs before, where all its networks took them."""
    method = load_method(task.method_id)(task.options, _classes(task), plan.width)
    method.know_scans(len(task.labelled), *_scans(task, plan))
    if task.parent is not None and all(_has_parent(task.parent, role, method) for role in method.roles):
        method.earlier_steps = task.parent.steps_in_all
    return method


def _scans(task: TrainingTask, plan: TrainingPlan) -> tuple[Tensor, float]:
    """The classes' shares and the part of a scan that `Method.know_scans` is told."""
    shares = torch.full((_classes(task),), torch.nan)
    for value in range(1, len(shares)):
        if known := [case.shares.get(value, 0.0) for case in task.labelled if value not in case.unknown]:
            shares[value] = statistics.fmean(known)
    shares[0] = 1 - shares[1:].nansum()
    voxels = statistics.median([math.prod(case.size) for case in task.unlabelled or task.labelled])
    return shares, min(1.0, math.prod(plan.patch_size) / voxels)


def make_learner(task: TrainingTask, plan: TrainingPlan, method: Method, lanes: Lanes) -> Learner:
    """New networks for the method, on the task's device."""
    return Learner(
        method,
        plan,
        channels=task.channels,
        num_classes=_classes(task),
        seed=task.seed,
        device=torch.device(task.device),
        lanes=lanes,
    )


def make_streams(
    task: TrainingTask,
    plan: TrainingPlan,
    fields: Mapping[str, Tensor],
    bent_share: float,
    own_labels: Mapping[str, Tensor],
) -> Streams:
    """Crops of the labelled scans, this share of them along shape `fields`; where there are unlabelled ones and the
    method looks at them, of those; and of those with `own_labels` of the networks."""
    uses_unlabelled = entry_of(task.method_id).uses_unlabelled and bool(task.unlabelled)
    own = labelled_by_networks(task, own_labels)
    count = plan.labelled_per_step
    return Streams(
        _stream(task, plan, task.labelled, count, 1, fields, bent_share),
        _stream(task, plan, task.unlabelled, plan.unlabelled_per_step, 2) if uses_unlabelled else None,
        _stream(task, plan, own, count, 3) if own else None,
    )


def make_curve(task: TrainingTask, plan: TrainingPlan) -> LearningCurve:
    """The learning curve: on validation cases where the task has some, else where the networks disagree."""
    return LearningCurve(
        task.validation,
        task.unlabelled,
        task.structure_names,
        plan,
        task.device,
        _CURVE_CASES[bool(task.validation)],
        task.memory_limit_bytes,
        task.scratch or task.folder,
    )


def _has_parent(parent: Model, role: str, method: Method) -> bool:
    return parent.architectures.get(role) == method.roles[role].architecture


def adopt_parent(learner: Learner, task: TrainingTask) -> list[str]:
    """Start from the weights of the run before, where there is one and a network is of the same architecture.

    Returns a sentence for every network of which something starts fresh.
    """
    parent = task.parent
    if parent is None:
        return []
    said = []
    for role, network in learner.networks.items():
        if not _has_parent(parent, role, learner.method):
            kind = learner.method.roles[role].architecture
            said.append(f"The earlier model has no network of the kind {kind}: this network starts fresh.")
        elif left := adopt(network, parent.networks[role].state_dict(), task.parent_classes):
            said.append(
                f"{len(left)} weights of network {role} differ in shape from the earlier model and start fresh."
            )
    learner.start_averages_from_networks()
    return said


def _classes(task: TrainingTask) -> int:
    return len(task.structure_names) + 1


def _stream(
    task: TrainingTask,
    plan: TrainingPlan,
    cases: Sequence[TrainingCase],
    per_step: int,
    number: int,
    fields: Mapping[str, Tensor] | None = None,
    bent_share: float = 0.0,
) -> Stream:
    return Stream(
        cases,
        per_step=per_step,
        patch_size=plan.patch_size,
        seed=task.seed * 10 + number,
        foreground_share=plan.foreground_share,
        strength=task.spatial,
        device=torch.device(task.device),
        fields=fields,
        bent_share=bent_share,
    )
