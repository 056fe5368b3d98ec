"""Drives that are unplugged and disks that are full, for tests."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from DualSSLSegLib import atomic

_NOBODY = 65534


@contextmanager
def rights_of_ones_own() -> Iterator[None]:
    """Nobody else changes the rights of folders for the block: what tests of other processes write lies below the
    same folder as what this one writes, and each would give it back as the other one left it."""
    if os.name == "nt":
        pytest.skip("folder permissions are another thing on Windows")
    import fcntl

    handle = os.open(tempfile.gettempdir(), os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def unplugged(folder: Path, *, at_hand: Path) -> Iterator[None]:
    """Nothing below `folder` can be read or written for the block, also not by a super user; `at_hand`, where the
    user's own files lie, can."""
    with rights_of_ones_own():
        root = os.geteuid() == 0
        places = (folder, at_hand, *at_hand.parents)
        around = {path: path.stat().st_mode for path in places if path != Path("/")}
        around = {path: mode for path, mode in around.items() if os.access(path, os.W_OK)}
        try:
            if root:
                for path, mode in around.items():
                    path.chmod(mode | 0o055)
                at_hand.chmod(0o777)
            folder.chmod(0)
            if root:
                os.seteuid(_NOBODY)
            yield
        finally:
            if root:
                os.seteuid(0)
            for path, mode in around.items():
                path.chmod(mode)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of that size at `folder`; skips where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(command, capture_output=True).returncode
    ):
        pytest.skip("this user may not mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill the disk of `folder` to the last byte; delete the returned file to have space again."""
    ballast = folder / ".ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (1 << 14, 1 << 8, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return ballast


@contextmanager
def full_disk() -> Iterator[None]:
    """Every disk is full for the block: what was written does not reach it."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = atomic.replace_file
    atomic.replace_file = refuse
    try:
        yield
    finally:
        atomic.replace_file = before
