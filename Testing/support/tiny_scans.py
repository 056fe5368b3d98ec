"""Tiny scans for tests: a bright ball and a less bright block in noise, with the label that belongs to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.write import write_label, write_map

STRUCTURES = [
    {"name": "ball", "value": 1, "color": "#ff0000", "codes": None},
    {"name": "block", "value": 5, "color": "#00ff00", "codes": None},
]
SHAPE = (24, 28, 20)


def tiny_grid(seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> Grid:
    """LPS axes, 1 x 1 x 1.25 mm, an origin of its own."""
    affine = np.diag([-1.0, -1.0, 1.25, 1.0])
    affine[:3, 3] = (10.0 + seed, 20.0, -5.0)
    return Grid(shape, affine)


def tiny_scan(seed: int, shape: tuple[int, int, int] = SHAPE) -> tuple[np.ndarray, np.ndarray]:
    """Image float32 and label uint8 (values 0, 1, 5), both (X, Y, Z); the same seed gives the same voxels."""
    rng = np.random.default_rng(seed)
    place = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    ball = np.array(shape) * (0.35, 0.4, 0.5) + rng.uniform(-1.5, 1.5, 3)
    block = np.array(shape) * (0.7, 0.7, 0.5) + rng.uniform(-1.5, 1.5, 3)
    label = np.zeros(shape, np.uint8)
    label[np.abs(place - block).max(axis=-1) <= rng.uniform(2.6, 3.6)] = 5
    label[((place - ball) ** 2).sum(axis=-1) <= rng.uniform(4.5, 5.5) ** 2] = 1
    image = np.select([label == 1, label == 5], [900.0, 600.0], 200.0) + rng.normal(0, 60, shape)
    return image.astype(np.float32), label


def write_tiny_scan(
    folder: Path, name: str, seed: int, *, label_folder: Path | None = None, suffix: str = ".nii.gz"
) -> Path:
    """Write folder/<name><suffix>, and label_folder/<name>.nii.gz when asked. Returns the path of the scan."""
    image, label = tiny_scan(seed)
    grid = tiny_grid(seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_map(folder / f"{name}{suffix}", image, grid)
    if label_folder is not None:
        label_folder.mkdir(parents=True, exist_ok=True)
        write_label(label_folder / f"{name}.nii.gz", label, grid)
    return folder / f"{name}{suffix}"
