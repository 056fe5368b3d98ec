"""What this machine is and has: versions, memory used and memory free."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

_PACKAGES = ("dualsslseg", "torch", "numpy", "scipy", "SimpleITK", "nibabel")
_FALLBACK_FREE_BYTES = 4 << 30


def versions() -> dict[str, str]:
    """Versions of Python, the system and the packages a run depends on, without importing them."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def peak_memory_mb() -> float | None:
    """Most memory this process has held so far, in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        return _peak_memory_mb_on_windows()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def free_memory_bytes() -> int:
    """Main memory a new program can have without swapping, container limits included."""
    if sys.platform == "linux":
        return min([_available_on_linux(), *_container_room()])
    if sys.platform == "win32":
        return _available_on_windows()
    try:  # macOS gives no count of what it would free; half of all is a cautious stand-in
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError):
        return _FALLBACK_FREE_BYTES


def _available_on_linux() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return _FALLBACK_FREE_BYTES


def _container_room(groups: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """What the limit of a container leaves. Pages of files count as used there, but the system gives them back."""
    room = []
    for folder, limit, used in (
        (groups, "memory.max", "memory.current"),
        (groups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        try:
            most, now = ((folder / name).read_text().strip() for name in (limit, used))
            held = (folder / "memory.stat").read_text().split()
        except OSError:
            continue
        if most.isdigit() and now.isdigit():
            counts = dict(zip(held[::2], held[1::2], strict=False))
            pages = sum(int(counts.get(name, 0)) for name in ("inactive_file", "active_file"))
            room.append(max(0, int(most) - max(0, int(now) - pages)))
    return room


def _peak_memory_mb_on_windows() -> float | None:
    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", ctypes.c_ulong),
            ("faults", ctypes.c_ulong),
            ("peak", ctypes.c_size_t),
            *((f"other{index}", ctypes.c_size_t) for index in range(7)),
        )

    counters = Counters(cb=ctypes.sizeof(Counters))
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined]
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)
    if not kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
        return None
    return round(counters.peak / (1 << 20), 1)


def _available_on_windows() -> int:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong),
            *((f"other{index}", ctypes.c_ulonglong) for index in range(5)),
        )

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined]
        return _FALLBACK_FREE_BYTES
    return int(status.available)
