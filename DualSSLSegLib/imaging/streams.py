"""Bytes of a scan file, plain or gzip, read whole or refused: a cut file is never filled up with zeros."""

from __future__ import annotations

import bz2
import gzip
import zlib
from pathlib import Path

from DualSSLSegLib.errors import BadInput

COPY_AGAIN = "Copy or export it again from where it came from."
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 16  # as large as a member of the files of bgzip: what lies behind a member is copied with it


def check_file(path: Path) -> None:
    """Raises BadInput when `path` is missing, is a folder or is empty."""
    if not path.exists():
        raise BadInput(
            "this file does not exist.", hint="Check the name, or whether its drive is connected.", path=path
        )
    if path.is_dir():
        raise BadInput("this is a folder, not a file.", hint="Give the file itself.", path=path)
    if path.stat().st_size == 0:
        raise BadInput("this file is empty (0 bytes).", hint=COPY_AGAIN, path=path)


def read_bytes(path: Path) -> bytes:
    """All bytes of a file, unpacked when it is gzip whatever its name says. Raises BadInput when cut or
    damaged.
    """
    check_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    return gunzip(data, path) if data[:2] == _GZIP_MAGIC else data


def read_start(path: Path, count: int) -> bytes:
    """The first `count` bytes (fewer when the file is shorter), unpacked when it is gzip."""
    check_file(path)
    try:
        with open(path, "rb") as stream:
            magic = stream.read(2)
            stream.seek(0)
            if magic != _GZIP_MAGIC:
                return stream.read(count)
            with gzip.GzipFile(fileobj=stream) as unpacked:
                return unpacked.read(count)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def gunzip(data: bytes, path: Path) -> bytes:
    """Unpack gzip data of one or more members, each checked by its length and CRC. Raises BadInput naming
    `path`.
    """
    parts: list[bytes] = []
    view = memoryview(data)
    position = 0
    while position < len(view):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            while not unpacker.eof and position < len(view):
                chunk = view[position : position + _CHUNK]
                parts.append(unpacker.decompress(chunk))
                position += len(chunk) - len(unpacker.unused_data)
        except zlib.error as error:
            raise _damaged(path) from error
        if not unpacker.eof:
            raise _damaged(path)
        if not any(view[position:]):
            break  # zero padding after the last member, which some archives add, carries nothing
    return b"".join(parts)


def unzlib(data: bytes, path: Path) -> bytes:
    """Unpack one zlib stream. Raises BadInput naming `path` when it is cut or damaged."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data)
    except zlib.error as error:
        raise _damaged(path) from error
    if not unpacker.eof:
        raise _damaged(path)
    return unpacked


def unbzip2(data: bytes, path: Path) -> bytes:
    """Unpack bzip2 data. Raises BadInput naming `path` when it is cut or damaged."""
    try:
        return bz2.decompress(data)
    except (OSError, ValueError) as error:
        raise _damaged(path) from error


def check_length(found: int, expected: int, path: Path) -> None:
    """Raises BadInput when fewer voxel bytes are there than the header promises."""
    if found < expected:
        raise BadInput(
            f"this file is cut short: its header promises {expected:,} bytes of voxels, {found:,} are there.",
            hint=COPY_AGAIN,
            path=path,
        )


def _damaged(path: Path) -> BadInput:
    return BadInput(
        "this file is cut short or damaged: its compressed data break off.", hint=COPY_AGAIN, path=path
    )


def _unreadable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"this file cannot be read ({error.strerror or error}).",
        hint="Check its permissions and its drive.",
        path=path,
    )
