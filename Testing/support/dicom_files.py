"""DICOM series and DICOM segmentations on any grid, written with pydicom for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from DualSSLSegLib.imaging.geometry import Grid

MR = "1.2.840.10008.5.1.4.1.1.4"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
_LPS = np.array([-1.0, -1.0, 1.0])


def _dataset(path: Path, kind: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    data.PatientName, data.PatientID, data.StudyInstanceUID = "Test^Case", "1", generate_uid()
    return data


def _text(values: Sequence[float]) -> list[str]:
    return [f"{float(v):.10g}"[:16] for v in values]


def write_series(
    folder: Path,
    array: np.ndarray,
    grid: Grid,
    *,
    description: str = "T1",
    slopes: Sequence[float] | None = None,
    leave_out: Sequence[int] = (),
    shuffle: int = 1,
) -> list[Path]:
    """Write int16 (columns, rows, slices) as one file per slice, with names in another order than the slices.

    Stored values are `array` itself; with `slopes` each slice says that it is to be multiplied by its own.
    Third axes that point against the slice normal are written from the last slice. Returns the paths by slice
    index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    uid, count = generate_uid(), grid.shape[2]
    x, y, _ = grid.spacing_mm
    paths = []
    for k in range(count):
        path = folder / f"im{(k * 7 + shuffle) % 1000:04d}_{k}.dcm"
        paths.append(path)
        if k in leave_out:
            continue
        data = _dataset(path, MR)
        data.Modality, data.SeriesInstanceUID, data.SeriesDescription = "MR", uid, description
        data.InstanceNumber, data.SliceThickness = k + 1, "1.5"
        data.ImagePositionPatient = _text(_LPS * (grid.affine @ [0, 0, k, 1])[:3])
        data.ImageOrientationPatient = _text(
            [*(_LPS * grid.directions[:, 0]), *(_LPS * grid.directions[:, 1])]
        )
        data.PixelSpacing = _text([y, x])
        data.Rows, data.Columns = grid.shape[1], grid.shape[0]
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        if slopes is not None:
            data.RescaleSlope, data.RescaleIntercept = _text([slopes[k]])[0], "0"
        data.PixelData = np.ascontiguousarray(array[:, :, k].T.astype("<i2")).tobytes()
        data.save_as(path, enforce_file_format=True)
    return paths


def write_seg(
    path: Path, masks: dict[str, np.ndarray], grid: Grid, codes: dict[str, str] | None = None
) -> None:
    """Write boolean masks (columns, rows, slices), by segment label, as a binary DICOM SEG without empty
    frames.
    """
    data = _dataset(path, SEG)
    data.Modality, data.SeriesInstanceUID = "SEG", generate_uid()
    data.SegmentationType = "BINARY"
    data.Rows, data.Columns = grid.shape[1], grid.shape[0]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 1
    data.HighBit = data.PixelRepresentation = 0
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = _text(
        [*(_LPS * grid.directions[:, 0]), *(_LPS * grid.directions[:, 1])]
    )
    x, y, z = grid.spacing_mm
    measures.PixelSpacing, measures.SpacingBetweenSlices, measures.SliceThickness = (
        _text([y, x]),
        f"{z:.8g}",
        "9",
    )
    shared.PlaneOrientationSequence = DicomSequence([orientation])
    shared.PixelMeasuresSequence = DicomSequence([measures])
    data.SharedFunctionalGroupsSequence = DicomSequence([shared])
    segments, groups, bits = [], [], []
    for number, (name, mask) in enumerate(masks.items(), 1):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = number, name, "MANUAL"
        kind = Dataset()
        kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning = (
            (codes or {}).get(name, "0"),
            "SCT",
            name,
        )
        segment.SegmentedPropertyTypeCodeSequence = DicomSequence([kind])
        segments.append(segment)
        for k in np.flatnonzero(mask.any(axis=(0, 1))):
            place, which, group = Dataset(), Dataset(), Dataset()
            place.ImagePositionPatient = _text(_LPS * (grid.affine @ [0, 0, k, 1])[:3])
            which.ReferencedSegmentNumber = number
            group.PlanePositionSequence = DicomSequence([place])
            group.SegmentIdentificationSequence = DicomSequence([which])
            groups.append(group)
            bits.append(mask[:, :, k].T.ravel())
    data.SegmentSequence = DicomSequence(segments)
    data.PerFrameFunctionalGroupsSequence = DicomSequence(groups)
    data.NumberOfFrames = len(bits)
    packed = np.packbits(np.concatenate(bits), bitorder="little").tobytes()
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    data.save_as(path, enforce_file_format=True)
