"""Which device a run computes on, and how much memory it may plan with."""

from __future__ import annotations

import torch

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import DEVICES
from DualSSLSegLib.worker.machine import free_memory_bytes
from DualSSLSegLib.worker.session import Session


def choose_device(session: Session) -> str:
    """The device of the run, "cpu" or "cuda", told to the journal.

    Raises BadInput for an unknown word, and for "cuda" where there is none.
    """
    wish = session.spec.get("device", "auto")
    if wish not in DEVICES:
        raise BadInput(f"unknown device {wish!r}.", hint=f"Choose one of: {', '.join(DEVICES)}.")
    has_cuda = torch.cuda.is_available()
    if wish == "cuda" and not has_cuda:
        raise BadInput(
            "this machine has no graphics card that PyTorch can use.",
            hint="Choose the device auto or cpu, or install PyTorch with CUDA.",
        )
    device = "cuda" if has_cuda and wish != "cpu" else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    session.report("device", device=device, name=name, versions={"torch": str(torch.__version__)})
    return device


def free_bytes(device: str) -> int:
    """Memory that a new training may use on this device."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info()[0])
    return free_memory_bytes()
