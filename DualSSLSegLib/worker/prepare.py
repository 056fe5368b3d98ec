"""From a scan on its own grid to the array that the networks see: normalised, on the working grid, half precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid, Volume
from DualSSLSegLib.imaging.intensity import IntensityPlan, normalise
from DualSSLSegLib.imaging.resample import as_closest_ras, to_working
from DualSSLSegLib.training.plan import CaseSize

ARRAY_TYPE = np.float16  # half the disk and memory traffic; normalised intensities keep three digits


@dataclass(frozen=True)
class LabelStructure:
    """A row of the label table as the worker knows it: the class index is its place in the table plus one."""

    name: str
    value: int
    color: str
    codes: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "color": self.color, "codes": self.codes}


def structures_from(rows: Sequence[Mapping[str, Any]]) -> tuple[LabelStructure, ...]:
    """The label table of a spec or a model. Raises BadInput when it is empty or a value is met twice."""
    table = tuple(
        LabelStructure(
            name=row["name"],
            value=int(row["value"]),
            color=row.get("color", "#808080"),
            codes=row.get("codes"),
        )
        for row in rows
    )
    if not table:
        raise BadInput("the run knows no structures.", hint="Give the study at least one label.")
    if len({row.value for row in table}) != len(table):
        raise BadInput("two structures share one value.", hint="Give every structure a value of its own.")
    return table


def to_class_indices(label: np.ndarray, structures: Sequence[LabelStructure]) -> np.ndarray:
    """Label values (any shape, uint8) to class indices 0..K-1, uint8. Values must be known already."""
    index_of = np.zeros(256, dtype=np.uint8)
    for index, structure in enumerate(structures, 1):
        index_of[structure.value] = index
    return index_of[label]


def to_label_values(classes: np.ndarray, structures: Sequence[LabelStructure]) -> np.ndarray:
    """Class indices 0..K-1 to the label values of the table, uint8."""
    value_of = np.array([0, *(structure.value for structure in structures)], dtype=np.uint8)
    return value_of[classes]


def size_on_working_axes(case_id: str, grid: Grid) -> CaseSize:
    """Size and spacing of a scan in the axis order of the working grid (closest to R, A, S)."""
    own = as_closest_ras(grid)
    return CaseSize(id=case_id, shape=own.shape, spacing_mm=own.spacing_mm)


def prepare_image(
    volume: Volume, spacing_mm: tuple[float, float, float], intensity: IntensityPlan
) -> tuple[np.ndarray, Grid]:
    """(C, x, y, z) float16 on the working grid, and that grid. The same for training and for every prediction."""
    array, working = to_working(normalise(volume.array, intensity), volume.grid, spacing_mm, label=False)
    return array.astype(ARRAY_TYPE), working
