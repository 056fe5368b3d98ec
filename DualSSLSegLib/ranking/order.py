"""Which scans to review next: uncertain ones, from every structure, unlike each other, each with its reason.

Follows nnActive (Lüth et al. 2025) and ClaSP PE (arXiv 2601.13677) at case level: rank-averaged scores, a share of
the batch reserved for structures in turn, log-score noise that fades over the rounds, and k-center among the top.
The list is a review priority; what a foreground-aware random choice would have been is returned beside it, so that
the benefit can be measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from DualSSLSegLib.ranking.diversity import Novelty, as_rows, k_center, nearest, principal_components
from DualSSLSegLib.ranking.reasons import explain
from DualSSLSegLib.ranking.scores import CaseScore

RESERVED_SHARE = 0.66
POOL_FACTOR = 3
ROUNDS = 10
_FIRST_BETA, _LAST_BETA = 1.0, 100.0


@dataclass(frozen=True)
class Suggestion:
    """One scan of the queue. `score` is 0..1 within the study (1 = review first); `values` are the measures."""

    case: str
    score: float
    reason: str
    values: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


class Order(NamedTuple):
    """The suggestions, first to review first, and the cases that a foreground-aware random choice would have taken."""

    suggestions: list[Suggestion]
    shadow: list[str]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"suggestions": [one.to_dict() for one in self.suggestions], "shadow": list(self.shadow)}


def order(
    scores: Mapping[str, CaseScore],
    embeddings: Mapping[str, np.ndarray] | None = None,
    labelled_embeddings: Mapping[str, np.ndarray] | Sequence[np.ndarray] | np.ndarray | None = None,
    *,
    n: int,
    seed: int = 0,
    round: int = 1,
    rounds: int = ROUNDS,
    whole_queue: bool = False,
) -> Order:
    """The next `n` of the unlabelled cases in `scores` (all when there are fewer), the same for the same arguments.

    `embeddings` are (E,) per case, `labelled_embeddings` (E,) per labelled scan; without them there is no diversity
    and no "unlike the labelled scans". `round` counts the trainings so far; noise fades until `rounds`. With
    `whole_queue` the remaining cases follow by plain score. Raises ValueError for n < 1 or unusable embeddings.
    """
    if n < 1:
        raise ValueError(f"at least one case must be asked for, not {n}")
    cases = sorted(scores)
    if not cases:
        return Order([], [])
    structures = [one.name for one in scores[cases[0]].structures]
    overall = rank_average(
        [scores[case].disagreement for case in cases],
        # A missing structure has no rim to be sure of; the others' calm rim must not hide it.
        [None if scores[case].missing else scores[case].rim_entropy for case in cases],
    )
    points, centres = _embedded(cases, embeddings, labelled_embeddings)
    picker = _Picker(points, centres)
    noise = _noise(len(cases), len(structures) + 1, seed, round, rounds)
    n = min(n, len(cases))
    if len(structures) > 1:
        per_structure = [_structure_scores(scores, cases, name) for name in structures]
        for index, slots in _slots(len(structures), n, start=round):
            noisy = np.log(per_structure[index] + 1e-6) + noise[index + 1]
            picker.take(noisy, slots, structures[index])
    noisy = np.log(overall + 1e-6) + noise[0]
    picker.take(noisy, n - len(picker.taken), None)
    first = sorted(picker.taken, key=lambda index: (-noisy[index], cases[index]))
    rest = sorted(set(range(len(cases))) - set(first), key=lambda index: (-overall[index], cases[index]))
    novelty = _novelty(cases, points, centres)
    reasons = explain(scores, novelty)
    suggestions = []
    for index in first + (rest if whole_queue else []):
        case = cases[index]
        values = _values(scores[case], novelty.get(case))
        values["reason"] = reasons[case].to_dict()
        values["noisy_score"] = float(noisy[index])
        values["in_batch"] = index in picker.taken
        values["picked_for"] = picker.taken.get(index)
        suggestions.append(Suggestion(case, float(overall[index]), reasons[case].sentence, values))
    return Order(suggestions, foreground_aware_random(scores, n=n, seed=seed, round=round))


def rank_average(*measures: Sequence[float | None]) -> np.ndarray:
    """(M,) in 0..1: the mean over `measures` (each M long) of the rank / M; None ranks as the highest value."""
    ranks = [_ranks([np.inf if value is None else value for value in measure]) for measure in measures]
    return np.mean(ranks, axis=0) / len(measures[0])


def _ranks(values: Sequence[float]) -> np.ndarray:
    """(M,) ranks from 1 on; equal values share the mean of theirs. As scipy.stats.rankdata, which takes a second to
    load."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def foreground_aware_random(
    scores: Mapping[str, CaseScore], *, n: int, seed: int = 0, round: int = 1
) -> list[str]:
    """`n` cases at random: a structure first, each as likely, then any scan in which it is predicted.

    Scans without any prediction come only when no others are left. The strongest simple opponent of a ranking.
    """
    random = np.random.default_rng([2, seed, round])
    open_cases = sorted(scores)
    chosen: list[str] = []
    while open_cases and len(chosen) < n:
        holders: dict[str, list[str]] = {}
        for case in open_cases:
            for one in scores[case].structures:
                if one.volume_mm3 > 0:
                    holders.setdefault(one.name, []).append(case)
        pool = holders[sorted(holders)[random.integers(len(holders))]] if holders else open_cases
        chosen.append(pool[random.integers(len(pool))])
        open_cases.remove(chosen[-1])
    return chosen


