"""Which process this is, told apart from any later one that gets the same number."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

_WINDOWS_QUERY = 0x1000
_WINDOWS_STILL_ACTIVE = 259


@dataclass(frozen=True)
class Process:
    """A process: machine, boot and process space of the machine (where the system tells), id, start."""

    host: str
    boot: str
    space: str
    pid: int
    start: str


def this_process() -> Process:
    """The process that runs this code."""
    import socket

    pid = os.getpid()
    return Process(socket.gethostname(), _boot(), _space(), pid, process_start(pid) or "")


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


def process_start(pid: int) -> str | None:
    """A text that differs for every start of process `pid`; None when no such process runs.

    "" when it runs but the system does not tell when it started.
    """
    if pid <= 0:
        return None
    if sys.platform == "win32":
        return _start_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it runs, as another user
    if sys.platform == "linux":
        return _start_on_linux(pid)
    return _start_by_ps(pid)


def _start_on_linux(pid: int) -> str | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else ""
    except OSError:
        return ""
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else fields[19]


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


def _start_on_windows(pid: int) -> str | None:
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(_WINDOWS_QUERY, False, pid)
    if not handle:
        access_denied = 5  # it runs, as another user
        return "" if ctypes.get_last_error() == access_denied else None  # type: ignore[attr-defined]
    try:
        code = ctypes.c_ulong()
        known = kernel.GetExitCodeProcess(ctypes.c_void_p(handle), ctypes.byref(code))
        if known and code.value != _WINDOWS_STILL_ACTIVE:
            return None
        times = [ctypes.c_ulonglong() for _ in range(4)]
        if not kernel.GetProcessTimes(ctypes.c_void_p(handle), *(ctypes.byref(t) for t in times)):
            return ""
        return str(times[0].value)
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))


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
