"""NIfTI-1 and NIfTI-2, single file (.nii, .nii.gz), read and written directly.

Done here and not by ITK for two reasons: ITK fills a cut file up with zeros without a word, and it silently
prefers one of two contradicting positions in a header.
"""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import (
    CONFLICT_TOLERANCE,
    LPS_FROM_RAS,
    Grid,
    check_grid,
    is_sane,
    nearest_rotation,
)
from DualSSLSegLib.imaging.streams import COPY_AGAIN, check_length, read_bytes, read_start

_COMPRESSION_LEVEL = 6
_DATA_START = 352
_QUATERNION_ERROR_RAD = 2e-3

_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_ORDERS: tuple[Literal["<"], Literal[">"]] = ("<", ">")
_MILLIMETRES = {0: 1.0, 1: 1e3, 2: 1.0, 3: 1e-3}

_LAYOUT_1 = """
    sizeof_hdr i4 unused_1 V35 dim_info u1 dim 8i2 intent_p 3f4 intent_code i2 datatype i2 bitpix i2
    slice_start i2 pixdim 8f4 vox_offset f4 scl_slope f4 scl_inter f4 slice_end i2 slice_code u1 xyzt_units u1
    cal_max f4 cal_min f4 slice_duration f4 toffset f4 unused_2 2i4 descrip S80 aux_file S24 qform_code i2
    sform_code i2 quatern 3f4 qoffset 3f4 srow 12f4 intent_name S16 magic V4
"""
_LAYOUT_2 = """
    sizeof_hdr i4 magic V8 datatype i2 bitpix i2 dim 8i8 intent_p 3f8 pixdim 8f8 vox_offset i8 scl_slope f8
    scl_inter f8 cal_max f8 cal_min f8 slice_duration f8 toffset f8 slice_start i8 slice_end i8 descrip S80
    aux_file S24 qform_code i4 sform_code i4 quatern 3f8 qoffset 3f8 srow 12f8 slice_code i4 xyzt_units i4
    intent_code i4 intent_name S16 dim_info u1 unused V15
"""


def _layout(text: str) -> np.dtype:
    """A packed little-endian record from "name type name type ..."."""
    words = text.split()
    return np.dtype(list(zip(words[::2], words[1::2], strict=True))).newbyteorder("<")


_HEADER_1, _HEADER_2 = _layout(_LAYOUT_1), _layout(_LAYOUT_2)


def read_grid(path: Path) -> Grid:
    """Grid from the header alone. Raises BadInput when the header is no usable 3-D one."""
    header, _ = _header(read_start(path, _HEADER_2.itemsize), path)
    return _grid(header, path)


def read(path: Path) -> tuple[np.ndarray, Grid]:
    """Voxels (X, Y, Z), with scl_slope and scl_inter applied, and their grid. Raises BadInput for anything
    unsound.
    """
    data = read_bytes(path)
    header, order = _header(data, path)
    grid = _grid(header, path)
    kind = np.dtype(_TYPES[int(header["datatype"])]).newbyteorder(order)
    offset = float(header["vox_offset"])
    if not 0 <= offset <= len(data):
        check_length(0, math.prod(grid.shape) * kind.itemsize, path)
    start = max(int(offset), int(header["sizeof_hdr"]))
    count = math.prod(grid.shape)
    check_length(len(data) - start, count * kind.itemsize, path)
    array = np.frombuffer(data, kind, count, start).reshape(grid.shape, order="F")
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if np.isfinite([slope, intercept]).all() and slope != 0 and (slope, intercept) != (1.0, 0.0):
        array = array * slope + intercept
    return array, grid


def write(path: Path, array: np.ndarray, grid: Grid) -> None:
    """Write (X, Y, Z) of a whole-number or floating type with sform and qform both set to `grid`, identity scaling,
    reproducible bytes.
    """
    kinds = {np.dtype(v): k for k, v in _TYPES.items()}
    header: Any = np.zeros((), _HEADER_1)
    header["sizeof_hdr"] = 348
    header["dim"] = [3, *grid.shape, 1, 1, 1, 1]
    header["datatype"] = kinds[array.dtype]
    header["bitpix"] = array.dtype.itemsize * 8
    header["vox_offset"] = _DATA_START
    header["scl_slope"] = 1
    header["xyzt_units"] = 2
    header["qform_code"] = header["sform_code"] = 1
    quaternion, handedness = _quaternion(nearest_rotation(grid.affine))
    header["pixdim"] = [handedness, *grid.spacing_mm, 1, 1, 1, 1]
    header["quatern"] = quaternion
    header["qoffset"] = grid.affine[:3, 3]
    header["srow"] = grid.affine[:3].ravel()
    header["magic"] = np.void(b"n+1\0")
    voxels = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(order="F")
    data = header.tobytes() + b"\0" * (_DATA_START - _HEADER_1.itemsize) + voxels
    if path.name.lower().endswith(".gz"):
        data = gzip.compress(data, _COMPRESSION_LEVEL, mtime=0)
    path.write_bytes(data)


