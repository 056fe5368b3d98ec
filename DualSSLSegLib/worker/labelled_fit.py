"""How well predictions fit the labelled scans of a run, each carried onto a few of them by registration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from DualSSLSegLib.networks.side_by_side import side_by_side
from DualSSLSegLib.registration.carried_back import carried_back
from DualSSLSegLib.training.validation import spread
from DualSSLSegLib.worker.inputs import InputCase, with_role
from DualSSLSegLib.worker.label_table import LabelStructure
from DualSSLSegLib.worker.preparation import PreparedScans

_MOST_SCANS = 4  # more change the mean little and cost a registration each


@dataclass(frozen=True, eq=False)
class LabelledScan:
    """A prepared scan (C, x, y, z) and its label (x, y, z) in class indices of the model; `unknown`: classes that the
    label says nothing of."""

    image: np.ndarray
    label: np.ndarray
    unknown: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class LabelledFit:
    """Measures predictions on `scans`."""

    scans: tuple[LabelledScan, ...]
    num_classes: int

    @classmethod
    def of_run(
        cls,
        cases: Sequence[InputCase],
        prepared: PreparedScans,
        table: Sequence[LabelStructure],
        model_structures: Sequence[LabelStructure],
    ) -> LabelledFit:
        """At most four of the run's labelled scans, evenly over the list.

        `table` is what the prepared labels were read with; a structure that the model does not know is background.
        """
        class_of = np.zeros(len(table) + 1, dtype=np.uint8)
        for index, row in enumerate(table, 1):
            class_of[index] = next(
                (k for k, one in enumerate(model_structures, 1) if one.value == row.value), 0
            )
        usable = [
            case
            for case in with_role(cases, "labelled")
            if case.id in prepared.images and case.id in prepared.labels
        ]
        scans = tuple(
            LabelledScan(
                prepared.images[case.id].image.array(),
                class_of[prepared.labels[case.id].array()],
                tuple(int(class_of[index]) for index in prepared.unknown.get(case.id, ())),
            )
            for case in spread(usable, _MOST_SCANS)
        )
        return cls(scans, len(model_structures) + 1)

    def of(self, image: np.ndarray, classes: np.ndarray) -> list[float | None] | None:
        """Per structure the mean Dice over the scans of the prediction `classes` (X, Y, Z) of `image` (C, X, Y, Z);
        None for one that no scan can judge, and None without labelled scans."""
        if not self.scans:
            return None
        with side_by_side(len(self.scans), torch.device("cpu")) as each:
            found = each(
                [
                    partial(
                        carried_back,
                        image,
                        classes,
                        scan.image,
                        scan.label,
                        num_classes=self.num_classes,
                        unknown=scan.unknown,
                    )
                    for scan in self.scans
                ]
            )
        return [_mean([row[index] for row in found]) for index in range(self.num_classes - 1)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
