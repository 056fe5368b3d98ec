"""Small PNG images as data URIs: grey values, or one byte per pixel with a colour table."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

_GREY, _INDEXED = 0, 3


def grey_uri(pixels: np.ndarray) -> str:
    """`pixels` (rows, columns) uint8 as a grey PNG."""
    return _uri(_encode(pixels, _GREY, b""))


def indexed_uri(pixels: np.ndarray, colours: np.ndarray, opacity: np.ndarray) -> str:
    """`pixels` (rows, columns) uint8 looked up in `colours` (256, 3) and `opacity` (256,), both uint8."""
    table = _chunk(b"PLTE", colours.astype(np.uint8).tobytes())
    return _uri(_encode(pixels, _INDEXED, table + _chunk(b"tRNS", opacity.astype(np.uint8).tobytes())))


def _encode(pixels: np.ndarray, kind: int, tables: bytes) -> bytes:
    if pixels.dtype != np.uint8 or pixels.ndim != 2:
        raise ValueError(f"a picture is a 2D uint8 array, not {pixels.dtype} with {pixels.ndim} axes")
    rows, columns = pixels.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0)
    filtered = np.zeros((rows, columns + 1), np.uint8)  # column 0 is each row's filter type: none
    filtered[:, 1:] = pixels
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            tables,
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
