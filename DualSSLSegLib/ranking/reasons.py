"""Why a case is suggested, in plain words with the measured value.

Every measure of a case is compared with the other cases of the study and with a fixed floor below which it is
unremarkable; the most unusual one becomes the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from DualSSLSegLib.ranking.diversity import Novelty
from DualSSLSegLib.ranking.scores import CaseScore
from DualSSLSegLib.ranking.words import SENTENCES, ordinary, unlike_labelled

_COHORT_SIZE = 8  # from this many cases on the cohort alone says what is normal, below it partly the rule
_LEAST_UNUSUAL = 1.5  # robust standard units
_MOST_UNUSUAL = 10.0
_LEAST_TO_COMPARE = 3  # cases below which no "typical" value is named


class _Rule(NamedTuple):
    floor: float  # below it the measure is unremarkable, whatever the cohort
    normal: float  # value of an ordinary prediction
    scale: float  # change that is worth noticing


# Dice, entropy and shares in 0..1; volume ratio in log units; size in standard deviations of log volume; novelty as a
# multiple of the cohort's median distance to the nearest labelled scan.
_RULES = {
    "disagreement": _Rule(0.10, 0.08, 0.05),
    "uncertain_rim": _Rule(0.12, 0.12, 0.05),
    "volume_ratio": _Rule(float(np.log(1.25)), 0.05, 0.15),
    "pieces": _Rule(0.02, 0.0, 0.05),
    "size": _Rule(1.0, 0.0, 0.75),
    "unlike_labelled": _Rule(1.5, 1.0, 0.4),
}
_ABSENCE = {"missing": 10.0, "one_sided": 9.0}  # yes or no: unusual by how few other cases share it


@dataclass(frozen=True)
class Reason:
    """One sentence and the measurement it names. `kind` is a key of the rules, or "ordinary"."""

    kind: str
    sentence: str
    value: float
    typical: float | None
    structure: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return dict(self.__dict__)


class _Sign(NamedTuple):
    kind: str
    structure: str | None
    value: float


class _Cohort(NamedTuple):
    """One measure over all cases that have it."""

    cases: int
    median: float
    spread: float  # median absolute deviation in units of a standard deviation

    @classmethod
    def of(cls, values: Sequence[float]) -> _Cohort:
        median = float(np.median(values))
        return cls(len(values), median, 1.4826 * float(np.median(np.abs(np.asarray(values) - median))))


def explain(
    scores: Mapping[str, CaseScore], novelty: Mapping[str, Novelty] | None = None
) -> dict[str, Reason]:
    """The reason of every case: the most unusual measure relative to all of `scores` and to the fixed floors."""
    novelty = novelty or {}
    signs = {case: _signs(score, novelty.get(case)) for case, score in scores.items()}
    measured: dict[tuple[str, str | None], list[float]] = {}
    for found in signs.values():
        for sign in found:
            measured.setdefault((sign.kind, sign.structure), []).append(sign.value)
    cohort = {key: _Cohort.of(values) for key, values in measured.items()}
    reasons = {}
    for case, score in scores.items():
        best, most = None, _LEAST_UNUSUAL
        for sign in signs[case]:
            unusual = _unusual(sign, cohort[sign.kind, sign.structure], len(scores))
            if unusual > most:
                best, most = sign, unusual
        reasons[case] = _reason(score, novelty.get(case), best, cohort)
    return reasons


def _signs(score: CaseScore, novelty: Novelty | None) -> list[_Sign]:
    signs = []
    for one in score.structures:
        if one.missing:
            signs.append(_Sign("missing", one.name, 1.0))
        elif 0 < one.found_by < score.networks:
            signs.append(_Sign("one_sided", one.name, 1.0))
        if one.found_by == score.networks and one.volume_mm3 > 0:
            if score.networks > 1 and one.disagreement is not None:
                signs.append(_Sign("disagreement", one.name, one.disagreement))
                signs.append(_Sign("volume_ratio", one.name, one.volume_ratio))
            if one.rim_entropy is not None:
                signs.append(_Sign("uncertain_rim", one.name, one.rim_entropy))
            signs.append(_Sign("pieces", one.name, one.outside_largest if one.pieces > 1 else 0.0))
            signs.append(_Sign("size", one.name, one.size_deviation))
    if novelty is not None and novelty.typical > 0:
        signs.append(_Sign("unlike_labelled", None, novelty.distance / novelty.typical))
    return signs


def _unusual(sign: _Sign, cohort: _Cohort, cases: int) -> float:
    """0 for an unremarkable sign, up to about 10; robust standard units shrunk to the rule in a small cohort."""
    if sign.kind in _ABSENCE:
        shared = (cohort.cases - 1) / (cases - 1) if cases > 1 else 0.0
        return _ABSENCE[sign.kind] * (1 - shared)
    rule = _RULES[sign.kind]
    if sign.value < rule.floor:
        return 0.0
    spread = max(cohort.spread, 0.5 * rule.scale)
    share = min(cohort.cases / _COHORT_SIZE, 1.0)
    centre = share * cohort.median + (1 - share) * rule.normal
    scale = share * spread + (1 - share) * rule.scale
    return min((sign.value - centre) / scale, _MOST_UNUSUAL)


def _reason(
    score: CaseScore,
    novelty: Novelty | None,
    sign: _Sign | None,
    cohort: Mapping[tuple[str, str | None], _Cohort],
) -> Reason:
    if sign is None:
        return Reason("ordinary", ordinary(score), score.risk, None, None)
    usual = cohort[sign.kind, sign.structure]
    typical = usual.median if usual.cases >= _LEAST_TO_COMPARE else None
    if sign.structure is None:
        assert novelty is not None
        return Reason(sign.kind, unlike_labelled(novelty), novelty.distance, novelty.typical, None)
    one = score.structure(sign.structure)
    words = SENTENCES[sign.kind](one, score.networks, typical)
    return Reason(sign.kind, words, sign.value, None if sign.kind in _ABSENCE else typical, sign.structure)
