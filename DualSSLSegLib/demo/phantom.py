"""A generated cohort for machines without real scans: MR-like crops around a curved structure in two parts.

The structure is a bent tube with a thick anterior and a thin posterior part, in tissue of nearly its own
grey value, with a dark fluid cleft on one side and a look-alike in front of it. Shape, side, size, voxel
size, axis order, contrast, bias field and noise differ from case to case. It shows that the loop works; it
is no evidence of accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from DualSSLSegLib.atomic import replacing
from DualSSLSegLib.imaging import nifti
from DualSSLSegLib.imaging.geometry import Grid

STRUCTURES = ("anterior part", "posterior part")
_FIELD_OF_VIEW_MM = (36.0, 50.0, 36.0)
_CENTRELINE_POINTS = 64

_FLUID, _GREY, _TARGET, _WHITE = 0.14, 0.50, 0.60, 0.78


@dataclass(frozen=True)
class PhantomCase:
    """A generated scan: `image` int16 and `label` uint8 (0, 1, 2), both (X, Y, Z); `affine` to RAS mm."""

    image: np.ndarray
    label: np.ndarray
    affine: np.ndarray


def make_case(seed: int) -> PhantomCase:
    """Generate the case of this seed; the same seed gives the same voxels."""
    rng = np.random.default_rng(seed)
    spacing = np.array(rng.choice([(1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.9, 0.9, 1.2)]))
    shape = tuple(
        round(size * rng.uniform(0.92, 1.1) / step)
        for size, step in zip(_FIELD_OF_VIEW_MM, spacing, strict=True)
    )
    points = _coordinates_mm(shape, spacing)
    points = points + _smooth_displacement(rng, shape)
    side = rng.choice([-1.0, 1.0])
    along, relative_radius = _tube(rng, points, side)
    label = np.zeros(shape, np.uint8)
    inside = relative_radius <= 1.0
    boundary = rng.uniform(0.34, 0.44)
    label[inside & (along < boundary)] = 1
    label[inside & (along >= boundary)] = 2
    image = _scan(rng, _tissue(rng, points, side, label, relative_radius), spacing)
    return _stored(rng, image, label, spacing)


def write_cohort(
    folder: Path, number: int, *, seed: int = 2024, said: Callable[[int, int], None] | None = None
) -> list[str]:
    """Write `number` cases as folder/images/<case>.nii.gz and folder/labels/<case>.nii.gz and return their
    ids.

    `said(done, number)` is called after every case. Files that are there already are kept.
    """
    names = [f"phantom_{index:03d}" for index in range(1, number + 1)]
    for index, name in enumerate(names):
        image_path, label_path = (folder / kind / f"{name}.nii.gz" for kind in ("images", "labels"))
        if not (image_path.is_file() and label_path.is_file()):
            case = make_case(seed * 100_000 + index)
            _write(label_path, case.label, case.affine)
            _write(image_path, case.image, case.affine)
        if said is not None:
            said(index + 1, number)
    return names


def _coordinates_mm(shape: tuple[int, ...], spacing: np.ndarray) -> np.ndarray:
    """(X, Y, Z, 3) positions in mm from the centre of the volume: right, anterior, superior."""
    axes = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def _smooth_displacement(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A random bending of space, (X, Y, Z, 3) in mm, about 1.2 mm strong and smooth over about 8 voxels."""
    field = np.stack([ndimage.gaussian_filter(rng.standard_normal(shape), 6.0) for _ in range(3)], axis=-1)
    return field * (rng.uniform(0.8, 1.5) / field.std())


