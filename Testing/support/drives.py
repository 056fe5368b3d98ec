"""Drives that are unplugged and disks that are full, for tests."""

from __future__ import annotations

import builtins
import errno
import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

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


@contextmanager
def bad_sector(path: Path) -> Iterator[None]:
    """The file at `path` is there and cannot be read for the block."""

    def opening(function: Callable[..., Any]) -> Callable[..., Any]:
        def open_(file: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(file, str | os.PathLike) and Path(file) == path:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
            return function(file, *arguments, **options)

        return open_

    with mock.patch.object(builtins, "open", opening(open)), mock.patch.object(io, "open", opening(io.open)):
        yield


@contextmanager
def virus_scanner() -> Iterator[list[str]]:
    """A Windows on which whatever is moved is being read by another program just then, so that the first attempt is
    refused; yields what was."""
    refused: list[str] = []

    def moving(function: Callable[..., None]) -> Callable[..., None]:
        def move(source: Any, target: Any) -> None:
            if str(source) not in refused:
                refused.append(str(source))
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source))
            function(source, target)

        return move

    with ExitStack() as patches:
        for name in ("rename", "replace"):
            patches.enter_context(mock.patch.object(os, name, moving(getattr(os, name))))
        patches.enter_context(mock.patch.dict(atomic.patiently.__kwdefaults__, windows=True))
        yield refused


@contextmanager
def silent(folder: Path) -> Iterator[None]:
    """A drive at `folder` that does not answer for the block, like a network drive whose server is gone: whoever
    asks for anything below it waits. Fails when the main thread, which is the window's, was about to. Slicer's own
    path edit looks whether its path exists, which is not ours to change; it is told that nothing is there."""
    answers, by_window = threading.Event(), []

    def asking(function: Callable[..., Any]) -> Callable[..., Any]:
        def ask(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if not isinstance(path, str | os.PathLike) or not Path(path).is_relative_to(folder):
                return function(path, *arguments, **options)
            if _asked_by_path_edit():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            if threading.current_thread() is threading.main_thread():
                by_window.append(f"{function.__name__}({path})")
            else:
                answers.wait(60)
            raise OSError(errno.EHOSTDOWN, os.strerror(errno.EHOSTDOWN), str(path))

        return ask

    with ExitStack() as patches:
        for module, name in (
            *((os, name) for name in ("stat", "lstat", "scandir", "listdir", "open", "mkdir", "replace")),
            (builtins, "open"),
            (io, "open"),
        ):
            patches.enter_context(mock.patch.object(module, name, asking(getattr(module, name))))
        try:
            yield
        finally:
            answers.set()
    assert by_window == []


def _asked_by_path_edit() -> bool:
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.endswith("pathlib.py"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.endswith("ctk_paths.py")
