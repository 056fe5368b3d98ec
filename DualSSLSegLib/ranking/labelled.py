"""What the labelled scans say about each structure: how often it is there and how large it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_EXPECTED_SHARE = 0.5
_LEAST_SPREAD = (
    0.2  # of log volume: below it, four similar labelled scans would make every other scan an outlier
)


def structure_volumes(
    label: np.ndarray, spacing_mm: Sequence[float], structure_names: Sequence[str]
) -> dict[str, float]:
    """Volume in mm3 per structure of a label map (X, Y, Z) of class indices 1, 2, ... in the names' order."""
    counts = np.zeros(256, np.int64)
    for plane in label:  # counted at once, a whole scan would take eight times its memory
        counts += np.bincount(np.asarray(plane, dtype=np.uint8).ravel(), minlength=256)
    voxel_mm3 = float(np.prod(np.asarray(spacing_mm, dtype=np.float64)))
    return {name: float(counts[index]) * voxel_mm3 for index, name in enumerate(structure_names, start=1)}


@dataclass(frozen=True)
class LabelledVolumes:
    """Volumes in mm3 of every structure in every scan whose label could show it, 0 where it is absent."""

    volumes_mm3: Mapping[str, tuple[float, ...]]

    @classmethod
    def from_cases(cls, cases: Sequence[Mapping[str, float]]) -> LabelledVolumes:
        """From one mapping (structure name -> mm3, as structure_volumes gives) per labelled scan.

        A label that is older than a structure says nothing of it: leave that name out of its mapping.
        """
        names = dict.fromkeys(name for case in cases for name in case)
        return cls({name: tuple(float(case[name]) for case in cases if name in case) for name in names})

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: list(volumes) for name, volumes in self.volumes_mm3.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Sequence[float]]) -> LabelledVolumes:
        """The inverse of to_dict."""
        return cls({name: tuple(float(volume) for volume in volumes) for name, volumes in content.items()})

    def cases(self, structure: str) -> int:
        """Number of labelled scans whose label could show the structure."""
        return len(self.volumes_mm3.get(structure, ()))

    def cases_with(self, structure: str) -> int:
        """Number of labelled scans that show the structure."""
        return sum(volume > 0 for volume in self.volumes_mm3.get(structure, ()))

    def expects(self, structure: str) -> bool:
        """Whether at least half of the labels that could show the structure do, so that its absence is remarkable."""
        total = self.cases(structure)
        return total > 0 and self.cases_with(structure) >= _EXPECTED_SHARE * total

    def range_mm3(self, structure: str) -> tuple[float, float] | None:
        """Smallest and largest volume among the scans that show the structure, or None."""
        present = [volume for volume in self.volumes_mm3.get(structure, ()) if volume > 0]
        return (min(present), max(present)) if present else None

    def deviation(self, structure: str, volume_mm3: float) -> float:
        """How far a volume lies outside the labelled range, in standard deviations of log volume; 0 inside it.

        0 too when the structure was never labelled or the volume is 0 (that is a missing structure).
        """
        span = self.range_mm3(structure)
        if span is None or volume_mm3 <= 0:
            return 0.0
        present = [volume for volume in self.volumes_mm3[structure] if volume > 0]
        spread = max(float(np.std(np.log(present))), _LEAST_SPREAD)
        outside = max(np.log(volume_mm3 / span[1]), np.log(span[0] / volume_mm3), 0.0)
        return float(outside / spread)
