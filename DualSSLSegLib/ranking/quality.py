"""One number for how wrong a prediction probably is, 0..1, higher = worse, without looking at a reference.

Below ten labelled cases with a prediction made without their label, `fixed_risk` combines the measures with
coefficients written here. From ten on, `QualityModel` regresses the true Dice on the same measures, as Zenk et al.
(Medical Image Analysis 101:103392, 2025) compare them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

LEAST_CASES = 10
_RIDGE = 1.0  # in units of standardised measures: ten cases do not carry five free slopes

# Coefficients of the fixed risk, chosen once on scans of a training split, never on validation or test scans. The
# error that the mean probability expects of itself leads, because it stays informative for badly trained networks,
# where the disagreement does not; of the disagreement about half is error that the networks do not share; entropy
# in and around the foreground adds what both are unsure of; fragments are a cheap flag for gross failure. The order
# of cases is what can be relied on: over-confident networks make the value too low.
_DISAGREEMENT, _EXPECTED_ERROR, _RIM_ENTROPY, _FRAGMENTS = 0.3, 0.8, 0.3, 0.2


class Measures(Protocol):
    """The measures of a case that its quality is judged by (ranking.scores.CaseScore)."""

    @property
    def disagreement(self) -> float: ...
    @property
    def rim_entropy(self) -> float | None: ...
    @property
    def volume_ratio(self) -> float: ...
    @property
    def outside_largest(self) -> float: ...


def fixed_risk(
    *, disagreement: float, expected_dice: float | None, rim_entropy: float | None, outside_largest: float
) -> float:
    """Estimated 1 - Dice in 0..1 with fixed coefficients; 1 when nothing was predicted (`None` measures)."""
    if expected_dice is None or rim_entropy is None:
        return 1.0 if disagreement > 0 else 0.0
    risk = (
        _DISAGREEMENT * disagreement
        + _EXPECTED_ERROR * (1.0 - expected_dice)
        + _RIM_ENTROPY * rim_entropy
        + _FRAGMENTS * outside_largest
    )
    return float(np.clip(risk, 0.0, 1.0))


@dataclass(frozen=True)
class QualityModel:
    """Ridge regression of the true mean Dice on (s_dice, s_fgH, s_vol, s_cc).

    `correlation` is Pearson's r between left-out predictions and true Dice with its 95 % Fisher interval (None
    where either does not vary); `error` the left-out root mean square error in Dice.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    slopes: tuple[float, ...]
    intercept: float
    cases: int
    error: float
    correlation: float | None
    correlation_interval: tuple[float, float] | None

    def predicted_dice(self, score: Measures) -> float:
        """Estimated mean Dice of a case, 0..1."""
        standardised = (_row(score) - np.asarray(self.centre)) / np.asarray(self.scale)
        return float(np.clip(self.intercept + standardised @ np.asarray(self.slopes), 0.0, 1.0))

    def risk(self, score: Measures) -> float:
        """1 - predicted_dice: 0..1, higher = worse."""
        return 1.0 - self.predicted_dice(score)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "centre": list(self.centre),
            "scale": list(self.scale),
            "slopes": list(self.slopes),
            "intercept": self.intercept,
            "cases": self.cases,
            "error": self.error,
            "correlation": self.correlation,
            "correlation_interval": None
            if self.correlation_interval is None
            else list(self.correlation_interval),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> QualityModel:
        """The inverse of to_dict."""
        interval = content["correlation_interval"]
        return cls(
            centre=tuple(content["centre"]),
            scale=tuple(content["scale"]),
            slopes=tuple(content["slopes"]),
            intercept=float(content["intercept"]),
            cases=int(content["cases"]),
            error=float(content["error"]),
            correlation=content["correlation"],
            correlation_interval=None if interval is None else (interval[0], interval[1]),
        )


def fit_quality(scores: Sequence[Measures], true_dice: Sequence[float]) -> QualityModel | None:
    """Fit on cases whose predictions were made WITHOUT their labels; None below ten of them.

    `true_dice` (n,) is the mean Dice over structures per case. Raises ValueError when the lengths differ or a Dice
    lies outside 0..1.
    """
    if len(scores) != len(true_dice):
        raise ValueError(f"{len(scores)} scores but {len(true_dice)} Dice values")
    target = np.asarray(true_dice, dtype=np.float64)
    if target.size and not (np.all(target >= 0) and np.all(target <= 1)):
        raise ValueError("true Dice must lie in 0..1")
    if len(target) < LEAST_CASES:
        return None
    rows = np.stack([_row(score) for score in scores])
    left_out = np.empty_like(target)
    for index in range(len(target)):
        kept = np.arange(len(target)) != index
        centre, scale, slopes, intercept = _ridge(rows[kept], target[kept])
        left_out[index] = np.clip(intercept + ((rows[index] - centre) / scale) @ slopes, 0.0, 1.0)
    correlation, interval = _fisher(left_out, target)
    centre, scale, slopes, intercept = _ridge(rows, target)
    return QualityModel(
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        slopes=tuple(slopes.tolist()),
        intercept=intercept,
        cases=len(target),
        error=float(np.sqrt(np.mean((left_out - target) ** 2))),
        correlation=correlation,
        correlation_interval=interval,
    )


def _row(score: Measures) -> np.ndarray:
    """(4,) s_dice, s_fgH, s_vol, s_cc; nothing predicted counts as fully uncertain."""
    entropy = 1.0 if score.rim_entropy is None else score.rim_entropy
    return np.array([score.disagreement, entropy, score.volume_ratio, score.outside_largest])


def _ridge(rows: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    centre = rows.mean(axis=0)
    spread = rows.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    standardised = (rows - centre) / scale
    penalty = _RIDGE * np.eye(rows.shape[1])
    slopes = np.linalg.solve(
        standardised.T @ standardised + penalty, standardised.T @ (target - target.mean())
    )
    return centre, scale, slopes, float(target.mean())


def _fisher(one: np.ndarray, other: np.ndarray) -> tuple[float | None, tuple[float, float] | None]:
    if np.ptp(one) < 1e-12 or np.ptp(other) < 1e-12:
        return None, None
    from scipy import stats  # here, because it takes a second to load, of every worker and of Slicer's start

    found = stats.pearsonr(one, other)
    interval = found.confidence_interval(0.95)
    return float(found.statistic), (float(interval.low), float(interval.high))
