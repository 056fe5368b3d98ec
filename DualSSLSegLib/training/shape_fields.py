"""Before a training: which labelled scan takes the shape of which unlabelled ones, and the fields that do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.networks.side_by_side import Each
from DualSSLSegLib.registration.shape_field import shape_field
from DualSSLSegLib.training.cases import TrainingCase

_AT_ONCE = 8  # registrations between two looks at whether to stop

Report = Callable[..., None]  # report(type, **fields)


def shape_fields(
    labelled: Sequence[TrainingCase],
    unlabelled: Sequence[TrainingCase],
    *,
    pairs: int,
    seed: int,
    each: Each,
    report: Report,
    should_stop: Callable[[], bool],
) -> dict[str, Tensor]:
    """Fields (n, 3, X, Y, Z) float16 by labelled case, of about `pairs` pairs in all, at least one for each case.

    Every labelled case is paired with unlabelled ones of a random order of its own, which `seed` gives. Empty where
    there are no unlabelled cases. Raises Stopped.
    """
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
        if should_stop():
            raise Stopped("training was stopped before its first step.")
        some = chosen[begin : begin + _AT_ONCE]
        fields = each(
            [partial(shape_field, np.asarray(case.image), np.asarray(other.image)) for case, other in some]
        )
        for (case, _), field in zip(some, fields, strict=True):
            found.setdefault(case.id, []).append(field)
        report("progress", step=begin + len(some), total=len(chosen))
    return {case: torch.stack(fields) for case, fields in found.items()}
