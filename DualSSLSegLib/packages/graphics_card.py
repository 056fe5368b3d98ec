"""The NVIDIA card of this computer according to its driver, whether or not PyTorch is there to use it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass

from DualSSLSegLib.packages.child import CREATE_NO_WINDOW

_PATIENCE_S = 20
_MIB = 1 << 20


@dataclass(frozen=True)
class GraphicsCard:
    """`capability` is NVIDIA's compute capability as (major, minor), None when the driver is too old to tell."""

    name: str
    memory_bytes: int
    capability: tuple[int, int] | None


def find_card() -> GraphicsCard | None:
    """The card with the most memory; None when there is none, or no driver that answers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    for fields in ("name,memory.total,compute_cap", "name,memory.total"):
        try:
            done = subprocess.run(
                [program, f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
                capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S, check=False,
                creationflags=CREATE_NO_WINDOW if sys.platform == "win32" else 0,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode == 0:
            return best_card(done.stdout)
    return None


def best_card(answer: str) -> GraphicsCard | None:
    """Read nvidia-smi's lines "name, MiB[, capability]"; a pure function. Lines that say something else are skipped."""
    cards = []
    for line in answer.splitlines():
        name, *numbers = (field.strip() for field in line.split(","))
        if not numbers or not numbers[0].isdigit():
            continue
        major, _, minor = numbers[1].partition(".") if len(numbers) > 1 else ("", "", "")
        capability = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
        cards.append(GraphicsCard(name, int(numbers[0]) * _MIB, capability))
    return max(cards, key=lambda card: card.memory_bytes, default=None)