class _Picker:
    """Takes cases one group at a time: the top of a score, and inside it the most different ones."""

    def __init__(self, points: np.ndarray | None, centres: np.ndarray) -> None:
        self.taken: dict[int, str | None] = {}  # index -> the structure it was picked for
        self._points, self._centres = points, centres

    def take(self, score: np.ndarray, count: int, structure: str | None) -> None:
        """Take `count` untaken cases by `score` (M,), where -inf means "not a candidate"."""
        open_indices = [
            index for index in np.argsort(-score, kind="stable").tolist()
            if index not in self.taken and np.isfinite(score[index])
        ]  # fmt: skip
        pool = open_indices[: POOL_FACTOR * count]
        if self._points is None:
            picks = pool[:count]
        else:
            centres = np.concatenate([self._centres, self._points[list(self.taken)]])
            picks = [pool[index] for index in k_center(self._points[pool], centres, count)]
        self.taken.update(dict.fromkeys(picks, structure))


def _slots(structures: int, n: int, start: int) -> list[tuple[int, int]]:
    """(structure index, number of cases): 66 % of `n` in turn, another structure first in each round."""
    reserved = int(RESERVED_SHARE * n + 0.5) if n > 1 else 0
    turns = [(start + turn) % structures for turn in range(reserved)]
    return [(index, turns.count(index)) for index in dict.fromkeys(turns)]


def _structure_scores(scores: Mapping[str, CaseScore], cases: Sequence[str], name: str) -> np.ndarray:
    """(M,) rank-average of one structure; NaN where it is neither predicted nor expected."""
    rows = [scores[case].structure(name) for case in cases]
    counted = [index for index, one in enumerate(rows) if one.disagreement is not None]
    result = np.full(len(cases), np.nan)
    if counted:
        result[counted] = rank_average(
            [rows[index].disagreement for index in counted], [rows[index].rim_entropy for index in counted]
        )
    return result


def _noise(cases: int, kinds: int, seed: int, round: int, rounds: int) -> np.ndarray:
    """(kinds, cases) Gumbel(0, 1 / beta), beta from 1 to 100 over the rounds (power sampling of nnActive)."""
    progress = min(max(round / rounds, 0.0), 1.0)
    beta = _FIRST_BETA * (_LAST_BETA / _FIRST_BETA) ** progress
    return np.random.default_rng([1, seed, round]).gumbel(0.0, 1.0 / beta, size=(kinds, cases))


def _embedded(
    cases: Sequence[str],
    embeddings: Mapping[str, np.ndarray] | None,
    labelled: Mapping[str, np.ndarray] | Sequence[np.ndarray] | np.ndarray | None,
) -> tuple[np.ndarray | None, np.ndarray]:
    """Cases (M, D) and labelled scans (L, D) in common principal components; (None, empty) without embeddings."""
    if embeddings is None:
        return None, np.zeros((0, 0))
    if labelled is None:
        labelled = {}
    elif not isinstance(labelled, Mapping):
        labelled = {f"labelled scan {index + 1}": row for index, row in enumerate(labelled)}
    rows = as_rows(embeddings, cases)
    if labelled:
        rows = np.concatenate([rows, as_rows(labelled, list(labelled))])
    reduced = principal_components(rows)
    return reduced[: len(cases)], reduced[len(cases) :]


def _novelty(cases: Sequence[str], points: np.ndarray | None, centres: np.ndarray) -> dict[str, Novelty]:
    if points is None or len(centres) == 0:
        return {}
    distances = nearest(points, centres)
    typical = float(np.median(distances))
    return {
        case: Novelty(float(distance), typical, len(centres))
        for case, distance in zip(cases, distances, strict=True)
    }


def _values(score: CaseScore, novelty: Novelty | None) -> dict[str, Any]:
    return {
        "risk": score.risk,
        "disagreement": score.disagreement,
        "rim_entropy": score.rim_entropy,
        "expected_dice": score.expected_dice,
        "volume_ratio": score.volume_ratio,
        "outside_largest": score.outside_largest,
        "size_deviation": score.size_deviation,
        "missing": list(score.missing),
        "distance_to_labelled": None if novelty is None else novelty.distance,
    }
