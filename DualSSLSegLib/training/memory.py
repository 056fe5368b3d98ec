"""How much memory a training has used."""

from __future__ import annotations

import os
import sys

import torch


def peak_bytes(device: torch.device) -> int | None:
    """Largest memory so far: allocated on the GPU, or resident in this process; None where it cannot be known."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if os.name == "nt":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
