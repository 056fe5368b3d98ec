"""Files that a reader sees whole or not at all: temporary file, fsync, os.replace."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.give_way import give_way

_PATIENCE_S = 1.0
_POLL_S = 0.05
DISK_FULL = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name)}
"""Numbers of the errors that say that there is no space left."""
_NO_FOLDER_SYNC = {
    getattr(errno, name) for name in ("EINVAL", "EBADF", "ENOTSUP", "EOPNOTSUPP") if hasattr(errno, name)
}
"""What file systems say that sync files but no folders, such as some shared ones. There a loss of power may bring back
the old file, which is whole, too: no reason not to write at all."""

_Answer = TypeVar("_Answer")


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def patiently(action: Callable[[], _Answer], *, windows: bool = os.name == "nt") -> _Answer:
    """Do `action`; on Windows again for a second while it is refused: there a file that another program reads can be
    neither removed nor replaced, a folder with such a file not moved, and the name of a file that is being removed not
    used. Raises PermissionError."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return action()
        except PermissionError:
            if not windows or time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_S)


def replace_file(source: Path, target: Path) -> None:
    """Move the file `source` onto `target` in one step, on the same file system. Raises OSError."""
    patiently(lambda: os.replace(source, target))
    _sync_folder(target.parent)


def move_folder(source: Path, target: Path) -> None:
    """Move the folder `source` to `target`, where nothing may lie, on the same file system. Raises OSError."""
    patiently(lambda: source.rename(target))


@contextmanager
def replacing(target: str | os.PathLike[str], suffix: str = "") -> Iterator[Path]:
    """Yield a temporary path in the target's folder; on success it becomes the target, on error it is removed.

    `suffix` is appended to the temporary name for writers that choose the format by the ending (".nii.gz").
    The temporary name starts with "." so that a listing of scans never shows it.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{uuid.uuid4().hex[:12]}.tmp{suffix}"
    try:
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        replace_file(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(target: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `target` atomically."""
    with replacing(target) as temporary:
        temporary.write_bytes(data)


def write_json(target: str | os.PathLike[str], content: Any) -> None:
    """Write `content` as UTF-8 JSON atomically. NaN and infinity are refused (ValueError): readers differ on them."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(target, (text + "\n").encode("utf-8"))


def read_json(source: str | os.PathLike[str]) -> Any:
    """Read a JSON file. Raises BadInput that names the file when it is missing or not JSON."""
    give_way()
    try:
        return json.loads(Path(source).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput("this file does not exist.", path=source) from None
    except (ValueError, OSError) as error:
        raise BadInput(f"this file cannot be read as JSON ({error}).", path=source) from error


def remove_tree(folder: Path) -> None:
    """Remove a folder that is ours, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
