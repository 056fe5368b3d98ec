"""Whether a worker's process is still there, and ending it the hard way."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

from DualSSLSegLib.errors import RunFailed

_WINDOWS_QUERY = 0x1000
_WINDOWS_STILL_ACTIVE = 259


def host_name() -> str:
    """The name of this machine as written in `started` and in locks."""
    return socket.gethostname()


def is_alive(pid: int) -> bool:
    """Whether a process of this id runs on this machine. A process that has ended but was not collected by
    its parent counts as gone where the platform tells (Linux). An id given to another program counts as
    alive."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if sys.platform != "linux":
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def _is_alive_on_windows(pid: int) -> bool:
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(_WINDOWS_QUERY, False, pid)
    if not handle:
        return ctypes.get_last_error() == 5  # type: ignore[attr-defined]  # access denied: it is there
    try:
        code = ctypes.c_ulong()
        return (
            not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value == _WINDOWS_STILL_ACTIVE
        )
    finally:
        kernel.CloseHandle(handle)


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
