"""Fingerprints of files, by content: what a cache entry or a label revision was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from DualSSLSegLib.errors import BadInput

_CHUNK = 1 << 20


def file_digest(paths: Path | Iterable[Path]) -> str:
    """SHA-256 (64 hexadecimal digits) over files in the order given; a folder (a DICOM series) stands for its own
    files in sorted order, without those of folders in it.

    Only content and order count, not names, so a renamed or moved scan keeps its digest. Hidden files are
    left out. Raises BadInput that names the file when one is missing or cannot be read.
    """
    given = [paths] if isinstance(paths, Path) else [Path(p) for p in paths]
    total = hashlib.sha256()
    for path in given:
        files = _files(path) if path.is_dir() else [path]
        # The counts keep two files apart from one file that holds both.
        total.update(f"{len(files)};".encode())
        for file in files:
            total.update(_digest(file))
    return total.hexdigest()


def _files(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    except OSError as error:
        raise _unreadable(folder, error) from error
    return sorted(found, key=lambda path: path.name)


def _digest(path: Path) -> bytes:
    one = hashlib.sha256()
    try:
        with open(path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                one.update(chunk)
    except OSError as error:
        raise _unreadable(path, error) from error
    return one.digest()


def _unreadable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"this cannot be read ({error.strerror or error}).", hint="Check its name and permissions.", path=path
    )
