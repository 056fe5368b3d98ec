"""Hot spots: connected uncertain regions, each with its size, its place and a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.uncertainty.place import (
    extents,
    place_in_scan,
    place_on_structure,
    scan_extent,
    to_ras,
)
from DualSSLSegLib.uncertainty.regions import (
    CONNECTED,
    grow,
    one_voxel,
    regions,
    robust_level,
    smoothed,
    uncertain_box,
)

BACKGROUND = "background"
_COIN_SHARE = 0.55  # of a coin flip between two classes: what smoothing leaves of a border two voxels thick
_LARGEST_SHARE = 0.15  # of all uncertain voxels; a larger region is cut at a higher threshold
_SPREAD_SHARE = 0.25  # of all voxels of the scan: a region as large as that is no place any more
_NEXT_TO_MM = 2.0
_MIN_VOXELS = 8
_MIN_SHARE = 0.1  # of a region's surroundings that a structure must have to be named


@dataclass(frozen=True)
class HotSpot:
    """One connected uncertain region.

    centre_voxel (i, j, k) lies inside the region; centre_ras_mm is the same place through the affine. peak and mean are
    uncertainties 0..1. structure: the structure it belongs to (empty for none); between: the names that meet there.
    place: "at its superior end". where: what it lies at and place, in plain words.
    sentence: all of it in plain words.
    """

    volume_mm3: float
    voxels: int
    centre_voxel: tuple[int, int, int]
    centre_ras_mm: tuple[float, float, float]
    peak: float
    mean: float
    structure: str
    between: tuple[str, ...]
    place: str
    where: str
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def find(
    uncertainty: np.ndarray,
    label: np.ndarray,
    affine: np.ndarray,
    structure_names: Sequence[str],
    *,
    probabilities: np.ndarray | None = None,
    classes: int | None = None,
    threshold: float | None = None,
    min_volume_mm3: float = 0.0,
    limit: int = 20,
) -> list[HotSpot]:
    """The uncertain regions of one scan, largest first, at most `limit`.

    uncertainty (X, Y, Z) 0..1; label (X, Y, Z) class indices, 0 background, c = structure_names[c - 1];
    affine 4x4 to RAS mm. With fused `probabilities` (K, X, Y, Z) on the same grid a sentence can also name a
    structure that was not predicted.

    Every border is uncertain by a voxel, so the map is smoothed by one voxel first: what is left high is
    thick or very unsure. The threshold is the median plus one robust standard deviation of the voxels that
    are not certain, but at least 0.55 of a coin flip between two classes; `threshold` overrides it (on the
    smoothed map). A region with more than 15 % of all these voxels is cut at higher thresholds. Regions
    of fewer than 8 voxels are left out.
    Raises BadInput when shapes or names do not fit.
    """
    affine = np.asarray(affine, dtype=np.float64)
    names = (BACKGROUND, *structure_names)
    _check(uncertainty, label, affine, probabilities, names)
    coin = math.log(2) / math.log(classes if classes is not None else len(names))
    floor = _COIN_SHARE * coin if threshold is None else threshold
    box = uncertain_box(uncertainty, floor / 2)
    if box is None:
        return []
    raw = np.asarray(uncertainty[box], dtype=np.float32)
    part = np.asarray(label[box])
    smooth = smoothed(raw, one_voxel(affine))
    unsure = smooth >= floor / 2
    if not unsure.any():
        return []
    level = robust_level(smooth[unsure], floor, coin) if threshold is None else threshold
    voxel_mm3 = abs(float(np.linalg.det(affine[:3, :3])))
    smallest = max(_MIN_VOXELS, math.ceil(min_volume_mm3 / voxel_mm3))
    largest = max(smallest, int(_LARGEST_SHARE * np.count_nonzero(unsure)))
    words = _Words(part, box, label, affine, names, probabilities)
    found = grow(regions(smooth, level, smallest, largest), raw >= level)
    found.sort(key=lambda region: -np.count_nonzero(region[1]))
    spots = []
    for where, mask in found[:limit]:
        voxels = np.stack(np.nonzero(mask), 1) + [s.start for s in where]
        values = raw[where][mask]
        middle = np.average(voxels, axis=0, weights=values + 1e-6)
        centre = voxels[np.argmin(((voxels - middle) ** 2).sum(axis=1))] + [s.start for s in box]
        spots.append(words.describe(where, mask, values, centre, mask.sum() * voxel_mm3))
    return spots


@dataclass
class _Words:
    """What it takes to say where a region lies; `part` is the `box` of the label around all that is uncertain."""

    part: np.ndarray
    box: tuple[slice, ...]
    label: np.ndarray
    affine: np.ndarray
    names: tuple[str, ...]
    probabilities: np.ndarray | None

    def __post_init__(self) -> None:
        # Of whole structures: the box cuts them off where nothing is uncertain.
        self.extents = extents(self.label, len(self.names), self.affine)
        self.scan = scan_extent(self.label.shape, self.affine)

    def describe(
        self, where: tuple[slice, ...], mask: np.ndarray, values: np.ndarray, centre: np.ndarray, mm3: float
    ) -> HotSpot:
        point = to_ras(centre[None].astype(np.float64), self.affine)[0]
        meeting = self._meeting(where, mask)
        structures = [value for value in meeting if value]
        own = structures[0] if structures else 0
        maybe = self._runner_up(where, mask, meeting)
        if len(meeting) > 1:
            *before, last = (self.names[value] for value in meeting)
            words = f"{', '.join(before)} and {last}"
            border = f"at the border between {words}" if len(meeting) == 2 else f"where {words} meet"
        elif own:
            border = f"inside {self.names[own]}"
        else:
            border = "in the background, outside every predicted structure"
        if values.size > _SPREAD_SHARE * self.label.size:
            border = "spread over much of the scan"
        if maybe is not None:
            border += f" (it may be {self.names[maybe]})"
        reach = self.extents.get(own)
        place = place_on_structure(point, reach) if reach is not None else place_in_scan(point, self.scan)
        if len(structures) > 1 and reach is not None:
            place = place.replace(" its ", f" the {self.names[own]}'s ", 1)
        if not own:
            place = self._distance(point) + place
        peak = float(values.max())
        where_words = f"{border}, {place}"
        sentence = f"{_volume(mm3)} {where_words}; the networks are unsure (peak {peak:.2f})"
        i, j, k = (int(c) for c in centre)
        x, y, z = (round(float(c), 2) for c in point)
        return HotSpot(
            volume_mm3=round(float(mm3), 3),
            voxels=int(values.size),
            centre_voxel=(i, j, k),
            centre_ras_mm=(x, y, z),
            peak=round(peak, 4),
            mean=round(float(values.mean()), 4),
            structure=self.names[own] if own else "",
            between=tuple(self.names[value] for value in meeting),
            place=place,
            where=where_words,
            sentence=sentence,
        )

    def _distance(self, point_mm: np.ndarray) -> str:
        """ "12 mm from anterior hippocampus, ", the structure that is nearest; empty when none is predicted."""
        gaps = {
            value: float(np.sqrt(((reach.points_mm - point_mm) ** 2).sum(axis=1).min()))
            for value, reach in self.extents.items()
            if reach is not None
        }
        if not gaps:
            return ""
        nearest = min(gaps, key=lambda value: gaps[value])
        if gaps[nearest] < _NEXT_TO_MM:
            return f"next to {self.names[nearest]}, "
        return f"{gaps[nearest]:.0f} mm from {self.names[nearest]}, "

    def _meeting(self, where: tuple[slice, ...], mask: np.ndarray) -> list[int]:
        """The one to three classes in and right around the region, the largest structure first, background last."""
        wide = tuple(slice(max(0, s.start - 1), s.stop + 1) for s in where)
        around = self.part[wide]
        grown = np.zeros(around.shape, dtype=bool)
        grown[tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(where, wide, strict=True))] = (
            mask
        )
        counts = np.bincount(around[ndimage.binary_dilation(grown, CONNECTED)], minlength=len(self.names))
        order = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] >= _MIN_SHARE * counts.sum()]
        return sorted(order[:3], key=lambda value: (value == 0, -int(counts[value])))

    def _runner_up(self, where: tuple[slice, ...], mask: np.ndarray, meeting: list[int]) -> int | None:
        """A structure that does not touch the region but takes a good share of its probability."""
        if self.probabilities is None:
            return None
        place = tuple(
            slice(b.start + s.start, b.start + s.stop) for b, s in zip(self.box, where, strict=True)
        )
        mean = np.asarray(self.probabilities[(slice(None), *place)], dtype=np.float32)[:, mask].mean(axis=1)
        best = max(range(1, len(self.names)), key=lambda value: mean[value])
        return best if best not in meeting and mean[best] >= 2 * _MIN_SHARE else None


def _volume(mm3: float) -> str:
    return f"{mm3:.0f} mm³" if mm3 >= 10 else f"{mm3:.2g} mm³"


def _check(
    uncertainty: np.ndarray,
    label: np.ndarray,
    affine: np.ndarray,
    probabilities: np.ndarray | None,
    names: tuple[str, ...],
) -> None:
    if uncertainty.ndim != 3 or uncertainty.shape != label.shape:
        raise BadInput(f"the uncertainty {uncertainty.shape} and the label {label.shape} differ in size.")
    if probabilities is not None and probabilities.shape != (len(names), *label.shape):
        raise BadInput(
            f"the probabilities {probabilities.shape} do not fit {len(names)} classes on {label.shape}."
        )
    if affine.shape != (4, 4):
        raise BadInput(f"an affine is a 4 x 4 matrix, not {affine.shape}.")
    if label.size and int(label.max()) >= len(names):
        raise BadInput(
            f"the label holds class {int(label.max())}, but only {len(names) - 1} structures are named."
        )
