"""A worker gives way to what a person does meanwhile."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def yield_to_others(nice: int, own_session: bool, process: Path = Path("/proc/self")) -> None:
    """Lower this process's priority by `nice` (0 to 19) where the system knows that.

    Linux with session scheduling, as desktops have it, compares niceness within a session only: a worker in a session
    of its own would take a full half of a busy processor from Slicer whatever its niceness. With `own_session`, when
    the session was made for this worker, the whole session gives way there; a terminal's must be left alone.
    """
    if not nice or not hasattr(os, "nice"):
        return
    os.nice(nice)
    if own_session:
        with contextlib.suppress(
            OSError
        ):  # not on this kernel, or not allowed: then there is only the niceness
            (process / "autogroup").write_text(f"{nice}\n")
