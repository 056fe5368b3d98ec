"""Whole unlabelled scans with the labels that the networks themselves give them, once in a training.

A scan is seen whole and by the moving averages of both networks, so its label is better than what a network says of a
crop in a step; and a step on such a crop costs no more than one on a labelled crop.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from DualSSLSegLib.atomic import replacing
from DualSSLSegLib.errors import BadInput, OutOfMemory, Stopped
from DualSSLSegLib.inference.out_of_memory import is_out_of_memory
from DualSSLSegLib.inference.sliding_window import predict
from DualSSLSegLib.inference.windows import plan_windows
from DualSSLSegLib.methods.base import Method
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.model_file import read_tensors
from DualSSLSegLib.training.pause import wait_out_pause
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.training.task import TrainingTask

_WINDOWS_PER_STEP = 8.0  # that both networks predict in the time of a step with one crop
_FILE = "own_labels.pt"

Report = Callable[..., None]  # report(type, **fields)


def scans_to_label(task: TrainingTask, plan: TrainingPlan, method: Method, total: int) -> list[TrainingCase]:
    """The unlabelled scans, in a random order that the seed gives, whose prediction fits into the method's share of a
    training of `total` steps; none where not even one does."""
    left = method.own_labels_time * total * _WINDOWS_PER_STEP * plan.labelled_per_step
    chosen: list[TrainingCase] = []
    for index in np.random.default_rng([task.seed, 23]).permutation(len(task.unlabelled)):
        case = task.unlabelled[int(index)]
        left -= len(plan_windows(case.size, plan.patch_size))
        if left < 0:
            break
        chosen.append(case)
    return chosen


def label_scans(
    task: TrainingTask,
    plan: TrainingPlan,
    learner: Learner,
    total: int,
    report: Report,
    wanted: Callable[[], str],
) -> dict[str, Tensor]:
    """Labels (X, Y, Z) int8 by case id, with IGNORE where the method does not trust them; none at all where it trusts
    them nowhere, or where the time is too short for a single scan, which is said. A scan for which memory does not
    suffice is left out. They are written beside the checkpoint, where a resumed training finds them: once, for they do
    not change.

    `wanted()` says "run", "pause" or "stop". Raises Stopped.
    """
    method = learner.method
    cases = scans_to_label(task, plan, method, total)
    if not cases:
        text = (
            f"Labelling an unlabelled scan takes more than {100 * method.own_labels_time:g} % of so short a training: "
            "the networks learn from the labels alone. Train for longer to use the unlabelled scans."
        )
        report("warning", code="no_time_to_label", text=text)
    report("phase", name="own_labels", total=len(cases))
    # predicting may change the memory order of the weights, and with it the last digit of later steps
    networks = [copy.deepcopy(network) for network in learner.averaged_networks.values()]
    generator = torch.Generator().manual_seed(task.seed)
    found: dict[str, Tensor] = {}
    shares = torch.zeros(learner.num_classes)
    for number, case in enumerate(cases, start=1):
        if (want := wanted()) == "pause":
            want = wait_out_pause(wanted, report)
            report("phase", name="own_labels", total=len(cases))
        if want == "stop":
            raise Stopped("training was stopped while the networks labelled scans.")
        try:
            label = _label(task, plan, learner, networks, case, generator, wanted)
        except (OutOfMemory, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            text = f"Memory did not suffice to predict case {case.id}: the networks do not learn from it."
            report("warning", code="out_of_memory", text=text, case=case.id)
            continue
        found[case.id] = label.to(torch.int8)
        counts = torch.bincount(label[label >= 0].flatten(), minlength=learner.num_classes)
        shares += counts / counts.sum().clamp_min(1)
        report("progress", step=number, total=len(cases))
    if found and not method.trusts(shares / len(found)):
        found = {}
    _keep(task, found)
    return found


def _label(
    task: TrainingTask,
    plan: TrainingPlan,
    learner: Learner,
    networks: Sequence[nn.Module],
    case: TrainingCase,
    generator: torch.Generator,
    wanted: Callable[[], str],
) -> Tensor:
    prediction = predict(
        case.image,
        networks,
        patch_size=plan.patch_size,
        num_classes=learner.num_classes,
        device=task.device,
        precision=plan.precision,
        memory_limit_bytes=task.memory_limit_bytes,
        scratch_folder=task.scratch or task.folder,
        should_stop=lambda: wanted() == "stop",
        each=learner.lanes.each,
    )
    try:
        return learner.method.trusted(prediction.probabilities, generator)
    finally:
        prediction.discard()


def labelled_by_networks(task: TrainingTask, labels: Mapping[str, Tensor]) -> list[TrainingCase]:
    """The unlabelled cases of the task that have such labels, with them; a scan of another size by now has none."""
    return [
        dataclasses.replace(case, label=labels[case.id].numpy())
        for case in task.unlabelled
        if case.id in labels and tuple(labels[case.id].shape) == case.size
    ]


def _keep(task: TrainingTask, labels: Mapping[str, Tensor]) -> None:
    task.folder.mkdir(parents=True, exist_ok=True)
    with replacing(task.folder / _FILE) as temporary:
        torch.save(dict(labels), temporary)


def kept_labels(task: TrainingTask) -> dict[str, Tensor]:
    """What label_scans wrote. Raises BadInput for a missing or torn file."""
    try:
        found: dict[str, Tensor] = read_tensors(task.folder / _FILE)
    except BadInput as error:
        raise BadInput(
            "the labels that the networks made in this training cannot be read.",
            hint="Start a new run instead of resuming this one.",
            path=task.folder / _FILE,
        ) from error
    return found
