"""A label is checked against its scan and the study's structures before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.labels import describe_values, read_label
from DualSSLSegLib.imaging.read import read_grid
from DualSSLSegLib.study.model import Case, Structure

if TYPE_CHECKING:
    from DualSSLSegLib.imaging.geometry import Grid


def checked_label(
    case: Case, source: np.ndarray | Path, structures: Sequence[Structure]
) -> tuple[np.ndarray, Grid]:
    """The label as (X, Y, Z) uint8 on the grid of the case, and that grid.

    `source` is a label file of any origin, or an array (X, Y, Z) on the grid of the scan. Raises BadInput for
    another shape or grid, numbers that are not whole or not finite, and values the study does not know.
    """
    grid = read_grid(case.paths[0])
    if isinstance(source, np.ndarray):
        return _checked_array(case, source, grid, structures), grid
    return read_label(source, grid, structures), grid


def translated_label(
    case: Case, source: Path, own: Sequence[Structure], structures: Sequence[Structure]
) -> tuple[np.ndarray, Grid]:
    """As `checked_label`, for a file with values of its own: `own` says which name has which value in it.

    Raises BadInput as well for a name that is used in the file and that the study does not know.
    """
    grid = read_grid(case.paths[0])
    label = read_label(source, grid, own)
    by_name = {structure.name.casefold(): structure.value for structure in structures}
    table = np.zeros(256, np.uint8)
    for value in np.unique(label):
        if value == 0:
            continue
        name = next(structure.name for structure in own if structure.value == value)
        if name.casefold() not in by_name:
            raise BadInput(
                f"it holds the structure {name!r}, which the study does not know; it knows "
                f"{describe_values(structures)}.",
                hint="Add the missing structure to the study.",
                path=source,
            )
        table[value] = by_name[name.casefold()]
    return table[label], grid


def _checked_array(case: Case, array: np.ndarray, grid: Grid, structures: Sequence[Structure]) -> np.ndarray:
    where = f"the label given for {case.id!r}"
    if array.shape != grid.shape:
        given, wanted = (" x ".join(str(n) for n in shape) for shape in (array.shape, grid.shape))
        raise BadInput(
            f"{where} has the size {given}, its scan has {wanted}.",
            hint="Give a label on the grid of the scan.",
            path=case.paths[0],
        )
    if array.dtype.kind not in "buif":
        raise BadInput(f"{where} does not hold numbers but {array.dtype}.", hint="Give whole numbers.")
    if array.dtype.kind == "f":
        bad = int(array.size - np.isfinite(array).sum())
        if bad:
            raise BadInput(f"{where} holds {bad:,} values that are not finite.", hint="Give whole numbers.")
        if not np.array_equal(array, np.rint(array)):
            raise BadInput(
                f"{where} holds values that are not whole numbers.",
                hint="Give a label map, not probabilities.",
            )
    known = {structure.value for structure in structures} | {0}
    unknown = [str(int(value)) for value in np.unique(array) if int(value) not in known]
    if unknown:
        raise BadInput(
            f"{where} holds values the study does not know ({', '.join(unknown[:8])}); its values are "
            f"{describe_values(structures)}.",
            hint="Add the missing structure to the study.",
            path=case.paths[0],
        )
    return array.astype(np.uint8)
