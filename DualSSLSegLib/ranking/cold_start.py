"""Which scans to label first, when nothing is labelled and no network exists: typical ones of different kinds.

TypiClust (Hacohen et al. 2022) on intensity and shape features of at most 200 scans; COLosSAL (MICCAI 2023) found it
the most often useful choice for a cold start in 3D.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from scipy.spatial.distance import cdist

from DualSSLSegLib.ranking.clusters import k_means
from DualSSLSegLib.ranking.diversity import as_rows, principal_components
from DualSSLSegLib.ranking.order import Suggestion

SAMPLE = 200
_BINS = 32
_THUMBNAIL = 8
_PER_CHANNEL = _BINS + _THUMBNAIL**3
_GEOMETRY = 6
_NEIGHBOURS = 20
_LEAST_GROUP = 5
_ODD_GROUPS = 10
_VOXELS_READ = 1_000_000  # for percentiles and histogram; every n-th voxel of larger volumes
_GEOMETRY_WEIGHT = 0.5  # size and spacing often tell the scanner, not the patient


def sample(cases: Collection[str], seed: int = 0, limit: int = SAMPLE) -> list[str]:
    """At most `limit` of the cases, at random, the same for the same seed; sorted."""
    names = sorted(cases)
    if len(names) <= limit:
        return names
    picked = np.random.default_rng([3, seed]).choice(len(names), size=limit, replace=False)
    return [names[index] for index in sorted(picked.tolist())]


def features(image: np.ndarray, spacing_mm: Sequence[float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """What a scan looks like, without a network: (C * 544 + 6,) float32.

    Per channel of `image` (C, X, Y, Z), after mapping its 0.5th..99.5th percentiles to 0..1: the square root of a
    32-bin histogram, then an 8 x 8 x 8 thumbnail of block means. Last: log of the size in mm and of the spacing per
    axis. Raises ValueError for another number of axes, an empty image or voxels that are not numbers.
    """
    if image.ndim != 4 or image.size == 0:
        raise ValueError(f"an image must be (C, X, Y, Z) and not empty, not {image.shape}")
    parts = []
    for channel in image:
        step = max(1, int(np.ceil(channel.size / _VOXELS_READ)))
        voxels = np.asarray(channel).reshape(-1)[::step].astype(np.float64)
        if not np.isfinite(voxels).all():
            raise ValueError("the image holds voxels that are not numbers")
        low, high = np.percentile(voxels, (0.5, 99.5))
        width = max(high - low, np.finfo(np.float32).tiny)
        counts, _ = np.histogram(np.clip((voxels - low) / width, 0, 1), bins=_BINS, range=(0, 1))
        parts.append(np.sqrt(counts / counts.sum()))
        parts.append(np.clip((_block_means(channel) - low) / width, 0, 1).ravel())
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    parts.append(np.log(np.concatenate([spacing * image.shape[1:], spacing])))
    return np.concatenate(parts).astype(np.float32)


def choose(vectors: Mapping[str, np.ndarray], n: int, seed: int = 0) -> list[Suggestion]:
    """The `n` scans to label first (all when there are fewer), from `features` by case; largest group first.

    `score` is the share of the scans that the suggestion stands for. Raises ValueError for n < 1, for vectors of
    different lengths or with values that are not numbers.
    """
    if n < 1:
        raise ValueError(f"at least one case must be asked for, not {n}")
    cases = sorted(vectors)
    if not cases:
        return []
    points = principal_components(_balanced(_same_length(vectors, cases)))
    n = min(n, len(cases))
    groups = _groups(points, n, np.random.default_rng([4, seed]))
    distances = cdist(points, points)
    spread = float(np.median(distances[np.triu_indices(len(cases), 1)])) if len(cases) > 1 else 0.0
    suggestions: list[Suggestion] = []
    for group in sorted(set(groups.tolist()), key=lambda one: (-np.count_nonzero(groups == one), one))[:n]:
        members = np.flatnonzero(groups == group)
        typicality = _typicality(distances[np.ix_(members, members)])
        best = int(typicality.argmax())
        values = {
            "group_size": len(members),
            "scans_compared": len(cases),
            "typicality": float(typicality[best]),
            "distance_in_group": float(1 / typicality[best]) if len(members) > 1 else None,
            "typical_distance": spread,
        }
        reason = _words(len(members), len(cases), values["distance_in_group"], spread)
        suggestions.append(Suggestion(cases[members[best]], len(members) / len(cases), reason, values))
    return suggestions


def _groups(points: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """(M,) groups of which at least `n` are worth a label; a few odd scans make groups of their own beside them.

    An odd scan as one of four first labels teaches little (TypiClust leaves groups below five out, too). When no
    number of groups gives `n` large enough, there are exactly `n`.
    """
    least = min(_LEAST_GROUP, max(1, len(points) // (2 * n)))
    for groups in range(n, min(n + _ODD_GROUPS, len(points)) + 1):
        found = k_means(points, groups, random)
        if np.count_nonzero(np.bincount(found) >= least) >= n:
            return found
    return k_means(points, n, random)


def _typicality(distances: np.ndarray) -> np.ndarray:
    """(M,) 1 / mean distance to the min(20, M - 1) nearest of the group, from (M, M) distances."""
    neighbours = min(_NEIGHBOURS, len(distances) - 1)
    if neighbours == 0:
        return np.zeros(len(distances))
    mean = np.sort(distances, axis=1)[:, 1 : neighbours + 1].mean(axis=1)
    return 1 / np.maximum(mean, 1e-9)


def _words(members: int, cases: int, distance: float | None, spread: float) -> str:
    if cases == 1:
        return "The only scan there is to compare (1 of 1)."
    if distance is None:
        return f"Unlike the other {cases - 1} scans: none of them looks similar."
    others = "another similar scan" if members == 2 else f"{members - 1} similar scans"
    share = f"{100 * members / cases:.0f} % of the {cases} compared"
    closeness = f" (on average at {distance / spread:.2f} of the usual distance)" if spread > 0 else ""
    return f"Typical of {others}{closeness}; together they are {share}."


def _block_means(channel: np.ndarray) -> np.ndarray:
    """(8, 8, 8) float64 means of equal blocks of (X, Y, Z); blocks may share voxels where an axis is short."""
    result = np.asarray(channel, dtype=np.float32)
    for axis in range(3):
        result = np.moveaxis(np.tensordot(_overlaps(channel.shape[axis]), result, axes=(1, axis)), 0, axis)
    return np.asarray(result, dtype=np.float64)


def _overlaps(size: int) -> np.ndarray:
    """(8, size) float32: the share of each block that each voxel covers; rows sum to 1."""
    edges = np.linspace(0, size, _THUMBNAIL + 1)
    voxel = np.arange(size)
    covered = np.minimum(edges[1:, None], voxel + 1) - np.maximum(edges[:-1, None], voxel)
    covered = np.maximum(covered, 0)
    return (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)


def _same_length(vectors: Mapping[str, np.ndarray], cases: Sequence[str]) -> np.ndarray:
    lengths = {len(vectors[case]) for case in cases}
    if len(lengths) > 1 or (next(iter(lengths)) - _GEOMETRY) % _PER_CHANNEL:
        raise ValueError(
            f"feature vectors must come from scans with the same channels; lengths are {sorted(lengths)}"
        )
    return as_rows(vectors, cases)


def _balanced(rows: np.ndarray) -> np.ndarray:
    """Histograms, thumbnails and geometry brought to the same total variance (geometry to a quarter of it)."""
    channels = (rows.shape[1] - _GEOMETRY) // _PER_CHANNEL
    centred = rows - rows.mean(axis=0)
    kind = np.full(rows.shape[1], 2)
    for channel in range(channels):
        start = channel * _PER_CHANNEL
        kind[start : start + _BINS] = 0
        kind[start + _BINS : start + _PER_CHANNEL] = 1
    for index, weight in enumerate((1.0, 1.0, _GEOMETRY_WEIGHT)):
        total = np.sqrt((centred[:, kind == index] ** 2).sum(axis=1).mean())
        # Below this the scans do not differ at all in this respect and only rounding would be blown up.
        centred[:, kind == index] *= weight / total if total > 1e-6 else 0.0
    return centred
