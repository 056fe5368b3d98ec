"""Which Python the workers use and where packages of ours lie: one small file in a folder of the user's."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.packages.private_folder import read_mark

FOLDER_VARIABLE = "DUALSSLSEG_SETTINGS"  # another folder than the usual one, for an administrator or a test
_FILE = "worker.json"


@dataclass(frozen=True)
class WorkerSetting:
    """`python`: interpreter of the workers, None for Slicer's own (outside Slicer: the one that runs this).
    `packages`: the private folder of packages, None when nothing was installed.
    """

    python: str | None = None
    packages: Path | None = None


def user_folder(platform: str, environ: Mapping[str, str], home: Path) -> Path:
    """Where settings and packages lie: a folder of the user's own on this computer; a pure function.

    `platform` is a value of `sys.platform`, `home` the user's home folder.
    """
    if environ.get(FOLDER_VARIABLE):
        return Path(environ[FOLDER_VARIABLE])
    if platform == "win32":
        base = environ.get("LOCALAPPDATA")  # not the roaming one: packages are large and for this computer
        return (Path(base) if base else home / "AppData" / "Local") / "DualSSLSeg"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "DualSSLSeg"
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else home / ".local" / "share") / "DualSSLSeg"


def our_folder() -> Path:
    """`user_folder` of this user on this computer."""
    return user_folder(sys.platform, os.environ, Path.home())


def load_setting() -> WorkerSetting:
    """The setting as saved; the default when nothing was saved. Raises BadInput when the file is not ours."""
    path = our_folder() / _FILE
    if not path.exists():
        return WorkerSetting()
    content = read_json(path)
    if not isinstance(content, dict):
        raise BadInput("this is not a setting of DualSSLSeg.", hint="Delete the file.", path=path)
    python, packages = content.get("python"), content.get("packages")
    if not all(value is None or isinstance(value, str) for value in (python, packages)):
        raise BadInput("this setting names no usable paths.", hint="Delete the file.", path=path)
    return WorkerSetting(python or None, Path(packages) if packages else None)


def save_setting(setting: WorkerSetting) -> None:
    """Save the setting. Raises BadInput when its folder cannot be written."""
    path = our_folder() / _FILE
    packages = None if setting.packages is None else str(setting.packages)
    try:
        write_json(path, {"v": 1, "python": setting.python, "packages": packages})
    except OSError as error:
        raise BadInput(
            f"the setting cannot be saved ({error.strerror or error}).",
            hint="Check the permissions of this folder.",
            path=path.parent,
        ) from error


def usable_packages(setting: WorkerSetting) -> Path | None:
    """The private folder if it is there and was made for the interpreter of the setting, else None.

    Packages of another Python would fail inside a worker with words that nobody understands.
    """
    if setting.packages is None:
        return None
    mark = read_mark(setting.packages)
    if mark is None or mark.python != setting.python:
        return None
    if (
        setting.python is None and mark.tag != sys.implementation.cache_tag
    ):  # Slicer was updated to another Python
        return None
    return setting.packages


def import_path(setting: WorkerSetting) -> tuple[str, ...]:
    """What comes onto the path of the workers, and of nothing else."""
    packages = usable_packages(setting)
    return () if packages is None else (str(packages),)
