"""A folder with one DICOM series as a volume: read by SimpleITK (GDCM), placed by the slices' own positions.

The distance of slices comes from their positions, never from SliceThickness. A folder that is not exactly one
complete series is refused: a volume with a missing slice would put everything behind the gap in the wrong
place.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.dicom_slice import DicomSlice, is_other_object, quiet, read_slice
from DualSSLSegLib.imaging.formats import DICOM_SUFFIXES, is_dicom_file
from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, Grid, check_grid
from DualSSLSegLib.imaging.streams import COPY_AGAIN

_POSITION_TOLERANCE = 0.1
"""How far a slice may lie from its place in an even stack, as a share of the slice distance."""


def read_grid(folder: Path) -> Grid:
    """The grid of the series in a folder, from its slice headers. Raises BadInput as `read` does."""
    return _stack(_slices(folder), folder)[1]


def read(folder: Path) -> tuple[np.ndarray, Grid]:
    """Voxels (columns, rows, slices) float32, each slice rescaled by its own slope and intercept, and their
    grid.

    Raises BadInput that names the folder or the slice: no DICOM image, several series, missing, doubled,
    differing or sideways shifted slices, a tilted gantry, slices without position, colour or multi-frame
    images, damaged files.
    """
    import SimpleITK as sitk

    slices, grid = _stack(_slices(folder), folder)
    reader = sitk.ImageSeriesReader()
    reader.SetOutputPixelType(sitk.sitkFloat32)
    reader.SetFileNames([str(one.path) for one in slices])
    with quiet():
        try:
            array = sitk.GetArrayFromImage(reader.Execute())
        except RuntimeError as error:
            raise _name_damaged(slices, folder) from error
    return array.transpose(2, 1, 0), grid


def _slices(folder: Path) -> list[DicomSlice]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    images = [
        path
        for path in files
        if (path.suffix.lower() in DICOM_SUFFIXES or is_dicom_file(path)) and not is_other_object(path)
    ]
    if not images:
        raise BadInput(
            "there is no DICOM image in this folder.",
            hint="Give the folder that holds the slices.",
            path=folder,
        )
    with quiet():
        return [read_slice(path) for path in images]


def _stack(slices: list[DicomSlice], folder: Path) -> tuple[list[DicomSlice], Grid]:
    """The slices in order of their place, and the grid of the volume they make."""
    _check_one_series(slices, folder)
    first = slices[0]
    normal = np.cross(first.rows, first.columns)
    places = [float(one.position @ normal) for one in slices]
    order = np.argsort(places, kind="stable")
    slices = [slices[n] for n in order]
    if len(slices) > 1:
        _check_distances(slices, np.array(places)[order], folder)
        step = (slices[-1].position - slices[0].position) / (len(slices) - 1)
    else:
        step = normal
    affine = np.eye(4)
    affine[:3, 0] = slices[0].rows * slices[0].spacing[0]
    affine[:3, 1] = slices[0].columns * slices[0].spacing[1]
    affine[:3, 2] = step
    affine[:3, 3] = slices[0].position
    grid = check_grid(Grid((*first.size, len(slices)), LPS_FROM_RAS @ affine), folder)
    _check_straight(slices, step, folder)
    return slices, grid


def _check_one_series(slices: list[DicomSlice], folder: Path) -> None:
    counts = Counter(one.series for one in slices)
    if len(counts) > 1:
        names = {one.series: one.description or f"series {one.series}" for one in slices}
        listed = ", ".join(f"{names[uid]} ({count})" for uid, count in counts.items())
        raise BadInput(
            f"this folder mixes {len(counts)} DICOM series (slices): {listed}.",
            hint="Give each series a folder of its own.",
            path=folder,
        )
    first = slices[0]
    for one in slices[1:]:
        if one.size != first.size or not np.allclose(one.spacing, first.spacing, rtol=1e-3):
            what = f"{one.size[0]} x {one.size[1]} pixels of {one.spacing[0]:.3g} x {one.spacing[1]:.3g} mm"
            other = f"{first.size[0]} x {first.size[1]} of {first.spacing[0]:.3g} x {first.spacing[1]:.3g} mm"
            raise BadInput(
                f"this slice has {what}, {first.path.name} has {other}.",
                hint="Move slices that belong to another scan (such as a localizer) out of the folder.",
                path=one.path,
            )
        if min(one.rows @ first.rows, one.columns @ first.columns) < 1 - 1e-4:
            raise BadInput(
                f"this slice points in another direction than {first.path.name}.",
                hint="Move slices that belong to another scan (such as a localizer) out of the folder.",
                path=one.path,
            )


def _check_distances(slices: list[DicomSlice], places: np.ndarray, folder: Path) -> None:
    gaps = np.diff(places)
    usual = float(np.median(gaps))
    doubled = np.flatnonzero(gaps <= max(1e-3, _POSITION_TOLERANCE * usual))
    if len(doubled):
        n = int(doubled[0])
        raise BadInput(
            f"several slices lie at one place ({slices[n].path.name} and {slices[n + 1].path.name}, "
            f"{len(doubled)} such pairs): a series over time, echoes or directions, or a copied slice.",
            hint="Keep one volume in the folder.",
            path=folder,
        )
    even = places[0] + np.arange(len(places)) * (places[-1] - places[0]) / (len(places) - 1)
    if np.abs(places - even).max() <= _POSITION_TOLERANCE * usual:
        return
    n = int(np.argmax(gaps))
    missing = round(float(gaps[n]) / usual) - 1
    if missing >= 1:
        raise BadInput(
            f"{missing} slice{'s are' if missing > 1 else ' is'} missing between {slices[n].path.name} and "
            f"{slices[n + 1].path.name}: they are {gaps[n]:.2f} mm apart, the others {usual:.2f} mm.",
            hint="Copy the series again, with all its slices.",
            path=folder,
        )
    raise BadInput(
        f"the slices are unevenly spaced, from {gaps.min():.2f} to {gaps.max():.2f} mm apart.",
        hint="Resample the scan to an even slice distance first (for example in 3D Slicer).",
        path=folder,
    )


def _check_straight(slices: list[DicomSlice], step: np.ndarray, folder: Path) -> None:
    """Raises BadInput when a slice lies sideways of its place in the stack."""
    for n, one in enumerate(slices):
        offset = one.position - slices[0].position - n * step
        sideways = max(abs(float(offset @ one.rows)), abs(float(offset @ one.columns)))
        if sideways > _POSITION_TOLERANCE * min(one.spacing):
            raise BadInput(
                f"slice {one.path.name} lies {sideways:.2f} mm sideways of the others.",
                hint="Check whether the folder mixes two acquisitions, or resample the scan in 3D Slicer.",
                path=folder,
            )


def _name_damaged(slices: list[DicomSlice], folder: Path) -> BadInput:
    """The error for a series that GDCM could not read: the first slice it cannot read by itself, else the
    folder.
    """
    import SimpleITK as sitk

    for one in slices:
        try:
            sitk.ReadImage(str(one.path), imageIO="GDCMImageIO")
        except RuntimeError:
            return BadInput("the pixels of this DICOM slice cannot be read.", hint=COPY_AGAIN, path=one.path)
    return BadInput("the slices of this DICOM series cannot be read together.", hint=COPY_AGAIN, path=folder)
