"""Which process this is, told apart from any later one that gets the same number, and whether one still runs."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WINDOWS_QUERY = 0x1000
_WINDOWS_STILL_ACTIVE = 259
_WINDOWS_ACCESS_DENIED = 5


@dataclass(frozen=True)
class Process:
    """A process: machine, boot and process space of the machine (where the system tells), id, start."""

    host: str
    boot: str
    space: str
    pid: int
    start: str


def host_name() -> str:
    """The name of this machine as written in journals and locks."""
    return socket.gethostname()


def this_process() -> Process:
    """The process that runs this code."""
    pid = os.getpid()
    return Process(host_name(), _boot(), _space(), pid, process_start(pid) or "")


def surely_dead(process: Process) -> bool:
    """Whether the process has certainly ended. False whenever that cannot be known from here.

    Another machine, or another container on this one, cannot be looked into.
    """
    here = this_process()
    if process.host != here.host:
        return False
    if process.boot and here.boot and process.boot != here.boot:
        return True
    if process.space != here.space:
        return False
    start = process_start(process.pid)
    return start is None or (start != process.start and "" not in (start, process.start))


def is_alive(pid: int) -> bool:
    """Whether a process of this id runs on this machine. A process that has ended but was not collected by its
    parent counts as gone where the platform tells (Linux). An id given to another program counts as alive."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it runs, as another user
    return sys.platform != "linux" or _linux_status(pid) is not None


def process_start(pid: int) -> str | None:
    """A text that differs for every start of process `pid`; None when no such process runs.

    "" when it runs but the system does not tell when it started.
    """
    if not is_alive(pid):
        return None
    if sys.platform == "win32":
        return _start_on_windows(pid)
    if sys.platform == "linux":
        status = _linux_status(pid)
        return None if status is None else status[19] if status else ""
    return _start_by_ps(pid)


def _linux_status(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the state on; None when the process has ended, [] when not told."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else []
    except OSError:
        return []
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else fields


def _start_by_ps(pid: int) -> str:
    import subprocess

    try:
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)],
            capture_output=True, text=True, timeout=5, check=False, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


@contextmanager
def _windows_process(pid: int) -> Iterator[tuple[Any, Any, bool]]:
    """(kernel32, handle or None, whether the process is there but may not be asked)."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(_WINDOWS_QUERY, False, pid)
    denied = not handle and ctypes.get_last_error() == _WINDOWS_ACCESS_DENIED  # type: ignore[attr-defined]
    try:
        yield kernel, ctypes.c_void_p(handle) if handle else None, denied
    finally:
        if handle:
            kernel.CloseHandle(ctypes.c_void_p(handle))


def _is_alive_on_windows(pid: int) -> bool:
    import ctypes

    with _windows_process(pid) as (kernel, handle, denied):
        if handle is None:
            return denied
        code = ctypes.c_ulong()
        known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        return not known or code.value == _WINDOWS_STILL_ACTIVE


def _start_on_windows(pid: int) -> str | None:
    import ctypes

    with _windows_process(pid) as (kernel, handle, denied):
        if handle is None:
            return "" if denied else None
        times = [ctypes.c_ulonglong() for _ in range(4)]
        if not kernel.GetProcessTimes(handle, *(ctypes.byref(t) for t in times)):
            return ""
        return str(times[0].value)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
