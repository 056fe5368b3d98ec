"""Small made-up probabilities of two networks, for the rooms that judge predictions."""

from __future__ import annotations

import numpy as np


def ball(shape, centre, radius, *, edge=0.6):
    """(X, Y, Z) probability of a ball with a soft edge; `edge` is the edge's width in voxels."""
    grid = np.ogrid[tuple(slice(0, size) for size in shape)]
    distance = np.sqrt(sum((axis - middle) ** 2 for axis, middle in zip(grid, centre, strict=True)))
    return 1 / (1 + np.exp((distance - radius) / edge))


def network(*foregrounds):
    """(K, X, Y, Z) float32 probabilities of one network from its foreground probabilities."""
    stacked = np.stack(foregrounds)
    stacked = stacked / np.maximum(stacked.sum(axis=0), 1.0)
    return np.concatenate([1 - stacked.sum(axis=0, keepdims=True), stacked]).astype(np.float32)


def two_organs(
    seed, *, shape=(32, 26, 24), edge=0.5, second=True, pieces=1, spread=0.35, noise=0.2, second_radius=5.0
):
    """(2, 3, X, Y, Z): a case as two networks see it; the seed varies size and place, the options make it odd."""
    random = np.random.default_rng(seed)
    first_radius = 6 + noise * random.standard_normal()
    second_radius = second_radius + noise * random.standard_normal()
    shift = random.normal(0, 0.3, 3)
    networks = []
    for _ in range(2):
        wobble = shift + random.normal(0, spread, 3)
        centre = np.array([10, 13, 12]) + wobble
        one = ball(shape, centre, first_radius, edge=edge)
        if pieces == 2:
            one = np.maximum(
                ball(shape, centre - np.array([5, 5, 4]), 3.9, edge=edge),
                ball(shape, centre + np.array([3, 4, 3]), 4.6, edge=edge),
            )
        other = ball(shape, np.array([23, 13, 12]) + wobble, second_radius, edge=0.5)
        networks.append(network(one, other if second else np.zeros(shape)))
    return np.stack(networks)
