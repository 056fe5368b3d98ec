"""How much memory there is and how much was used, with the standard library and torch alone."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import torch

_FALLBACK_FREE = 8e9  # a machine that does not say is taken for a small one


def peak_bytes(device: torch.device) -> int | None:
    """Largest memory so far: allocated on the GPU, or resident in this process; None where it cannot be known."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if os.name == "nt":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def free_bytes(device: torch.device) -> float:
    """Memory that a training may still take, in bytes, on the GPU or in the machine."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    if sys.platform.startswith("linux"):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    if os.name == "nt":
        return _free_bytes_windows()
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) * 0.5
    except (ValueError, OSError):
        return _FALLBACK_FREE


def _free_bytes_windows() -> float:
    class MemoryStatus(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong),
            ("rest", ctypes.c_ulonglong * 5),
        ]

    status = MemoryStatus()
    status.length = ctypes.sizeof(status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined]
        return _FALLBACK_FREE
    return float(status.available)
