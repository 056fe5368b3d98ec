"""Ending a worker the hard way."""

from __future__ import annotations

import os
import signal
import sys

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.processes import host_name, is_alive


def end_hard(pid: int, host: str) -> None:
    """Kill the worker at once, without a checkpoint: the pid of `started`, because a launcher's pid is
    another one.

    Raises RunFailed when the worker runs on another machine. A process that is gone already is fine.
    """
    if host != host_name():
        raise RunFailed(
            f"this run works on {host}, it can only be ended there.", hint="Ask it to stop instead."
        )
    if not is_alive(pid):
        return
    try:
        os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    except ProcessLookupError:
        return
