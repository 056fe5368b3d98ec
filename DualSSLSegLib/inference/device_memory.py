"""Recognising that memory ran out, on any device."""

from __future__ import annotations

import torch

_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "failed to allocate")


def is_out_of_memory(error: BaseException) -> bool:
    """True when `error` says that the GPU's or the machine's memory did not suffice."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def free_bytes(device: torch.device) -> int | None:
    """Free memory of a CUDA device in bytes; None for devices that share the machine's memory."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def release(device: torch.device) -> None:
    """Give cached blocks back, so that a smaller attempt starts from what is really free."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
