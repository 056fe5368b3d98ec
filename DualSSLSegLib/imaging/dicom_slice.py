"""One slice of a DICOM series: what it is and where it lies, from its header by SimpleITK (GDCM)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.streams import COPY_AGAIN

_NOT_SCANS = (
    "1.2.840.10008.1.3.10",  # DICOMDIR
    "1.2.840.10008.5.1.4.1.1.9.",  # waveforms
    "1.2.840.10008.5.1.4.1.1.11.",  # presentation states
    "1.2.840.10008.5.1.4.1.1.66",  # raw data, registrations, segmentations, surfaces
    "1.2.840.10008.5.1.4.1.1.67",  # real-world value maps
    "1.2.840.10008.5.1.4.1.1.88.",  # structured reports
    "1.2.840.10008.5.1.4.1.1.104.",  # documents
    "1.2.840.10008.5.1.4.1.1.481.",  # radiotherapy
)


@dataclass(frozen=True)
class DicomSlice:
    """Names and geometry of a slice, in LPS millimetres."""

    path: Path
    series: str
    description: str
    position: np.ndarray  # (3,) LPS mm
    rows: np.ndarray  # (3,) direction in which the column index grows
    columns: np.ndarray  # (3,) direction in which the row index grows
    spacing: tuple[float, float]  # between columns, between rows
    size: tuple[int, int]  # columns, rows


@contextmanager
def quiet() -> Iterator[None]:
    """Keep ITK's warnings off the console meanwhile; what matters of them is checked here and said in
    words.
    """
    import SimpleITK as sitk

    before = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(before)


def is_other_object(path: Path) -> bool:
    """Whether the file's meta header says that it is no scan (a report, a segmentation, a directory, ...)."""
    with open(path, "rb") as stream:
        start = stream.read(2048)
    mark = start.find(b"\x02\x00\x02\x00UI")
    if mark < 0:
        return False
    length = int.from_bytes(start[mark + 6 : mark + 8], "little")
    kind = start[mark + 8 : mark + 8 + length].decode("ascii", errors="replace").rstrip("\0 ")
    return kind.startswith(_NOT_SCANS)


def read_slice(path: Path) -> DicomSlice:
    """Read a slice's header. Raises BadInput for a damaged, coloured, multi-frame or unplaced one."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO("GDCMImageIO")
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise BadInput(
            "this DICOM file is damaged, cut short or holds no image.", hint=COPY_AGAIN, path=path
        ) from error
    size = (*reader.GetSize(), 1)
    if reader.GetNumberOfComponents() > 1:
        raise BadInput("this DICOM image has colours.", hint="Give a grey-value series.", path=path)
    if size[2] > 1:
        raise BadInput(
            f"this is one multi-frame DICOM file of {size[2]} frames, not a series of slices.",
            hint="Convert it to .nii.gz or .nrrd first (for example with 3D Slicer or dcm2niix).",
            path=path,
        )
    position = _numbers(reader, "0020|0032", 3)
    orientation = _numbers(reader, "0020|0037", 6)
    between = _numbers(reader, "0028|0030", 2)
    if position is None or orientation is None or between is None or min(between) <= 0:
        raise BadInput(
            "this DICOM slice does not say where it lies (no position, orientation or pixel spacing).",
            hint="Give the original series; a screenshot or a secondary capture cannot be placed in space.",
            path=path,
        )
    rows, columns = (
        np.array(v) / max(float(np.linalg.norm(v)), 1e-9) for v in (orientation[:3], orientation[3:])
    )
    return DicomSlice(
        path,
        _text(reader, "0020|000e"),
        _text(reader, "0008|103e"),
        np.array(position),
        rows,
        columns,
        (between[1], between[0]),
        (size[0], size[1]),
    )


def _text(reader: Any, key: str) -> str:
    if not reader.HasMetaDataKey(key):
        return ""
    return reader.GetMetaData(key).encode("utf-8", errors="replace").decode("utf-8").strip(" \0")


def _numbers(reader: Any, key: str, count: int) -> list[float] | None:
    """The values of a tag, or None when there are not `count` finite numbers."""
    try:
        values = [float(part) for part in _text(reader, key).split("\\")]
    except ValueError:
        return None
    return values if len(values) == count and all(math.isfinite(v) for v in values) else None
