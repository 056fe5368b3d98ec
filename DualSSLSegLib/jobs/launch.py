"""How a worker is started on each platform: a pure plan, and one function that carries it out."""

from __future__ import annotations

import ntpath
import os
import posixpath
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import DualSSLSegLib
from DualSSLSegLib.errors import RunFailed

CREATE_NEW_PROCESS_GROUP = 0x00000200
DETACHED_PROCESS = 0x00000008
BELOW_NORMAL_PRIORITY_CLASS = 0x00004000
NICENESS = 5

# Freed heap is kept and huge pages are used: training steps take half the time, because touching fresh pages
# is slow.
GLIBC_TUNABLES = ":".join(
    (
        "glibc.malloc.hugetlb=1",
        "glibc.malloc.mmap_threshold=34359738368",
        "glibc.malloc.trim_threshold=34359738368",
        "glibc.malloc.top_pad=67108864",
    )
)

# Set by Slicer for its own Python; they would break another interpreter.
_OF_SLICER = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONNOUSERSITE")


@dataclass(frozen=True)
class LaunchPlan:
    """Everything `subprocess.Popen` needs: the worker outlives the program that starts it."""

    args: tuple[str, ...]
    env: Mapping[str, str]
    creationflags: int = 0
    start_new_session: bool = False


def default_python() -> str:
    """The interpreter for workers: Slicer's launcher inside Slicer, else the one that runs this.

    Raises RunFailed inside Slicer when its launcher cannot be found.
    """
    if "SLICER_HOME" not in os.environ:
        return sys.executable
    found = shutil.which("PythonSlicer")
    if found is None:
        raise RunFailed(
            "PythonSlicer was not found.", hint="Start 3D Slicer again, or repair its installation."
        )
    return found


def library_folder() -> Path:
    """The folder that holds DualSSLSegLib."""
    return Path(next(iter(DualSSLSegLib.__path__))).parent


def worker_environment(
    platform: str, python: str, lib_parent: PurePath, extra_path: Sequence[str], environ: Mapping[str, str]
) -> dict[str, str]:
    """The environment in which a worker's interpreter finds our library; a pure function, see `launch_plan`."""
    paths = ntpath if platform == "win32" else posixpath
    env = dict(environ)
    by_slicer = paths.basename(python).lower().startswith("pythonslicer")
    if "SLICER_HOME" in env and not by_slicer:
        for name in _OF_SLICER:
            env.pop(name, None)
    inherited = [entry for entry in env.get("PYTHONPATH", "").split(paths.pathsep) if entry]
    ours = [str(lib_parent), *extra_path]
    env["PYTHONPATH"] = paths.pathsep.join([*ours, *(entry for entry in inherited if entry not in ours)])
    env["PYTHONSAFEPATH"] = "1"  # the run folder, where the worker starts, is no place to import from
    env["PYTHONUNBUFFERED"] = "1"
    env["PYTHONUTF8"] = "1"
    env["PYTHONIOENCODING"] = "utf-8"
    if by_slicer:
        # Slicer's Python must not pick up packages from the user's home; another Python may live there.
        env["PYTHONNOUSERSITE"] = "1"
    if platform == "linux":
        env.setdefault("GLIBC_TUNABLES", GLIBC_TUNABLES)
    return env


def launch_plan(
    platform: str,
    python: str,
    run_folder: PurePath,
    lib_parent: PurePath,
    extra_path: Sequence[str],
    environ: Mapping[str, str],
) -> LaunchPlan:
    """Command line, environment and flags for a worker; a pure function of its arguments.

    `platform` is a value of `sys.platform` ("linux", "win32", "darwin"); `python` an interpreter or Slicer's
    `PythonSlicer` launcher; `lib_parent` the folder that holds DualSSLSegLib; `extra_path` more import
    folders.
    """
    env = worker_environment(platform, python, lib_parent, extra_path, environ)
    args = (python, "-m", "DualSSLSegLib.worker", str(run_folder))
    if platform == "win32":
        flags = CREATE_NEW_PROCESS_GROUP | DETACHED_PROCESS | BELOW_NORMAL_PRIORITY_CLASS
        return LaunchPlan(args=args, env=env, creationflags=flags)
    yielding = ("--nice", str(NICENESS), "--own-session")
    return LaunchPlan(args=(*args, *yielding), env=env, start_new_session=True)


class DetachedProcess(subprocess.Popen[bytes]):
    """A process that is meant to outlive its starter, so a handle that goes while it runs is no mistake."""

    def __del__(self) -> None:
        super().__del__(_warn=_accept)  # type: ignore[call-arg]


def _accept(*_args: object, **_kwargs: object) -> None:
    """Take a warning for what it is here: none."""


def start(plan: LaunchPlan, console: Path) -> DetachedProcess:
    """Start the worker; its output goes to the end of `console`. Returns at once.

    The handle is for collecting the process when it ends; a launcher's pid is not the worker's.
    """
    console.parent.mkdir(parents=True, exist_ok=True)
    with open(console, "ab") as output:
        return DetachedProcess(
            plan.args,
            env=dict(plan.env),
            cwd=console.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=True,
            creationflags=plan.creationflags,
            start_new_session=plan.start_new_session,
        )