def _header(data: bytes, path: Path) -> tuple[Any, Literal["<", ">"]]:
    """The header in native byte order and the byte order ("<" or ">") of the file."""
    for kind, magics in ((_HEADER_1, (b"n+1\0",)), (_HEADER_2, (b"n+2\0\r\n\x1a\n",))):
        for order in _ORDERS:
            if len(data) < kind.itemsize:
                continue
            header: Any = np.frombuffer(data, kind.newbyteorder(order), 1)[0]
            if int(header["sizeof_hdr"]) == kind.itemsize and bytes(header["magic"]) in magics:
                return header, order
    if len(data) < _HEADER_1.itemsize:
        raise BadInput(
            f"this file is cut short: {len(data)} bytes are no NIfTI header.", hint=COPY_AGAIN, path=path
        )
    raise BadInput(
        "this is not a NIfTI file, whatever its name says.",
        hint="Open it in the program it came from and save it as .nii.gz or .nrrd.",
        path=path,
    )


def _grid(header: Any, path: Path) -> Grid:
    dims = int(header["dim"][0])
    if not 1 <= dims <= 7 or (header["dim"][1 : dims + 1] < 1).any():
        raise BadInput("the header gives an impossible size.", hint=COPY_AGAIN, path=path)
    sizes = [int(n) for n in header["dim"][1 : dims + 1]]
    if int(header["datatype"]) not in _TYPES:
        raise BadInput(
            f"the voxels are colours or complex numbers (type {int(header['datatype'])}), not plain numbers.",
            hint="Export a grey-value volume.",
            path=path,
        )
    if any(n > 1 for n in sizes[3:]):
        raise BadInput(
            f"this is a 4-D series of {math.prod(sizes[3:])} volumes, not one 3-D scan.",
            hint="Save each volume as its own file (one channel per file).",
            path=path,
        )
    x, y, z = (*sizes, 1, 1)[:3]
    shape = (x, y, z)
    if min(shape) < 2:
        return check_grid(Grid(shape, np.eye(4)), path)
    return _position(header, shape, path)


@np.errstate(all="ignore")  # a damaged header may hold any number; check_grid has the last word
def _position(header: Any, shape: tuple[int, int, int], path: Path) -> Grid:
    scale = np.diag([*[_MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0)] * 3, 1.0])
    stored = Grid(shape, scale @ _sform(header)) if int(header["sform_code"]) > 0 else None
    turned = Grid(shape, scale @ _qform(header)) if int(header["qform_code"]) > 0 else None
    if stored is not None and turned is not None and _is_usable(turned) and not _is_usable(stored):
        stored = None  # some writers set the code and leave the numbers zero
    if stored is None and turned is None:
        # Nothing is said about the orientation; ITK, and so 3D Slicer, then shows LPS with its origin at the
        # first voxel.
        spacing = np.abs(np.asarray(header["pixdim"][1:4], np.float64))
        return check_grid(Grid(shape, LPS_FROM_RAS @ scale @ np.diag([*spacing, 1.0])), path)
    grid = check_grid(stored or turned, path)  # type: ignore[arg-type]
    if turned is not None and _is_usable(turned) and _contradict(grid, turned):
        raise BadInput(
            "the header holds two positions that contradict each other: beside its qform, its sform has "
            f"{grid.difference(turned) or 'other corners'}.",
            hint="Check in a viewer which one is right, and save the scan again (for example in 3D Slicer).",
            path=path,
        )
    return grid


def _contradict(stored: Grid, turned: Grid) -> bool:
    """Whether two positions differ by more than the rounding of a header explains."""
    # Near a half turn, as in every LPS volume, the quaternion's first part is the root of a float32 rounding
    # error.
    extent = float(np.linalg.norm(np.array(stored.shape) * stored.spacing_mm)) / min(stored.spacing_mm)
    return stored.corner_displacement(turned) > CONFLICT_TOLERANCE + _QUATERNION_ERROR_RAD * extent


def _is_usable(grid: Grid) -> bool:
    return is_sane(grid.affine) and min(grid.spacing_mm) > 0


def _sform(header: Any) -> np.ndarray:
    return np.vstack([np.asarray(header["srow"], np.float64).reshape(3, 4), [0, 0, 0, 1]])


def _qform(header: Any) -> np.ndarray:
    b, c, d = (float(v) for v in header["quatern"])
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    # The stored three parts are float32, so their square sum may exceed 1 a little: normalise.
    a, b, c, d = np.array([a, b, c, d]) / np.linalg.norm([a, b, c, d])
    rotation = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ])  # fmt: skip
    spacing = np.abs(np.asarray(header["pixdim"][1:4], np.float64))
    handedness = -1.0 if float(header["pixdim"][0]) < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * (spacing * [1, 1, handedness])
    affine[:3, 3] = header["qoffset"]
    return affine


def _quaternion(rotation: np.ndarray) -> tuple[np.ndarray, float]:
    """(b, c, d) and the handedness (+1 or -1, which flips the third axis) of a 3x3 orthogonal matrix."""
    handedness = 1.0 if np.linalg.det(rotation) > 0 else -1.0
    r = rotation * [1, 1, handedness]
    # The eigenvector of the largest eigenvalue of this symmetric matrix is the quaternion; stable for every
    # rotation.
    k = np.array([
        [r[0, 0] + r[1, 1] + r[2, 2], r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
        [r[2, 1] - r[1, 2], r[0, 0] - r[1, 1] - r[2, 2], r[1, 0] + r[0, 1], r[2, 0] + r[0, 2]],
        [r[0, 2] - r[2, 0], r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], r[2, 1] + r[1, 2]],
        [r[1, 0] - r[0, 1], r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1]],
    ])  # fmt: skip
    quaternion = np.linalg.eigh(k)[1][:, -1]
    if quaternion[0] < 0:
        quaternion = -quaternion
    return quaternion[1:], handedness
