"""Label files of any origin into one array of the study's values, on the grid of the scan they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import nrrd
from DualSSLSegLib.imaging.formats import SEGMENTATION_SUFFIX, is_dicom_file, suffix_of
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.placing import lattice, paste
from DualSSLSegLib.imaging.read import read_voxels
from DualSSLSegLib.imaging.streams import check_file

_LISTED = 8


class StructureLike(Protocol):
    """What is read of a study's structure: its name, its value in label maps and its terminology codes."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...
    @property
    def codes(self) -> Mapping[str, Any] | None: ...


def read_label(path: Path, grid: Grid, structures: Sequence[StructureLike]) -> np.ndarray:
    """Read a label file as (X, Y, Z) uint8 on `grid`, holding 0 and the values of `structures` only.

    A plain label map (.nii, .nii.gz, .nrrd, .mha) is read by value; whole numbers stored as floats are
    accepted, and so are the same voxels in another axis order. Segments of a .seg.nrrd or DICOM SEG are
    matched by name, else by terminology code, and put onto the grid; where two overlap, the later one of the
    file wins. Raises BadInput that names the file for an unreadable one, another shape or grid (with the
    difference), fractions, values or segments the study does not know (listing both sides), and segments that
    lie outside the scan.
    """
    path = Path(path)
    segments = _segments_of(path)
    if segments is not None:
        return segments(path, grid, structures)
    array, own = read_voxels(path)
    label = _whole_numbers(array, path, structures)
    if own.same_as(grid):
        return np.ascontiguousarray(label)
    step = lattice(own, grid)
    if step is None or sorted(own.shape) != sorted(grid.shape) or step.outside(own.shape, grid.shape):
        raise BadInput(
            f"this label lies on another grid than its scan: {own.difference(grid)}.",
            hint="Give the label that belongs to this scan, or resample it onto the scan's grid.",
            path=path,
        )
    result = np.zeros(grid.shape, np.uint8)
    paste(label, result, step)
    return result


def _segments_of(path: Path):
    """The function that reads a file of named segments, or None for a plain label map."""
    check_file(path)
    if suffix_of(path) == SEGMENTATION_SUFFIX or (
        suffix_of(path) == ".nrrd"
        and any(key.startswith("Segment0_") for key in nrrd.read_header(path).fields)
    ):
        from DualSSLSegLib.imaging.segments import read_seg_nrrd

        return read_seg_nrrd
    if not suffix_of(path) and is_dicom_file(path):
        from DualSSLSegLib.imaging.dicom_seg import read_dicom_seg

        return read_dicom_seg
    return None


def _whole_numbers(array: np.ndarray, path: Path, structures: Sequence[StructureLike]) -> np.ndarray:
    """The label as uint8. Raises BadInput for fractions, NaN, and values without a structure."""
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.rint(np.where(np.isfinite(array), array, 0)))
        if not whole.all():
            raise BadInput(
                f"{int(array.size - whole.sum()):,} voxels are not whole numbers (for example "
                f"{float(array[~whole][0]):g}): this is a probability map or a scan, not a label map.",
                hint="Give a label map of whole numbers.",
                path=path,
            )
    values = [int(v) for v in np.unique(array)]
    known = {int(structure.value) for structure in structures}
    unknown = [value for value in values if value != 0 and value not in known]
    if unknown:
        listed = ", ".join(str(v) for v in unknown[:_LISTED]) + (", ..." if len(unknown) > _LISTED else "")
        raise BadInput(
            f"it holds the value{'s' * (len(unknown) > 1)} {listed}, which the study does not know; "
            f"its values are {describe_values(structures)}.",
            hint="Add the missing structure to the study, or give a label map with the study's values.",
            path=path,
        )
    return array.astype(np.uint8)


def describe_values(structures: Sequence[StructureLike]) -> str:
    """ "0 background, 1 anterior, 2 posterior"."""
    return ", ".join(["0 background", *(f"{s.value} {s.name}" for s in structures)])


def present_values(label: np.ndarray) -> list[int]:
    """The values other than 0 of a uint8 label map, ascending; slab by slab, which takes little memory."""
    counts = np.zeros(256, np.int64)
    for slab in label:
        counts += np.bincount(np.ascontiguousarray(slab).reshape(-1), minlength=256)
    return [int(value) for value in np.flatnonzero(counts) if value]
