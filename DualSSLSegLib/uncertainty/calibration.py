"""How far the probabilities can be believed: one temperature, fitted on labelled cases that trained nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.uncertainty.maps import fused_label, scale
from DualSSLSegLib.uncertainty.neighbourhood import near
from DualSSLSegLib.uncertainty.slabs import bounding_box

MIN_LABELLED_CASES = 8
_VOXELS_PER_CASE = 20_000
_MARGIN_VOXELS = 3
_PRIOR_CASES = 8  # as many cases as say that T is 1, see fit_temperature
_RANGE = (0.25, 10.0)  # a fit at the ends of this range says the model is useless, not that it needs more


@dataclass(frozen=True)
class Bin:
    """Voxels whose highest probability lies in low..high: mean confidence, share that is right, how many."""

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class Calibration:
    """The temperature for `uncertainty_map`; `calibrated` False means that it is 1 because it could not be fitted.

    cases: how many cases it was fitted on. error_before, error_after: expected calibration error without and
    with it (None when not calibrated). bins, bins_before: reliability with and without the temperature.
    """

    temperature: float
    calibrated: bool
    cases: int
    explanation: str
    error_before: float | None = None
    error_after: float | None = None
    bins: tuple[Bin, ...] = ()
    bins_before: tuple[Bin, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def fit_temperature(
    probabilities: Iterable[np.ndarray],
    labels: Iterable[np.ndarray],
    *,
    labelled_cases: int | None = None,
    seed: int = 0,
) -> Calibration:
    """Fit one temperature T by the likelihood of the true classes under softmax(log(pbar) / T) (Guo et al. 2017).

    probabilities: per case (K, X, Y, Z) fused or (N, K, X, Y, Z); labels: per case class indices (X, Y, Z),
    -1 or 255 where unknown. The cases must not have trained the networks; they are read one at a time. At
    most 20,000 voxels per case are used, drawn from the foreground (predicted or true) and 3 voxels around
    it: everywhere else there is nothing to learn. Every case counts the same. The fit is drawn towards T = 1 as if
    eight more cases had said so: log T is n / (n + 8) of the fitted one. Averages of two networks are nearly calibrated
    by themselves, and one case can be far from all others: fitted on a single left atrium, T = 0.65 raised the error on
    16 others from 0.006 to 0.063. `labelled_cases` is how many
    labelled cases the study has in all (default: those given); below 8 nothing is fitted, T = 1 and
    `calibrated` is False. Raises BadInput when the two sequences differ in length or shape.
    """
    samples: list[tuple[np.ndarray, np.ndarray]] = []
    if labelled_cases is None or labelled_cases >= MIN_LABELLED_CASES:
        random = np.random.default_rng(seed)
        others = iter(labels)
        for p in probabilities:
            label = next(others, None)
            if label is None:
                raise BadInput("there are more probabilities than labels to calibrate on.")
            samples.append(_sample(p, label, random))
            del p  # nobody may hold a memory map when its owner removes the file; zip would, too
        if next(others, None) is not None:
            raise BadInput("there are more labels than probabilities to calibrate on.")
    known = len(samples) if labelled_cases is None else labelled_cases
    samples = [(q, y) for q, y in samples if y.size]
    if known < MIN_LABELLED_CASES:
        return _uncalibrated(
            f"{known} labelled case{'s are' if known != 1 else ' is'} too few, calibration starts at "
            f"{MIN_LABELLED_CASES}."
        )
    if not samples:
        return _uncalibrated(
            "no usable labelled case was kept out of training, so there is nothing to calibrate on."
        )
    from scipy import optimize  # here, because it takes a second to load and few runs calibrate

    logs = [np.log(np.maximum(q, 1e-7)) for q, _ in samples]

    def loss(log_temperature: float) -> float:
        beta = math.exp(-log_temperature)
        return float(np.mean([_nll(x * beta, y) for x, (_, y) in zip(logs, samples, strict=True)]))

    fitted = optimize.minimize_scalar(
        loss, bounds=(math.log(_RANGE[0]), math.log(_RANGE[1])), method="bounded", options={"xatol": 1e-4}
    )
    share = len(samples) / (len(samples) + _PRIOR_CASES)
    temperature = round(math.exp(share * float(fitted.x)), 4)
    y = np.concatenate([y for _, y in samples])
    before = np.concatenate([q for q, _ in samples], axis=1)
    after = scale(before, temperature)
    bins, bins_before = reliability_bins(after, y), reliability_bins(before, y)
    return Calibration(
        temperature,
        True,
        len(samples),
        f"Temperature {temperature:.2f}: {math.exp(float(fitted.x)):.2f} fits {y.size} voxels kept out of training "
        f"best, of {len(samples)} case{'s' * (len(samples) != 1)}; the fewer they are, the nearer to 1 it stays.",
        _error(bins_before),
        _error(bins),
        bins,
        bins_before,
    )


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy, bins weighted by their voxels (Naeini et al. 2015), 0..1.

    probabilities (K, ...), labels (...) class indices. 0 for no voxels.
    """
    return _error(reliability_bins(probabilities, labels, bins))


def reliability_bins(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> tuple[Bin, ...]:
    """Equal-width bins of the highest probability; bins without voxels are left out."""
    if probabilities.shape[1:] != labels.shape:
        raise BadInput(f"probabilities {probabilities.shape} and labels {labels.shape} do not fit together.")
    confidence = probabilities.max(axis=0).ravel().astype(np.float64)
    right = (probabilities.argmax(axis=0) == labels).ravel()
    index = np.clip((confidence * bins).astype(int), 0, bins - 1)
    counts = np.bincount(index, minlength=bins)
    confidences = np.bincount(index, weights=confidence, minlength=bins)
    rights = np.bincount(index, weights=right, minlength=bins)
    return tuple(
        Bin(i / bins, (i + 1) / bins, float(confidences[i] / n), float(rights[i] / n), int(n))
        for i, n in enumerate(counts)
        if n
    )


def _error(bins: tuple[Bin, ...]) -> float:
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / total if total else 0.0


def _nll(logits: np.ndarray, y: np.ndarray) -> float:
    high = logits.max(axis=0)
    total = high + np.log(np.exp(logits - high).sum(axis=0))
    return float(np.mean(total - logits[y, np.arange(y.size)]))


def _sample(p: np.ndarray, label: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Up to 20,000 voxels of one case: fused probabilities (K, n) float64 and classes (n,)."""
    if p.shape[-3:] != label.shape:
        raise BadInput(
            f"the probabilities {p.shape[-3:]} and the label {label.shape} of a case differ in size."
        )
    classes = p.shape[-4]
    known = (label >= 0) & (label < classes)
    foreground = (fused_label(p) > 0) | (known & (label > 0))
    box = bounding_box(foreground, margin=_MARGIN_VOXELS)
    if box is None:
        return np.empty((classes, 0)), np.empty(0, dtype=np.int64)
    region = near(foreground[box], _MARGIN_VOXELS) & known[box]
    voxels = np.flatnonzero(region)
    if voxels.size > _VOXELS_PER_CASE:
        voxels = np.sort(random.choice(voxels, _VOXELS_PER_CASE, replace=False))
    i, j, k = (a + b.start for a, b in zip(np.unravel_index(voxels, region.shape), box, strict=True))
    q = np.asarray(p[..., i, j, k], dtype=np.float64)
    return (q.mean(axis=0) if p.ndim == 5 else q), np.asarray(label[i, j, k], dtype=np.int64)


def _uncalibrated(why: str) -> Calibration:
    return Calibration(1.0, False, 0, f"Not calibrated: {why}")
