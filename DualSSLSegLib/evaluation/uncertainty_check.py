"""Is the program unsure where and when it is wrong? Uncertainty against true error, per voxel and per case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from DualSSLSegLib.evaluation.statistics import (
    RESAMPLES,
    Correlation,
    aurc,
    bootstrap_interval,
    pearson,
    spearman,
)
from DualSSLSegLib.uncertainty.maps import rim

UNCERTAIN_SHARE = 0.25


@dataclass(frozen=True)
class ErrorCapture:
    """How many of a case's wrong voxels lie in the most uncertain part of its rim."""

    wrong: int  # voxels of the whole volume whose class differs from the reference
    wrong_in_rim: int
    captured: float  # of these in the most uncertain part; fractional where voxels tie at the threshold
    rim_voxels: int
    looked_at: int  # voxels of the most uncertain part

    @property
    def share(self) -> float | None:
        """captured / wrong; None when nothing is wrong."""
        return self.captured / self.wrong if self.wrong else None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "share": self.share}


@dataclass(frozen=True)
class CaptureSummary:
    """Error capture over cases: pooled = all captured / all wrong voxels, with a bootstrap interval over cases."""

    cases: int
    pooled: float | None
    interval: tuple[float, float] | None
    mean: float | None  # of the per-case shares
    wrong: int
    wrong_outside_rim: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


@dataclass(frozen=True)
class FailureDetection:
    """The case score (higher = worse) against true Dice. A good score correlates negatively with Dice."""

    pearson: Correlation
    spearman: Correlation
    pearson_bootstrap: tuple[float, float] | None  # 95 %, resampling cases; makes no assumption of normality
    aurc: float | None
    aurc_best: float | None  # of the perfect order
    aurc_random: float | None  # of no order at all: the mean risk

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def error_capture(
    prediction: np.ndarray,
    reference: np.ndarray,
    uncertainty: np.ndarray,
    *,
    region: np.ndarray | None = None,
    share: float = UNCERTAIN_SHARE,
) -> ErrorCapture:
    """Share of all wrong voxels that lie in the `share` most uncertain voxels of the rim of the prediction.

    `prediction` and `reference` are class indices (X, Y, Z), `uncertainty` (X, Y, Z) is higher where less sure,
    `region` (X, Y, Z) bool is `uncertainty.maps.rim(prediction)` unless given. Wrong voxels outside the region count
    as not captured. Of voxels that tie at the threshold the expected number is counted, as if drawn at random.
    Raises ValueError when shapes differ, `share` is not in 0..1 or the uncertainty is not finite in the region.
    """
    if region is None:
        region = rim(prediction)
    if not prediction.shape == reference.shape == uncertainty.shape == region.shape:
        raise ValueError(
            "prediction, reference, uncertainty and region must have one shape, not "
            f"{prediction.shape}, {reference.shape}, {uncertainty.shape} and {region.shape}"
        )
    if not 0 < share <= 1:
        raise ValueError(f"the share must lie in 0..1, not {share}")
    wrong = prediction != reference
    total, here = int(np.count_nonzero(wrong)), wrong[region]
    values = np.asarray(uncertainty[region], dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError("the uncertainty holds values that are not numbers")
    looked_at = int(np.ceil(share * len(values)))
    captured = 0.0
    if looked_at:
        threshold = np.partition(values, len(values) - looked_at)[len(values) - looked_at]
        above, tied = values > threshold, values == threshold
        left = looked_at - np.count_nonzero(above)
        captured = float(
            np.count_nonzero(here & above) + np.count_nonzero(here & tied) * left / np.count_nonzero(tied)
        )
    return ErrorCapture(total, int(np.count_nonzero(here)), captured, len(values), looked_at)


def summarise_capture(
    cases: Sequence[ErrorCapture], *, seed: int = 0, resamples: int = RESAMPLES
) -> CaptureSummary:
    """Pool the error capture of several cases; cases without a wrong voxel change nothing but the count."""
    wrong = np.array([case.wrong for case in cases], dtype=np.float64)
    captured = np.array([case.captured for case in cases], dtype=np.float64)
    shares = [case.share for case in cases if case.share is not None]
    total = float(wrong.sum())
    return CaptureSummary(
        cases=len(cases),
        pooled=float(captured.sum() / total) if total else None,
        interval=bootstrap_interval([captured, wrong], _ratio, seed=seed, resamples=resamples)
        if total
        else None,
        mean=float(np.mean(shares)) if shares else None,
        wrong=int(total),
        wrong_outside_rim=sum(case.wrong - case.wrong_in_rim for case in cases),
    )


def failure_detection(
    scores: Mapping[str, float],
    true_dice: Mapping[str, float | None],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> FailureDetection:
    """Compare case scores (higher = worse) with true Dice over the cases that have both and a defined Dice."""
    dice = {case: value for case, value in true_dice.items() if case in scores and value is not None}
    cases = sorted(dice)
    score = np.array([scores[case] for case in cases], dtype=np.float64)
    truth = np.array([dice[case] for case in cases], dtype=np.float64)
    linear = pearson(score.tolist(), truth.tolist())
    risks = (1 - truth).tolist()
    return FailureDetection(
        pearson=linear,
        spearman=spearman(score.tolist(), truth.tolist()),
        pearson_bootstrap=None
        if linear.coefficient is None
        else bootstrap_interval([score, truth], _row_correlations, seed=seed, resamples=resamples),
        aurc=aurc(score.tolist(), risks),
        aurc_best=aurc(risks, risks),
        aurc_random=float(np.mean(risks)) if risks else None,
    )


def _ratio(columns: Sequence[np.ndarray]) -> np.ndarray:
    captured, wrong = (column.sum(axis=1) for column in columns)
    return np.where(wrong > 0, captured / np.maximum(wrong, 1), np.nan)


def _row_correlations(columns: Sequence[np.ndarray]) -> np.ndarray:
    """(R,) Pearson's r of each row of two (R, n) arrays; NaN where a resample does not vary."""
    one, other = (column - column.mean(axis=1, keepdims=True) for column in columns)
    norm = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    return np.where(norm > 1e-12, (one * other).sum(axis=1) / np.maximum(norm, 1e-12), np.nan)
