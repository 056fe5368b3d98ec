"""The operating system's lock on a file, which ends with the process that holds it."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_S = 0.05
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextmanager
def file_lock(path: Path, *, wait_s: float, create: bool = True) -> Iterator[bool]:
    """Lock `path` for the block; yields False when another process still holds it after `wait_s` seconds.

    On a file system without such locks it yields True: nobody else can hold one there either. A file that
    is gone (with `create` off) is nobody's. Raises OSError when the file cannot be opened.
    """
    try:
        file = _open(path, create)
    except FileNotFoundError:
        if create:
            raise
        yield True
        return
    try:
        deadline = time.monotonic() + wait_s
        while not (held := _try_lock(file)) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        yield held
    finally:
        os.close(file)  # which unlocks it


def _open(path: Path, create: bool) -> int:
    flags = os.O_RDWR | (os.O_CREAT if create else 0)
    try:
        return os.open(path, flags, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in _HELD:
                raise
            return False
        return True

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in _HELD
        return True
