"""Small scans, labels, maps and structures for the tests of the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from support.grids import blob, turned_grid

from DualSSLSegLib.imaging.geometry import Grid, Volume
from DualSSLSegLib.study.model import Structure

KIDNEY = {
    "category": {"scheme": "SCT", "value": "123037004", "meaning": "Anatomical Structure"},
    "type": {"scheme": "SCT", "value": "64033007", "meaning": "Kidney"},
    "type_modifier": {"scheme": "SCT", "value": "7771000", "meaning": "Left"},
}
STRUCTURES = (
    Structure("Vorderes Stück", 1, "#e6194b"),
    Structure("海馬 posterior", 2, "#3cb44b"),
    Structure("left kidney", 5, "#4363d8", KIDNEY),
)
OBLIQUE = turned_grid((20, 16, 12), (0.7, 1.1, 3.0), order=(1, 2, 0), signs=(-1, 1, 1), angles=(20, -10, 35))
PLAIN = turned_grid((24, 20, 16), (1.0, 1.0, 2.0), centre=(0, 0, 0))
MAP = np.random.default_rng(0).random(PLAIN.shape).astype(np.float32)  # of every voxel of PLAIN, 0..1


@dataclass(frozen=True, eq=False)
class Opened:
    """What CaseScene reads of an opened case."""

    id: str
    volume: Volume
    label: np.ndarray | None
    structures: tuple[Structure, ...] = STRUCTURES


def scan(grid: Grid, name: str = "case", channels: int = 1, seed: int = 0) -> Volume:
    """A ball in noise, array (C, X, Y, Z) float32."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in grid.shape), indexing="ij")
    ball = np.sqrt(sum(axis**2 for axis in axes)) < 0.8
    array = 100.0 * ball + rng.normal(0, 5, (channels, *grid.shape))
    return Volume(array.astype(np.float32), grid.affine, name)


def opened(grid: Grid = PLAIN, name: str = "case", label: np.ndarray | None = None) -> Opened:
    return Opened(name, scan(grid, name), blob(grid) if label is None else label)
