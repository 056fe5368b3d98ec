"""Recognising that memory ran out, on any device, without importing torch."""

from __future__ import annotations

from DualSSLSegLib.errors import OutOfMemory

_WORDS = ("out of memory", "allocate memory", "not enough memory", "failed to allocate", "alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """True when `error` says that the GPU's or the machine's memory did not suffice."""
    if isinstance(error, (MemoryError, OutOfMemory)) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def reason_of(error: BaseException) -> str:
    """The first line of what `error` says, or its kind: a MemoryError often says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:500]


def in_words(error: BaseException) -> OutOfMemory:
    """`error`, for which `is_out_of_memory` holds, as an error with a next step."""
    if isinstance(error, OutOfMemory):
        return error
    return OutOfMemory(
        f"memory did not suffice ({reason_of(error)}).",
        hint="Close other programs, or use a machine with more memory.",
    )
