"""Before a training: which labelled scan takes the shape of which unlabelled ones, and the fields that do it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.networks.side_by_side import Each
from DualSSLSegLib.registration.shape_field import shape_field
from DualSSLSegLib.training.pause import wait_out_pause
from DualSSLSegLib.training.task import TrainingTask

_AT_ONCE = 8  # registrations between two looks at what is wanted

Report = Callable[..., None]  # report(type, **fields)


def shape_fields(
    task: TrainingTask, pairs: int, each: Each, report: Report, wanted: Callable[[], str]
) -> dict[str, Tensor]:
    """Fields (n, 3, X, Y, Z) float16 by labelled case, of about `pairs` pairs in all, at least one for each case.

    Every labelled case is paired with unlabelled ones of a random order of its own, which the seed gives. Empty where
    there are no unlabelled cases. Between a few pairs `wanted()` says "run", "pause" or "stop". Raises Stopped.
    """
    labelled, unlabelled, seed = task.labelled, task.unlabelled, task.seed
    share = min(len(unlabelled), max(1, pairs // len(labelled)))
    chosen = [
        (case, unlabelled[int(index)])
        for number, case in enumerate(labelled)
        for index in np.random.default_rng([seed, 17, number]).permutation(len(unlabelled))[:share]
    ]
    found: dict[str, list[Tensor]] = {}
    if chosen:
        report("phase", name="shapes", total=len(chosen))
    for begin in range(0, len(chosen), _AT_ONCE):
        want = wanted()
        if want == "pause":
            want = wait_out_pause(wanted, report)
            report("phase", name="shapes", total=len(chosen))
        if want == "stop":
            raise Stopped("training was stopped while the shapes of scans were compared.")
        some = chosen[begin : begin + _AT_ONCE]
        fields = each(
            [partial(shape_field, np.asarray(case.image), np.asarray(other.image)) for case, other in some]
        )
        for (case, _), field in zip(some, fields, strict=True):
            found.setdefault(case.id, []).append(field)
        report("progress", step=begin + len(some), total=len(chosen))
    return {case: torch.stack(fields) for case, fields in found.items()}
