"""The learning curve: Dice on held-back cases where there are any, agreement of the networks where there are none."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from DualSSLSegLib.inference.sliding_window import VolumePrediction, predict
from DualSSLSegLib.networks.side_by_side import Each
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.uncertainty.maps import fused_label

_PLATEAU_POINTS = 3
_PLATEAU_GAIN = 0.003


def overlap(a: np.ndarray, b: np.ndarray, value: int) -> float | None:
    """Dice overlap of one class index in two label maps; None when neither has it."""
    in_a, in_b = a == value, b == value
    total = int(in_a.sum()) + int(in_b.sum())
    return None if total == 0 else 2 * int((in_a & in_b).sum()) / total


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def spread(cases: Sequence[TrainingCase], count: int) -> list[TrainingCase]:
    """At most `count` of the cases, evenly over the list."""
    if len(cases) <= count:
        return list(cases)
    return [cases[index * len(cases) // count] for index in range(count)]


def _copies(networks: Mapping[str, nn.Module]) -> list[nn.Module]:
    """Prediction may change the memory order of the weights, and with it the last digit of later steps."""
    return [copy.deepcopy(network) for network in networks.values()]


class LearningCurve:
    """Predicts a fixed handful of cases, at most `at_most`, now and then.

    With validation cases: Dice per structure of the fused prediction and of each network. Without: Dice between the two
    networks on unlabelled cases, called agreement, and no claim about accuracy.
    """

    def __init__(
        self,
        validation: Sequence[TrainingCase],
        unlabelled: Sequence[TrainingCase],
        structure_names: Sequence[str],
        plan: TrainingPlan,
        device: str,
        at_most: int,
        memory_limit_bytes: int | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.honest = bool(validation)
        self.cases = spread(validation, at_most) if self.honest else list(unlabelled[:at_most])
        self.names = list(structure_names)
        self.plan = plan
        self.device = device
        self.memory_limit_bytes = memory_limit_bytes
        self.scratch = scratch
        self.points: list[float] = []

    def seconds_per_case(
        self,
        networks: Mapping[str, nn.Module],
        should_stop: Callable[[], bool] | None = None,
        each: Each | None = None,
    ) -> float:
        """How long the first case takes; 0 when there is nothing to measure on. Raises Stopped."""
        if not self.measures(len(networks)):
            return 0.0
        begun = time.monotonic()
        self._predict(self.cases[0], _copies(networks), should_stop, each).discard()
        return time.monotonic() - begun

    def fit_into(self, seconds: float, seconds_per_case: float, points: int) -> int:
        """Keep so many cases, at least one, that `points` points take these seconds. Returns how many points fit."""
        if seconds_per_case <= 0:
            return points
        looks = max(1, int(seconds / seconds_per_case))  # predictions of a case
        self.cases = spread(self.cases, max(1, looks // points))
        return min(points, max(1, looks // len(self.cases)))

    def keep(self, ids: Sequence[str]) -> None:
        """The cases that an earlier attempt chose."""
        self.cases = [case for case in self.cases if case.id in ids]

    def measures(self, networks: int) -> bool:
        """Whether there is anything to measure: a case, and a label or a second network to compare with."""
        return bool(self.cases) and (self.honest or networks > 1)

    def measure(
        self,
        networks: Mapping[str, nn.Module],
        should_stop: Callable[[], bool] | None = None,
        each: Each | None = None,
    ) -> dict[str, Any] | None:
        """One point of the curve as fields of a `validated` event; None when there is nothing to measure on."""
        if not self.measures(len(networks)):
            return None
        copies = _copies(networks)
        rows: list[dict[str, list[float | None]]] = []
        for case in self.cases:
            result = self._predict(case, copies, should_stop, each)
            try:
                maps = [fused_label(p) for p in result.probabilities]
                rows.append(self._compare(case, maps, fused_label(result.probabilities), list(networks)))
            finally:
                result.discard()
        table = {
            key: {name: _mean([row[key][index] for row in rows]) for index, name in enumerate(self.names)}
            for key in rows[0]
        }
        main = "dice" if self.honest else "agreement"
        mean = _mean(list(table[main].values()))
        self.points.append(0.0 if mean is None else mean)
        return {"measure": main, "mean": mean, "cases": [case.id for case in self.cases], **table}

    def _predict(
        self,
        case: TrainingCase,
        networks: Sequence[nn.Module],
        should_stop: Callable[[], bool] | None,
        each: Each | None,
    ) -> VolumePrediction:
        return predict(
            case.image,
            networks,
            patch_size=self.plan.patch_size,
            num_classes=len(self.names) + 1,
            device=self.device,
            precision=self.plan.precision,
            memory_limit_bytes=self.memory_limit_bytes,
            scratch_folder=self.scratch,
            should_stop=should_stop,
            each=each,
        )

    def _compare(
        self, case: TrainingCase, maps: list[np.ndarray], fused: np.ndarray, roles: list[str]
    ) -> dict[str, list[float | None]]:
        classes = range(1, len(self.names) + 1)
        row: dict[str, list[float | None]] = {}
        if len(maps) > 1:
            row["agreement"] = [overlap(maps[0], maps[1], value) for value in classes]
        if self.honest and case.label is not None:
            label = np.asarray(case.label)
            for name, found in [("dice", fused), *zip([f"dice_{role}" for role in roles], maps, strict=True)]:
                row[name] = [
                    None if value in case.unknown else overlap(found, label, value) for value in classes
                ]
        return row

    def plateau(self) -> bool:
        """Whether the last three points brought nothing over the best one before them."""
        if len(self.points) <= _PLATEAU_POINTS + 1:
            return False
        before = max(self.points[:-_PLATEAU_POINTS])
        return max(self.points[-_PLATEAU_POINTS:]) < before + _PLATEAU_GAIN
