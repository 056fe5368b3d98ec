"""Writing NRRD files, the format of ITK and 3D Slicer."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, Grid


def write(path: Path, array: np.ndarray, grid: Grid, fields: Mapping[str, str] | None = None) -> None:
    """Write (X, Y, Z) uint8 or float32, gzip-packed, in LPS as ITK and 3D Slicer do.

    `fields` become key:=value lines of the header.
    """
    lps = LPS_FROM_RAS @ grid.affine
    directions = " ".join(_vector(lps[:3, axis]) for axis in range(3))
    lines = [
        "NRRD0004",
        f"type: {'uint8' if array.dtype == np.uint8 else 'float'}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(n) for n in grid.shape)}",
        f"space directions: {directions}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(lps[:3, 3])}",
        *(f"{key}:={_one_line(value)}" for key, value in (fields or {}).items()),
    ]
    voxels = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(order="F")
    path.write_bytes(("\n".join(lines) + "\n\n").encode("utf-8") + gzip.compress(voxels, 6, mtime=0))


def _one_line(text: str) -> str:
    """A value as a header line holds it: backslashes and line breaks are written as \\\\ and \\n."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _vector(values: np.ndarray) -> str:
    return "(" + ",".join(repr(float(v)) for v in values) + ")"
