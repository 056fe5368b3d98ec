"""DICOM Segmentation objects (binary, fractional, label map) as label maps, read with pydicom."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, Grid
from DualSSLSegLib.imaging.segments import Code, Segment, combine, structure_codes

if TYPE_CHECKING:
    from DualSSLSegLib.imaging.labels import StructureLike

_SEGMENTATION_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_PLACE_TOLERANCE = 0.1


def read_dicom_seg(path: Path, grid: Grid, structures: Sequence[StructureLike]) -> np.ndarray:
    """Segments of a DICOM SEG file, matched by label or code, as (X, Y, Z) uint8 on `grid`.

    Raises BadInput as `read_label` does, and when pydicom is not installed.
    """
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
    except ImportError as error:
        raise BadInput(
            "reading a DICOM segmentation needs the package pydicom.",
            hint="Install pydicom, or save the segmentation as .seg.nrrd or .nii.gz.",
            path=path,
        ) from error
    broken = (InvalidDicomError, OSError, EOFError, ValueError, AttributeError, LookupError, RuntimeError)
    try:
        with warnings.catch_warnings():
            # What pydicom warns about in a damaged file ends as an error of ours below, or does not matter.
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(path)
            kind = str(data.get("SOPClassUID", ""))
            segments = list(_segments(data, path)) if kind in _SEGMENTATION_CLASSES else None
    except broken as error:
        raise BadInput(
            f"this DICOM segmentation cannot be read ({error}).",
            hint="Export it again, or save it as .seg.nrrd or .nii.gz.",
            path=path,
        ) from error
    if segments is None:
        raise BadInput(
            "this DICOM file is not a segmentation.", hint="Give a DICOM SEG file, or a label map.", path=path
        )
    return combine(segments, path, grid, structures)


def _segments(data: Any, path: Path) -> Iterable[Segment]:
    # (frames, rows, columns); a single frame comes without its axis.
    frames = data.pixel_array.reshape(-1, int(data.Rows), int(data.Columns))
    grid, layer_of = _place(data, path)
    kind = str(data.SegmentationType).upper()
    half = float(data.get("MaximumFractionalValue", 1)) / 2
    for described in data.SegmentSequence:
        number = int(described.SegmentNumber)
        mask = np.zeros(grid.shape, bool)
        for index, (frame, groups) in enumerate(
            zip(frames, data.PerFrameFunctionalGroupsSequence, strict=True)
        ):
            if kind == "LABELMAP":
                here = frame == number
            elif int(groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber) == number:
                here = frame > 0 if kind == "BINARY" else frame >= half
            else:
                continue
            mask[:, :, layer_of[index]] |= here.T
        name = str(described.get("SegmentLabel", f"segment {number}"))
        yield Segment(name, *_codes(described), mask, grid)


def _place(data: Any, path: Path) -> tuple[Grid, list[int]]:
    """The grid all frames lie on, and the slice of each frame. Empty slices are usually not stored."""
    shared = data.SharedFunctionalGroupsSequence[0]
    frames = data.PerFrameFunctionalGroupsSequence

    def group(name: str) -> Any:
        return getattr(shared if name in shared else frames[0], name)[0]

    turned = np.array([float(v) for v in group("PlaneOrientationSequence").ImageOrientationPatient])
    rows, columns = turned[:3], turned[3:]
    normal = np.cross(rows, columns)
    measures = group("PixelMeasuresSequence")
    between_rows, between_columns = (float(v) for v in measures.PixelSpacing)
    positions = np.array(
        [[float(v) for v in one.PlanePositionSequence[0].ImagePositionPatient] for one in frames],
        dtype=np.float64,
    )
    heights = positions @ normal
    gaps = np.diff(np.unique(np.round(heights, 3)))
    step = float(measures.get("SpacingBetweenSlices", 0) or (gaps.min() if len(gaps) else 0))
    step = abs(step) or float(measures.SliceThickness)
    layers = (heights - heights.min()) / step
    if np.abs(layers - np.rint(layers)).max() > _PLACE_TOLERANCE:
        raise BadInput(
            "the frames of this segmentation are unevenly spaced.",
            hint="Save it as .seg.nrrd or .nii.gz on the grid of its scan.",
            path=path,
        )
    affine = np.eye(4)
    affine[:3, 0] = rows * between_columns
    affine[:3, 1] = columns * between_rows
    affine[:3, 2] = normal * step
    affine[:3, 3] = positions[int(np.argmin(heights))]
    shape = (int(data.Columns), int(data.Rows), int(np.rint(layers.max())) + 1)
    return Grid(shape, LPS_FROM_RAS @ affine), [int(n) for n in np.rint(layers)]


def _codes(described: Any) -> tuple[Code | None, Code | None]:
    """Type and modifier of a segment."""
    kinds = described.get("SegmentedPropertyTypeCodeSequence")
    if not kinds:
        return None, None
    modifiers = kinds[0].get("SegmentedPropertyTypeModifierCodeSequence")
    content = {"type": _code(kinds[0]), "modifier": _code(modifiers[0]) if modifiers else None}
    return structure_codes(content) or (None, None)


def _code(item: Any) -> dict[str, str]:
    return {"scheme": str(item.get("CodingSchemeDesignator", "")), "value": str(item.get("CodeValue", ""))}
