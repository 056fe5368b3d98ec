"""Distances between scans in the networks' embedding, and picking scans that cover it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

_DIMENSIONS = 32


@dataclass(frozen=True)
class Novelty:
    """How far a case lies from what was labelled."""

    distance: float  # to the nearest labelled scan, in the embedding
    typical: float  # the cohort's median of that distance
    labelled: int


def as_rows(embeddings: Mapping[str, np.ndarray], cases: Sequence[str]) -> np.ndarray:
    """(M, E) float64, one row per case in order. Raises ValueError that names the cases without a usable vector."""
    missing = [case for case in cases if case not in embeddings]
    if missing:
        raise ValueError(f"no embedding for {', '.join(missing[:5])} ({len(missing)} of {len(cases)} cases)")
    rows = np.stack([np.asarray(embeddings[case], dtype=np.float64).ravel() for case in cases])
    broken = [case for case, row in zip(cases, rows, strict=True) if not np.isfinite(row).all()]
    if broken:
        raise ValueError(f"the embedding of {', '.join(broken[:5])} holds values that are not numbers")
    return rows


def principal_components(rows: np.ndarray, dimensions: int = _DIMENSIONS) -> np.ndarray:
    """(M, min(dimensions, M, E)): `rows` (M, E) centred and turned onto their directions of largest variance."""
    centred = rows - rows.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:dimensions].T


def nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(M,) distance of each of `points` (M, E) to the nearest of `centres` (C, E); infinite without centres."""
    if len(centres) == 0:
        return np.full(len(points), np.inf)
    return cdist(points, centres).min(axis=1)


def k_center(points: np.ndarray, centres: np.ndarray, count: int) -> list[int]:
    """Indices of `count` of `points` (M, E), each time the one farthest from `centres` (C, E) and those taken.

    Greedy k-center (CoreSet, Sener and Savarese 2018). Ties, and the first pick without centres, go to the earlier
    point, so sort the points by importance.
    """
    distance = nearest(points, centres)
    taken: list[int] = []
    for _ in range(min(count, len(points))):
        open_distance = distance.copy()
        open_distance[taken] = -1.0
        pick = int(open_distance.argmax())
        taken.append(pick)
        distance = np.minimum(distance, nearest(points, points[pick : pick + 1]))
    return taken
