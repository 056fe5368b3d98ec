"""Scans into arrays: any supported file or DICOM series folder, checked before anything is built on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import metaimage, nifti, nrrd
from DualSSLSegLib.imaging.formats import SCAN_SUFFIXES, SEGMENTATION_SUFFIX, suffix_of
from DualSSLSegLib.imaging.geometry import Grid, Volume
from DualSSLSegLib.imaging.streams import check_file

_READERS = {".nii.gz": nifti, ".nii": nifti, ".nrrd": nrrd, SEGMENTATION_SUFFIX: nrrd, ".mha": metaimage}


def read_image(paths: Sequence[Path], case_id: str) -> Volume:
    """Read one scan: one path (file or DICOM series folder) per channel, all on one grid.

    Returns a Volume with array (C, X, Y, Z) float32. Raises BadInput that names the file for a missing,
    empty, cut or foreign file, a 4-D series, a single slice, a sheared or contradictory position, NaN or
    infinite voxels, a constant image, channels on different grids, and a DICOM folder that is not exactly one
    complete series.
    """
    if not paths:
        raise BadInput(f"case {case_id!r} has no files.", hint="Give one path per channel.")
    first: Grid | None = None
    image: np.ndarray | None = None
    for channel, path in enumerate(Path(p) for p in paths):
        array, grid = read_voxels(path)
        if first is None or image is None:
            first, image = grid, np.empty((len(paths), *grid.shape), np.float32)
        elif not grid.same_as(first):
            raise BadInput(
                f"this channel of case {case_id!r} lies on another grid than {Path(paths[0]).name}: "
                f"{grid.difference(first)}.",
                hint="Resample all channels of a case onto one grid, or start a study with one channel.",
                path=path,
            )
        with np.errstate(over="ignore", invalid="ignore"):
            image[channel] = array
        _check_values(image[channel], path)
    assert first is not None and image is not None
    return Volume(image, first.affine, case_id)


def read_grid(path: Path) -> Grid:
    """The grid of a scan or label map from its header (for DICOM: its slice headers), without reading voxels.

    Raises BadInput as `read_image` does, as far as a header tells.
    """
    path = Path(path)
    if path.is_dir():
        from DualSSLSegLib.imaging.dicom_series import read_grid as read_series_grid

        return read_series_grid(path)
    check_file(path)
    return _reader(path).read_grid(path)


def read_voxels(path: Path) -> tuple[np.ndarray, Grid]:
    """Voxels (X, Y, Z) in the stored type, any memory order, perhaps read-only, and their grid. Raises
    BadInput.
    """
    path = Path(path)
    if path.is_dir():
        from DualSSLSegLib.imaging.dicom_series import read as read_series

        return read_series(path)
    check_file(path)
    return _reader(path).read(path)


def _reader(path: Path):
    reader = _READERS.get(suffix_of(path))
    if reader is None:
        raise BadInput(
            "this kind of file is not supported.",
            hint=f"Use {', '.join(SCAN_SUFFIXES)}, or the folder of a DICOM series.",
            path=path,
        )
    return reader


def _check_values(channel: np.ndarray, path: Path) -> None:
    low, high = float(channel.min()), float(channel.max())
    if not np.isfinite([low, high]).all():
        bad = int(channel.size - np.isfinite(channel).sum())
        raise BadInput(
            f"{bad:,} of its {channel.size:,} voxels are not finite numbers (NaN or infinity).",
            hint="Repair it first, for example by replacing them with the background value.",
            path=path,
        )
    if low == high:
        raise BadInput(
            f"every voxel has the same value ({low:g}): there is nothing to see in this scan.",
            hint="Export it again, or take it out of the folder.",
            path=path,
        )
