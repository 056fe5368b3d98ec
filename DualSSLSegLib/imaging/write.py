"""Label maps and maps of numbers onto exactly the grid of the scan they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from DualSSLSegLib.atomic import replacing
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import metaimage, nifti, nrrd_writer
from DualSSLSegLib.imaging.formats import SCAN_SUFFIXES, suffix_of
from DualSSLSegLib.imaging.geometry import Grid

_WRITERS = {".nii.gz": nifti, ".nii": nifti, ".nrrd": nrrd_writer, ".mha": metaimage}


def write_label(path: Path, array: np.ndarray, grid: Grid) -> None:
    """Write a label map, (X, Y, Z) of whole numbers 0..255, as uint8 on `grid`; the format follows the
    ending.

    The file appears whole or not at all. Equal content gives equal bytes. Raises ValueError when the array
    does not fit the grid or uint8, BadInput for an ending that is not supported or a place that cannot be
    written.
    """
    array = np.asarray(array)
    label = array.astype(np.uint8)
    if array.dtype != np.uint8 and not np.array_equal(label, array):
        raise ValueError("a label map holds whole numbers from 0 to 255")
    _write(Path(path), label, grid)


def write_map(path: Path, array: np.ndarray, grid: Grid) -> None:
    """Write a map of numbers, (X, Y, Z), as float32 on `grid`; otherwise as `write_label`."""
    _write(Path(path), np.asarray(array, dtype=np.float32), grid)


def _write(path: Path, array: np.ndarray, grid: Grid) -> None:
    if array.shape != grid.shape:
        raise ValueError(f"an array of shape {array.shape} does not fit a grid of {grid.shape}")
    suffix = suffix_of(path)
    writer = _WRITERS.get(suffix)
    if writer is None:
        raise BadInput(
            "files of this kind cannot be written.", hint=f"Use {', '.join(SCAN_SUFFIXES)}.", path=path
        )
    with writing_whole(path, suffix) as temporary:
        writer.write(temporary, array, grid)


@contextmanager
def writing_whole(path: Path, suffix: str) -> Iterator[Path]:
    """A temporary file that replaces `path` when the block ends. Raises BadInput when it cannot be written."""
    try:
        with replacing(path, suffix) as temporary:
            yield temporary
    except OSError as error:
        raise BadInput(
            f"this file cannot be written ({error.strerror or error}).",
            hint="Check the free space and the permissions of its folder.",
            path=path,
        ) from error
