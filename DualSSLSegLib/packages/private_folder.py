"""The private folder of packages: marked as ours, put in place in one step, removed only when it is ours."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.processes import Process, surely_dead, this_process

MARK = ".dualsslseg.json"
_NEW, _OLD = "new-", "old-"  # short: paths inside packages are long, and Windows counts
_ATTEMPTS = 10
_WAIT_S = 0.1


@dataclass(frozen=True)
class Mark:
    """For whom the packages of a folder were made: `python` as in the setting, `tag` as "cpython-312"."""

    python: str | None
    tag: str
    packages: Mapping[str, str]  # name -> version


def read_mark(folder: Path) -> Mark | None:
    """The mark of a folder; None when it has none, or no sound one: then it is not ours."""
    try:
        content = read_json(folder / MARK)
        return Mark(content["python"], str(content["tag"]), dict(content["packages"]))
    except (BadInput, KeyError, TypeError, ValueError):
        return None


def write_mark(folder: Path, mark: Mark) -> None:
    """Mark a folder as ours."""
    write_json(folder / MARK, {"v": 1, **asdict(mark)})


def new_staging(beside: Path) -> Path:
    """A new folder beside `beside`, for an installation in progress of this process.

    Staging folders and replaced packages that a killed program left there are removed first. Raises OSError.
    """
    beside.parent.mkdir(parents=True, exist_ok=True)
    sweep(beside.parent)
    staging = beside.parent / f"{_NEW}{uuid.uuid4().hex[:6]}"
    staging.mkdir()
    write_json(staging / MARK, {"v": 1, "process": asdict(this_process())})
    return staging


def sweep(folder: Path) -> None:
    """Remove what a program that has ended left of an installation; another one's that still runs stays."""
    for path in folder.glob(f"{_OLD}*"):
        if read_mark(path) is not None:
            delete(path)
    for path in folder.glob(f"{_NEW}*"):
        try:
            owner = Process(**read_json(path / MARK)["process"])
        except (BadInput, KeyError, TypeError):
            continue  # not ours
        if surely_dead(owner):
            delete(path)


def put_in_place(packages: Path, target: Path) -> None:
    """Make `packages`, complete and marked, the folder `target`. What is there before is replaced when it is ours.

    Raises BadInput, and `target` is as before, when it is not ours or in use.
    """
    old = None
    if target.exists():
        require_ours(target)
        old = target.parent / f"{_OLD}{uuid.uuid4().hex[:6]}"
        _rename(target, old)
    try:
        _rename(packages, target)
    except BaseException:
        if old is not None:
            _rename(old, target)
        raise
    if old is not None:
        delete(old)


def take_away(target: Path) -> None:
    """Remove the private folder. It disappears under its name first, so that half of it is never found.

    Raises BadInput when it is not ours or in use.
    """
    require_ours(target)
    old = target.parent / f"{_OLD}{uuid.uuid4().hex[:6]}"
    _rename(target, old)
    delete(old)


def require_ours(folder: Path) -> None:
    """Raises BadInput for a folder without our mark: whatever lies there is not ours to delete."""
    if folder.is_symlink() or read_mark(folder) is None:
        raise BadInput(
            "this folder was not made by DualSSLSeg, so it stays as it is.",
            hint="Choose another folder, or delete it yourself.",
            path=folder,
        )


def delete(folder: Path) -> None:
    """Delete a folder of ours; on Windows for a second, because a program that ends holds its files a little longer.

    Raises BadInput when something stays.
    """
    for attempt in range(_ATTEMPTS):
        try:
            if folder.exists():
                shutil.rmtree(folder)
            return
        except OSError as error:
            if attempt == _ATTEMPTS - 1 or sys.platform != "win32":
                raise BadInput(
                    f"this folder cannot be deleted completely ({error.strerror or error}).",
                    hint="Close other programs that use it, then delete it.",
                    path=folder,
                ) from error
            time.sleep(_WAIT_S)


def _rename(source: Path, target: Path) -> None:
    try:
        os.replace(source, target)
    except OSError as error:
        raise BadInput(
            f"this folder cannot be changed ({error.strerror or error}).",
            hint="Stop the training that uses it, if there is one, and try again.",
            path=source,
        ) from error
