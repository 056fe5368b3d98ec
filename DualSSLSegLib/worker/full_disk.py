"""Recognising that the disk is full, also where a library does not say so."""

from __future__ import annotations

from pathlib import Path

from DualSSLSegLib.atomic import DISK_FULL
from DualSSLSegLib.errors import RunFailed

_CUT_SHORT = ("requested and", "unexpected pos", "pytorchstreamwriter")
"""What numpy and torch say of a file that they could not write to its end."""


def is_full_disk(error: BaseException) -> bool:
    """True when `error` says that a file could not be written because the disk is full, as far as that is told."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in DISK_FULL
    return isinstance(error, OSError | RuntimeError) and any(
        word in str(error).lower() for word in _CUT_SHORT
    )


def in_words(error: BaseException, run: Path) -> RunFailed:
    """`error`, for which `is_full_disk` holds, as an error with a next step; `run` is named where it names no file."""
    file = getattr(error, "filename", None)
    certain = isinstance(error, OSError) and error.errno is not None
    return RunFailed(
        "the disk is full."
        if certain
        else "a file could not be written to its end; the disk is probably full.",
        hint="Free some space, then resume.",
        path=Path(file).parent if isinstance(file, str) else run,  # the file itself may be a temporary one
    )
