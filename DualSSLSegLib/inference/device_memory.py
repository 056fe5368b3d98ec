"""The memory of a device."""

from __future__ import annotations

import torch


def free_bytes(device: torch.device) -> int | None:
    """Free memory of a CUDA device in bytes; None for devices that share the machine's memory."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def release(device: torch.device) -> None:
    """Give cached blocks back, so that a smaller attempt starts from what is really free."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
