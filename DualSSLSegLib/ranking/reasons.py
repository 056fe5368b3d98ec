"""Why a case is suggested, in plain words with the measured value.

Every measure of a case is compared with the other cases of the study and with a fixed floor below which it is
unremarkable; the most unusual one becomes the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from DualSSLSegLib.ranking.regions import RIM_VOXELS
from DualSSLSegLib.ranking.scores import CaseScore, StructureScore

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
class Novelty:
    """How far a case lies from what was labelled."""

    distance: float  # to the nearest labelled scan, in the embedding
    typical: float  # the cohort's median of that distance
    labelled: int


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
        return Reason("ordinary", _ordinary(score), score.risk, None, None)
    usual = cohort[sign.kind, sign.structure]
    typical = usual.median if usual.cases >= _LEAST_TO_COMPARE else None
    if sign.structure is None:
        assert novelty is not None
        return Reason(sign.kind, _novelty_words(novelty), novelty.distance, novelty.typical, None)
    one = score.structure(sign.structure)
    words = _WORDS[sign.kind](one, score.networks, typical)
    return Reason(sign.kind, words, sign.value, None if sign.kind in _ABSENCE else typical, sign.structure)


def _missing(one: StructureScore, networks: int, typical: float | None) -> str:
    seen = (
        f"although {one.labelled_with} of {one.labelled_cases} labelled scans show it"
        if one.labelled_cases
        else "although the study expects it"
    )
    if one.found_by == 0:
        found = "neither network draws it" if networks == 2 else f"0 of {networks} networks draw it"
    else:
        drawn = volume_words(max(one.volumes_mm3))
        found = f"{one.found_by} of {networks} networks draw some of it, at most {drawn}"
    return f"No {one.name} was found, {seen}; {found}."


def _one_sided(one: StructureScore, networks: int, typical: float | None) -> str:
    verb = "finds" if one.found_by == 1 else "find"
    largest = volume_words(max(one.volumes_mm3))
    return f"Only {one.found_by} of {networks} networks {verb} {one.name}, with {largest}."


def _disagreement(one: StructureScore, networks: int, typical: float | None) -> str:
    assert one.disagreement is not None
    usual = "" if typical is None else f", typical in this study is {1 - typical:.2f}"
    return f"The networks draw {one.name} differently: their Dice with each other is {1 - one.disagreement:.2f}{usual}."


def _uncertain_rim(one: StructureScore, networks: int, typical: float | None) -> str:
    usual = "" if typical is None else f", typical in this study is {typical:.2f}"
    return (
        f"The rim of {one.name} is uncertain: mean uncertainty {one.rim_entropy:.2f} of 1 within {RIM_VOXELS} voxels "
        f"of the prediction{usual}."
    )


def _volume_ratio(one: StructureScore, networks: int, typical: float | None) -> str:
    small, large = volume_words(min(one.volumes_mm3)), volume_words(max(one.volumes_mm3))
    return (
        f"The networks disagree about the size of {one.name}: {small} against {large}, "
        f"a factor of {np.exp(one.volume_ratio):.1f}."
    )


def _pieces(one: StructureScore, networks: int, typical: float | None) -> str:
    return (
        f"The prediction of {one.name} is in {one.pieces} pieces: "
        f"{100 * one.outside_largest:.0f} % of it lies outside the largest one."
    )


def _size(one: StructureScore, networks: int, typical: float | None) -> str:
    assert one.labelled_range_mm3 is not None
    low, high = one.labelled_range_mm3
    word = "small" if one.volume_mm3 < low else "large"
    labelled = (
        f"the labelled scan has {volume_words(low)}"
        if one.labelled_with == 1
        else f"the {one.labelled_with} labelled scans have {volume_words(low)} to {volume_words(high)}"
    )
    return f"The prediction of {one.name} is unusually {word}: {volume_words(one.volume_mm3)}, {labelled}."


def _novelty_words(novelty: Novelty) -> str:
    labelled = "the one labelled scan" if novelty.labelled == 1 else f"all {novelty.labelled} labelled scans"
    return (
        f"This scan is unlike {labelled}: it lies {novelty.distance / novelty.typical:.1f} times as far from the "
        f"nearest one as is typical ({novelty.distance:.2f} against {novelty.typical:.2f})."
    )


def _ordinary(score: CaseScore) -> str:
    overlap = f"the networks overlap with Dice {1 - score.disagreement:.2f}" if score.networks > 1 else ""
    entropy = (
        ""
        if score.rim_entropy is None
        else f"mean uncertainty around the prediction is {score.rim_entropy:.2f}"
    )
    measured = " and ".join(part for part in (overlap, entropy) if part)
    return f"No single sign stands out: {measured or 'nothing was predicted, and nothing is expected'}."


def volume_words(volume_mm3: float) -> str:
    """A volume as a person writes it: ml from 1 ml on, else mm³."""
    if volume_mm3 >= 10_000:
        return f"{volume_mm3 / 1000:.0f} ml"
    if volume_mm3 >= 1000:
        return f"{volume_mm3 / 1000:.1f} ml"
    return f"{volume_mm3:.0f} mm³"


_WORDS = {
    "missing": _missing,
    "one_sided": _one_sided,
    "disagreement": _disagreement,
    "uncertain_rim": _uncertain_rim,
    "volume_ratio": _volume_ratio,
    "pieces": _pieces,
    "size": _size,
}
