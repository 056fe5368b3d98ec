"""MetaImage with its data in the same file (.mha), read and written directly."""

from __future__ import annotations

import math
import re
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, Grid, check_grid
from DualSSLSegLib.imaging.streams import COPY_AGAIN, check_length, read_bytes, read_start, unzlib

_HEADER_LIMIT = 1 << 18
_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip


class _Header(NamedTuple):
    fields: dict[str, str]
    grid: Grid
    data_start: int


def read_grid(path: Path) -> Grid:
    """Grid from the header alone. Raises BadInput when the header is no usable 3-D one."""
    return _header(read_start(path, _HEADER_LIMIT), path).grid


def read(path: Path) -> tuple[np.ndarray, Grid]:
    """Voxels (X, Y, Z) and their grid. Raises BadInput for anything unsound."""
    data = read_bytes(path)
    fields, grid, start = _header(data, path)
    kind = np.dtype(_TYPES[fields["elementtype"]])
    big = fields.get("binarydatabyteordermsb", fields.get("elementbyteordermsb", "false")).lower() == "true"
    kind = kind.newbyteorder(">" if big else "<")
    voxels = data[start:]
    if fields.get("compresseddata", "false").lower() == "true":
        voxels = unzlib(voxels, path)
    count = math.prod(grid.shape)
    check_length(len(voxels), count * kind.itemsize, path)
    return np.frombuffer(voxels, kind, count).reshape(grid.shape, order="F"), grid


def write(path: Path, array: np.ndarray, grid: Grid) -> None:
    """Write (X, Y, Z) uint8 or float32, zlib-packed, in LPS as ITK and 3D Slicer do."""
    lps = LPS_FROM_RAS @ grid.affine
    voxels = zlib.compress(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(order="F"), 6)
    spacing = grid.spacing_mm
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        "CompressedData = True",
        f"CompressedDataSize = {len(voxels)}",
        f"TransformMatrix = {_text((lps[:3, :3] / spacing).T.ravel())}",
        f"Offset = {_text(lps[:3, 3])}",
        "CenterOfRotation = 0 0 0",
        "AnatomicalOrientation = RAI",
        f"ElementSpacing = {_text(spacing)}",
        f"DimSize = {' '.join(str(n) for n in grid.shape)}",
        f"ElementType = {'MET_UCHAR' if array.dtype == np.uint8 else 'MET_FLOAT'}",
        "ElementDataFile = LOCAL",
    ]
    path.write_bytes(("\n".join(lines) + "\n").encode("ascii") + voxels)


def _text(values: np.ndarray | tuple[float, ...]) -> str:
    return " ".join(repr(float(v)) for v in values)


def _header(data: bytes, path: Path) -> _Header:
    end = re.search(rb"ElementDataFile[ \t]*=[ \t]*([^\r\n]*)\r?\n", data[:_HEADER_LIMIT])
    if end is None:
        raise BadInput(
            "this is not a MetaImage file (.mha), or it is cut short: its header has no end.",
            hint=COPY_AGAIN,
            path=path,
        )
    if end[1].strip().upper() != b"LOCAL":
        raise BadInput("its voxels lie in another file.", hint="Save it again as one .mha file.", path=path)
    fields = {}
    for line in data[: end.start()].decode("utf-8", errors="replace").splitlines():
        key, separator, value = line.partition("=")
        if separator:
            fields[key.strip().lower()] = value.strip()
    try:
        return _Header(fields, _grid(fields, path), end.end())
    except (KeyError, ValueError) as error:
        raise BadInput(
            f"its MetaImage header makes no sense ({error}).", hint=COPY_AGAIN, path=path
        ) from error


@np.errstate(all="ignore")  # a damaged header may hold any number; check_grid has the last word
def _grid(fields: dict[str, str], path: Path) -> Grid:
    dims = int(fields["ndims"])
    sizes = [int(n) for n in fields["dimsize"].split()]
    if len(sizes) != dims or min(sizes) < 1:
        raise ValueError(f"NDims {dims}, DimSize {fields['dimsize']}")
    if any(n > 1 for n in sizes[3:]) or int(fields.get("elementnumberofchannels", "1")) > 1:
        raise BadInput(
            "this holds several volumes or colour components on one grid, not one 3-D scan.",
            hint="Save each volume as its own file (one channel per file).",
            path=path,
        )
    if fields["elementtype"] not in _TYPES or fields.get("binarydata", "true").lower() != "true":
        raise BadInput(
            f"its voxels ({fields['elementtype']}) are not plain binary numbers.",
            hint="Save it again as a binary grey-value volume.",
            path=path,
        )
    x, y, z = (*sizes, 1, 1)[:3]
    if min(x, y, z) < 2:
        return check_grid(Grid((x, y, z), np.eye(4)), path)
    spacing = _numbers(fields, ("elementspacing", "elementsize"), np.ones(dims))[:3]
    origin = _numbers(fields, ("offset", "position", "origin"), np.zeros(dims))[:3]
    matrix = _numbers(fields, ("transformmatrix", "rotation", "orientation"), np.eye(dims).ravel())
    affine = np.eye(4)
    # Each row of the stored matrix is the direction of one array axis.
    affine[:3, :3] = matrix.reshape(dims, dims)[:3, :3].T * spacing
    affine[:3, 3] = origin
    return check_grid(Grid((x, y, z), LPS_FROM_RAS @ affine), path)


def _numbers(fields: dict[str, str], names: tuple[str, ...], default: np.ndarray) -> np.ndarray:
    for name in names:
        if name in fields:
            values = np.array([float(v) for v in fields[name].split()])
            if len(values) != len(default):
                raise ValueError(f"{name} = {fields[name]}")
            return values
    return default