def _tube(rng: np.random.Generator, points: np.ndarray, side: float) -> tuple[np.ndarray, np.ndarray]:
    """For every voxel: place along the tube (0 front .. 1 back), and distance in units of its radius."""
    t = np.linspace(0.0, 1.0, _CENTRELINE_POINTS)
    size = rng.uniform(0.85, 1.15)
    bend, lift = rng.uniform(3.0, 7.0), rng.uniform(5.0, 10.0)
    centre = np.stack(
        [
            side * (bend * np.sin(np.pi * t) - 3.0 - rng.uniform(0, 2.0) * t),
            size * (15.0 - 30.0 * t),
            lift * t**1.6 - 4.0 + rng.uniform(-1.0, 1.0) * np.sin(2 * np.pi * t),
        ],
        axis=-1,
    ) + rng.uniform(-1.5, 1.5, 3)
    radius = size * (
        rng.uniform(2.9, 3.5)
        + rng.uniform(1.8, 2.8) * np.exp(-(((t - 0.16) / 0.17) ** 2))
        - rng.uniform(0.8, 1.4) * np.clip((t - 0.75) / 0.25, 0, 1)
    )
    flat = points.reshape(-1, 3)
    best = np.full(len(flat), np.inf)
    along = np.zeros(len(flat))
    for index in range(_CENTRELINE_POINTS):
        offset = (flat - centre[index]) / (1.15, 1.0, 0.85)
        distance = np.sqrt((offset**2).sum(axis=1)) / radius[index]
        nearer = distance < best
        best[nearer], along[nearer] = distance[nearer], t[index]
    return along.reshape(points.shape[:3]), best.reshape(points.shape[:3])


def _tissue(
    rng: np.random.Generator, points: np.ndarray, side: float, label: np.ndarray, relative_radius: np.ndarray
) -> np.ndarray:
    """Noise-free grey values: white and grey matter, the tube, a fluid cleft beside it, a look-alike in
    front.
    """
    shape = label.shape
    folds = ndimage.gaussian_filter(rng.standard_normal(shape), 3.2)
    tissue = np.where(folds > 0.35 * folds.std(), _GREY, _WHITE)
    cleft_side = points[..., 0] * side + 0.5 * points[..., 2]
    cleft = (relative_radius > 1.02) & (relative_radius < rng.uniform(1.3, 1.6)) & (cleft_side > 2.0)
    tissue[cleft] = _FLUID
    look_alike_at = np.array([side * rng.uniform(-4, 0), rng.uniform(11, 15), rng.uniform(5, 8)])
    away = np.sqrt((((points - look_alike_at) / (5.5, 5.0, 4.5)) ** 2).sum(axis=-1))
    tissue[(away < 1.0) & (label == 0)] = _TARGET - 0.02
    tissue[label > 0] = _TARGET
    tissue[label == 2] -= 0.02
    return tissue + 0.02 * ndimage.gaussian_filter(rng.standard_normal(shape), 1.5) / 0.1


def _scan(rng: np.random.Generator, tissue: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """What a scanner makes of it: partial volume, bias field, Rician noise, a scale of its own. int16."""
    image = ndimage.gaussian_filter(tissue, 0.55 / spacing)
    bias = ndimage.gaussian_filter(rng.standard_normal(tissue.shape), 14.0)
    image = image * np.exp(rng.uniform(0.08, 0.18) * bias / bias.std())
    noise = rng.uniform(0.02, 0.045)
    real = image + noise * rng.standard_normal(tissue.shape)
    imaginary = noise * rng.standard_normal(tissue.shape)
    return np.clip(np.hypot(real, imaginary) * rng.uniform(600, 2400), 0, 32000).astype(np.int16)


def _stored(
    rng: np.random.Generator, image: np.ndarray, label: np.ndarray, spacing: np.ndarray
) -> PhantomCase:
    """Store the axes in an order and direction that differ between cases, as several scanners would."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = rng.uniform(-60, 60, 3)
    order = rng.permutation(3) if rng.random() < 0.25 else np.arange(3)
    image, label = image.transpose(order), label.transpose(order)
    affine[:, :3] = affine[:, order]
    for axis in range(3):
        if rng.random() < 0.2:
            image, label = np.flip(image, axis), np.flip(label, axis)
            affine[:3, 3] += affine[:3, axis] * (image.shape[axis] - 1)
            affine[:3, axis] *= -1
    return PhantomCase(np.ascontiguousarray(image), np.ascontiguousarray(label), affine)


def _write(path: Path, array: np.ndarray, affine: np.ndarray) -> None:
    with replacing(path, suffix=".nii.gz") as temporary:
        nifti.write(temporary, array, Grid(array.shape, affine))
