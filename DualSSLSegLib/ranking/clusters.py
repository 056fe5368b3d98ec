"""k-means that gives the same groups for the same random state and never an empty one."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

_STARTS = 8
_STEPS = 100


def k_means(points: np.ndarray, groups: int, random: np.random.Generator) -> np.ndarray:
    """(M,) int64 group of each of `points` (M, E), the tightest of several k-means++ starts.

    A group that would stay empty takes the point farthest from its own centre.
    Raises ValueError when `groups` is not in 1..M.
    """
    if not 1 <= groups <= len(points):
        raise ValueError(f"{len(points)} points cannot be put into {groups} groups")
    best, least = np.zeros(len(points), dtype=np.int64), np.inf
    for _ in range(_STARTS):
        assigned, spread = _lloyd(points, _spread_out(points, groups, random))
        if spread < least:
            best, least = assigned, spread
    return best


def _spread_out(points: np.ndarray, groups: int, random: np.random.Generator) -> np.ndarray:
    """(groups, E) first centres: each next point with probability by its squared distance (k-means++)."""
    picks = [int(random.integers(len(points)))]
    for _ in range(groups - 1):
        squared = cdist(points, points[picks], "sqeuclidean").min(axis=1)
        squared[picks] = 0.0
        total = squared.sum()
        if total > 0:
            picks.append(int(random.choice(len(points), p=squared / total)))
        else:
            picks.append(next(index for index in range(len(points)) if index not in picks))
    return points[picks]


def _lloyd(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, float]:
    groups = len(centres)
    assigned = np.full(len(points), -1)
    for _ in range(_STEPS):
        squared = cdist(points, centres, "sqeuclidean")
        nearest = squared.argmin(axis=1)
        for empty in np.setdiff1d(np.arange(groups), nearest):
            sizes = np.bincount(nearest, minlength=groups)
            movable = np.where(sizes[nearest] > 1, squared[np.arange(len(points)), nearest], -1.0)
            nearest[int(movable.argmax())] = empty
        if np.array_equal(nearest, assigned):
            break
        assigned = nearest
        centres = np.stack([points[assigned == group].mean(axis=0) for group in range(groups)])
    spread = float(((points - centres[assigned]) ** 2).sum())
    return assigned, spread
