"""NRRD with its data in the same file (.nrrd, .seg.nrrd), read and written directly."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid, check_grid
from DualSSLSegLib.imaging.streams import (
    COPY_AGAIN,
    check_file,
    check_length,
    gunzip,
    read_bytes,
    read_start,
    unbzip2,
)

_HEADER_LIMIT = 1 << 24
_TYPES = {
    "i1": ("signed char", "int8", "int8_t"), "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"), "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64",
    "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",), "f8": ("double",),
}  # fmt: skip
_TYPE_OF = {name: kind for kind, names in _TYPES.items() for name in names}
_SPACES = {
    "right-anterior-superior": (1, 1, 1), "ras": (1, 1, 1), "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1), "left-posterior-superior": (-1, -1, 1), "lps": (-1, -1, 1),
}  # fmt: skip


class NrrdHeader(NamedTuple):
    """`grid` of the spatial axes; `layers` on the non-spatial axis `layer_axis` (1 and None without one).

    `byte_skip` bytes come before the voxels; -1 means that the voxels are the end of the file.
    """

    fields: dict[str, str]
    sizes: tuple[int, ...]
    grid: Grid
    layer_axis: int | None
    layers: int
    data_start: int
    byte_skip: int


def read_header(path: Path) -> NrrdHeader:
    """Fields ("key: value" and "key:=value"), sizes and geometry. Raises BadInput for anything unsound."""
    return _parse(_head(path), path)


def read_grid(path: Path) -> Grid:
    """Grid from the header alone. Raises BadInput when it is not that of one 3-D volume."""
    header = read_header(path)
    _one_volume(header, path)
    return check_grid(header.grid, path)


def read(path: Path) -> tuple[np.ndarray, Grid]:
    """Voxels (X, Y, Z) and their grid. Raises BadInput for anything unsound, a 4-D series among it."""
    header = read_header(path)
    _one_volume(header, path)
    check_grid(header.grid, path)
    return read_layers(path, header)[0], header.grid


def read_layers(path: Path, header: NrrdHeader) -> np.ndarray:
    """All voxels as (layers, X, Y, Z)."""
    fields = header.fields
    kind = np.dtype(_TYPE_OF[fields["type"].lower()])
    if kind.itemsize > 1:
        kind = kind.newbyteorder(">" if fields.get("endian", "little").lower() == "big" else "<")
    data = read_bytes(path)[header.data_start :]
    encoding = fields.get("encoding", "raw").lower()
    count = math.prod(header.sizes)
    if encoding in ("gzip", "gz"):
        data = gunzip(data, path)
    elif encoding in ("bzip2", "bz2"):
        data = unbzip2(data, path)
    if encoding in ("ascii", "text", "txt"):
        array = _from_text(data, kind, count, path)
    else:
        check_length(len(data) - max(header.byte_skip, 0), count * kind.itemsize, path)
        data = data[header.byte_skip if header.byte_skip >= 0 else len(data) - count * kind.itemsize :]
        array = np.frombuffer(data, kind, count)
    array = array.reshape(header.sizes, order="F")
    return array[None] if header.layer_axis is None else np.moveaxis(array, header.layer_axis, 0)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\n])", lambda found: "\n" if found[1] == "n" else "\\", text)


def _head(path: Path) -> bytes:
    """Everything up to and including the empty line that ends the header."""
    check_file(path)
    size = 1 << 14
    while True:
        start = read_start(path, size)
        if not start.startswith(b"NRRD"):
            raise BadInput(
                "this is not an NRRD file, whatever its name says.",
                hint="Open it in the program it came from and save it as .nii.gz or .nrrd.",
                path=path,
            )
        end = re.search(rb"\r?\n\r?\n", start)
        if end:
            return start[: end.end()]
        if len(start) < size or size > _HEADER_LIMIT:
            raise BadInput(
                "this file is cut short: its NRRD header has no end, or its voxels lie in another file.",
                hint="Save it again as one .nrrd file (not .nhdr).",
                path=path,
            )
        size *= 8


def _parse(head: bytes, path: Path) -> NrrdHeader:
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", errors="replace").splitlines()[1:]:
        match = re.match(r"([^:#][^:]*):=(.*)|([^:#][^:]*):\s*(.*)", line)
        if match:
            key, value = (match[1], _unescaped(match[2])) if match[1] else (match[3].lower(), match[4])
            fields[key.strip()] = value.strip()
    try:
        return _interpret(fields, len(head), path)
    except (KeyError, ValueError) as error:
        raise BadInput(f"its NRRD header makes no sense ({error}).", hint=COPY_AGAIN, path=path) from error


@np.errstate(all="ignore")  # a damaged header may hold any number; check_grid has the last word
def _interpret(fields: dict[str, str], data_start: int, path: Path) -> NrrdHeader:
    if "data file" in fields or "datafile" in fields:
        raise BadInput("its voxels lie in another file.", hint="Save it again as one .nrrd file.", path=path)
    encoding = fields.get("encoding", "raw").lower()
    if encoding not in ("raw", "gzip", "gz", "bzip2", "bz2", "ascii", "text", "txt"):
        raise BadInput(f"its encoding {encoding!r} is not supported.", hint="Save it gzip-packed.", path=path)
    if fields["type"].lower() not in _TYPE_OF:
        raise BadInput(
            f"its voxel type {fields['type']!r} is not a plain number.", hint="Export grey values.", path=path
        )
    sizes = tuple(int(n) for n in fields["sizes"].split())
    if len(sizes) != int(fields["dimension"]) or min(sizes) < 1:
        raise ValueError(f"dimension {fields['dimension']}, sizes {fields['sizes']}")
    vectors = _directions(fields, len(sizes))
    spatial = [axis for axis, vector in enumerate(vectors) if vector is not None]
    if len(sizes) == 4 and len(spatial) == 4 and sizes[3] == 1:
        spatial = spatial[:3]
    rest = [axis for axis in range(len(sizes)) if axis not in spatial]
    if len(spatial) != 3 or len(rest) > 1:
        raise BadInput(
            f"this has {len(sizes)} axes of sizes {fields['sizes']}, not the three of a volume.",
            hint="Save one 3-D volume per file.",
            path=path,
        )
    affine = np.eye(4)
    affine[:3, :3] = np.array([vectors[axis] for axis in spatial], dtype=np.float64).T
    if "space origin" in fields:
        affine[:3, 3] = _numbers(fields["space origin"])
    space = fields.get("space", "left-posterior-superior").lower()
    if space not in _SPACES:
        raise BadInput(
            f"its space {space!r} has no patient directions.", hint="Save it in LPS or RAS.", path=path
        )
    affine = np.diag([*_SPACES[space], 1.0]) @ affine
    x, y, z = (sizes[axis] for axis in spatial)
    layers = sizes[rest[0]] if rest else 1
    skip = int(fields.get("byte skip", fields.get("byteskip", "0")))
    axis = rest[0] if rest else None
    return NrrdHeader(fields, sizes, Grid((x, y, z), affine), axis, layers, data_start, skip)


def _directions(fields: dict[str, str], dims: int) -> list[np.ndarray | None]:
    """The step vector of each axis in the file's space, None for an axis that is not spatial."""
    if "space directions" in fields:
        found = re.findall(r"none|\([^)]*\)", fields["space directions"])
        if len(found) != dims:
            raise ValueError(f"space directions {fields['space directions']}")
        return [None if text == "none" else _numbers(text) for text in found]
    spacings = [float(s) for s in fields.get("spacings", " ".join(["1"] * dims)).split()]
    if len(spacings) != dims:
        raise ValueError(f"spacings {fields['spacings']}")
    kinds = fields.get("kinds", " ".join(["domain"] * dims)).lower().split()
    spatial = [kind in ("domain", "space", "???", "none") for kind in kinds]
    vectors: list[np.ndarray | None] = []
    for axis in range(dims):
        rank = sum(spatial[:axis])
        step = spacings[axis] if np.isfinite(spacings[axis]) else 1.0
        vectors.append(np.eye(3)[rank] * step if spatial[axis] and rank < 3 else None)
    return vectors


def _numbers(text: str) -> np.ndarray:
    vector = np.array([float(v) for v in text.strip("() ").split(",")])
    if vector.shape != (3,):
        raise ValueError(f"{text} is no point in space")
    return vector


def _one_volume(header: NrrdHeader, path: Path) -> None:
    if header.layers > 1:
        raise BadInput(
            f"this holds {header.layers} volumes or colour components on one grid, not one 3-D scan.",
            hint="Save each volume as its own file (one channel per file).",
            path=path,
        )


def _from_text(data: bytes, kind: np.dtype, count: int, path: Path) -> np.ndarray:
    try:
        values = np.array(data.split(), dtype=np.float64)
    except ValueError as error:
        raise BadInput(f"its voxels are not numbers ({error}).", hint=COPY_AGAIN, path=path) from error
    check_length(len(values), count, path)
    return values[:count].astype(kind)
