"""Numbers about numbers: spread, bootstrap intervals, correlations with intervals, AURC, paired differences.

Every result is a frozen dataclass of plain Python numbers; None is "cannot be computed", never NaN, so that it can
be written as JSON. Random resampling has its own seed and gives the same interval for the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 2000
_LEAST_FOR_BOOTSTRAP = 3
_LEAST_FOR_CORRELATION = 4  # Fisher's standard error is 1 / sqrt(n - 3)


@dataclass(frozen=True)
class Distribution:
    """Values of one measure over cases. `n` counts the defined ones, `undefined` those left out."""

    n: int
    undefined: int
    mean: float | None
    sd: float | None  # with n - 1; None below two values
    median: float | None
    minimum: float | None
    maximum: float | None
    worst: float | None
    worst_case: str | None
    interval: tuple[float, float] | None  # 95 % bootstrap interval of the mean; None below three values

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


@dataclass(frozen=True)
class Correlation:
    """A correlation coefficient over `n` cases with its 95 % interval; None where a side does not vary."""

    n: int
    coefficient: float | None
    interval: tuple[float, float] | None
    p_value: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


@dataclass(frozen=True)
class PairedDifference:
    """First minus second method over the cases that both have."""

    n: int
    left_out: tuple[str, ...]  # cases that only one has, or where either value is undefined
    mean: float | None
    sd: float | None
    median: float | None
    interval: tuple[float, float] | None  # 95 % bootstrap interval of the mean difference, resampling cases
    first_higher: int
    second_higher: int
    p_value: float | None  # Wilcoxon signed-rank, two-sided; None below six cases or without any difference

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def distribution(
    values: Mapping[str, float | None], *, higher_is_better: bool, seed: int = 0, resamples: int = RESAMPLES
) -> Distribution:
    """Mean, spread and worst case of `values` by case; None values are left out and counted."""
    defined = {case: float(value) for case, value in values.items() if value is not None}
    if not defined:
        return Distribution(0, len(values), None, None, None, None, None, None, None, None)
    array = np.array(list(defined.values()))
    pick = min if higher_is_better else max
    worst_case = pick(sorted(defined), key=lambda case: defined[case])
    return Distribution(
        n=len(array),
        undefined=len(values) - len(array),
        mean=float(array.mean()),
        sd=float(array.std(ddof=1)) if len(array) > 1 else None,
        median=float(np.median(array)),
        minimum=float(array.min()),
        maximum=float(array.max()),
        worst=defined[worst_case],
        worst_case=worst_case,
        interval=bootstrap_interval(
            [array], lambda rows: rows[0].mean(axis=1), seed=seed, resamples=resamples
        ),
    )


def bootstrap_interval(
    columns: Sequence[np.ndarray],
    statistic: Callable[[Sequence[np.ndarray]], np.ndarray],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float] | None:
    """95 % percentile interval of a statistic, resampling cases (Efron and Tibshirani 1993, 13.3).

    `columns` are arrays (n,) over the same cases; `statistic` gets them resampled as (resamples, n) and returns
    (resamples,). None below three cases, where resampling says nothing.
    """
    n = len(columns[0])
    if n < _LEAST_FOR_BOOTSTRAP:
        return None
    picks = np.random.default_rng(seed).integers(0, n, size=(resamples, n))
    found = statistic([np.asarray(column, dtype=np.float64)[picks] for column in columns])
    found = found[np.isfinite(found)]
    if len(found) == 0:
        return None
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(found, (tail, 100 - tail))
    return float(low), float(high)


def pearson(one: Sequence[float], other: Sequence[float]) -> Correlation:
    """Pearson's r with Fisher's z interval."""
    return _correlation(one, other, ranks=False)


def spearman(one: Sequence[float], other: Sequence[float]) -> Correlation:
    """Spearman's rho; Fisher's z interval with the standard error of Bonett and Wright (2000)."""
    return _correlation(one, other, ranks=True)


def aurc(scores: Sequence[float], risks: Sequence[float]) -> float | None:
    """Area under the risk-coverage curve (Jaeger et al. 2023): low is good.

    Cases are accepted from the lowest score (higher = worse) on; the curve is the mean risk (1 - Dice) of those
    accepted, averaged over coverages 1/n..1. Cases with one score are accepted together, so their order plays no
    part. None without cases. Raises ValueError when the lengths differ.
    """
    score, risk = _columns(scores, risks)
    if len(score) == 0:
        return None
    _, group = np.unique(score, return_inverse=True)
    expected = np.bincount(group, weights=risk) / np.bincount(group)
    ordered = np.sort(group, kind="stable")
    return float(np.mean(np.cumsum(expected[ordered]) / np.arange(1, len(score) + 1)))


def paired_difference(
    first: Mapping[str, float | None],
    second: Mapping[str, float | None],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> PairedDifference:
    """Per-case differences of two methods, `first` minus `second`, by case name."""
    pairs: dict[str, float] = {}
    for case in sorted(first.keys() & second.keys()):
        one, other = first[case], second[case]
        if one is not None and other is not None:
            pairs[case] = float(one) - float(other)
    left_out = tuple(sorted((first.keys() | second.keys()) - pairs.keys()))
    if not pairs:
        return PairedDifference(0, left_out, None, None, None, None, 0, 0, None)
    difference = np.array(list(pairs.values()))
    return PairedDifference(
        n=len(difference),
        left_out=left_out,
        mean=float(difference.mean()),
        sd=float(difference.std(ddof=1)) if len(difference) > 1 else None,
        median=float(np.median(difference)),
        interval=bootstrap_interval(
            [difference], lambda rows: rows[0].mean(axis=1), seed=seed, resamples=resamples
        ),
        first_higher=int(np.count_nonzero(difference > 0)),
        second_higher=int(np.count_nonzero(difference < 0)),
        p_value=_signed_rank(difference),
    )


def _signed_rank(difference: np.ndarray) -> float | None:
    if len(difference) < 6 or not difference.any():
        return None
    return float(stats.wilcoxon(difference, zero_method="zsplit").pvalue)


def _correlation(one: Sequence[float], other: Sequence[float], *, ranks: bool) -> Correlation:
    first, second = _columns(one, other)
    n = len(first)
    if ranks:
        first, second = stats.rankdata(first), stats.rankdata(second)
    if n < 3 or np.ptp(first) < 1e-12 or np.ptp(second) < 1e-12:
        return Correlation(n, None, None, None)
    found = stats.pearsonr(first, second)
    coefficient = float(found.statistic)
    interval = None
    if n >= _LEAST_FOR_CORRELATION:
        error = np.sqrt((1 + (coefficient**2 / 2 if ranks else 0)) / (n - 3))
        half = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) * error
        centre = np.arctanh(np.clip(coefficient, -1 + 1e-12, 1 - 1e-12))
        interval = (float(np.tanh(centre - half)), float(np.tanh(centre + half)))
    return Correlation(n, coefficient, interval, float(found.pvalue))


def _columns(one: Sequence[float], other: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"two lists of the same length are needed, not {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("the values must be finite numbers")
    return first, second
