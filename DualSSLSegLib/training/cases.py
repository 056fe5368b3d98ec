"""A case as the trainer sees it: arrays on the working grid and a name."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.inference.mapped_array import VolumeArray

_MAX_POSITIONS = 20_000  # foreground voxels kept per class for centring crops


@dataclass(frozen=True, eq=False)
class TrainingCase:
    """image (C, X, Y, Z) normalised, float32 or float16; label (X, Y, Z) of class indices 0..K-1; in memory or files.

    `label` is None for an unlabelled case, and IGNORE (-1) where nothing is known. `unknown`: class indices of which
    the label says nothing, because it is older than these structures. Raises BadInput when the two shapes differ.
    """

    id: str
    image: VolumeArray
    spacing_mm: tuple[float, float, float]
    label: VolumeArray | None = None
    unknown: tuple[int, ...] = ()
    foreground: dict[int, np.ndarray] = field(init=False, repr=False)  # class -> voxel positions (n, 3)
    shares: dict[int, float] = field(init=False, repr=False)  # class -> share of the scan's voxels

    def __post_init__(self) -> None:
        if self.image.ndim != 4:
            raise BadInput(f"case {self.id}: the image has {self.image.ndim} axes, not channel, x, y, z.")
        positions: dict[int, np.ndarray] = {}
        shares: dict[int, float] = {}
        if self.label is not None:
            if self.label.shape != self.image.shape[1:]:
                raise BadInput(
                    f"case {self.id}: image {self.image.shape[1:]} and label {self.label.shape} differ in size."
                )
            label = np.asarray(self.label)
            for value in np.unique(label):
                if value > 0:
                    found = np.flatnonzero(label == value)
                    shares[int(value)] = found.size / label.size
                    step = max(1, -(-found.size // _MAX_POSITIONS))
                    positions[int(value)] = np.stack(np.unravel_index(found[::step], label.shape), 1)
        object.__setattr__(self, "foreground", positions)
        object.__setattr__(self, "shares", shares)

    @property
    def size(self) -> tuple[int, int, int]:
        x, y, z = self.image.shape[1:]
        return x, y, z
