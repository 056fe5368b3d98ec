"""How a worker is started, per platform, and that it outlives who started it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from DualSSLSegLib.jobs.launch import GLIBC_TUNABLES, LaunchPlan, launch_plan, start

YIELDING = ("--nice", "5", "--own-session")


def test_linux():
    plan = launch_plan(
        "linux",
        "/venv/bin/python",
        PurePosixPath("/study/runs/1"),
        PurePosixPath("/lib"),
        ["/more"],
        {"HOME": "/h"},
    )
    assert plan.args == ("/venv/bin/python", "-m", "DualSSLSegLib.worker", "/study/runs/1", *YIELDING)
    assert plan.start_new_session and plan.creationflags == 0
    assert plan.env["PYTHONPATH"] == "/lib:/more" and plan.env["HOME"] == "/h"
    assert plan.env["PYTHONUNBUFFERED"] == "1" and plan.env["PYTHONUTF8"] == "1"
    assert plan.env["GLIBC_TUNABLES"] == GLIBC_TUNABLES
    assert "PYTHONNOUSERSITE" not in plan.env


def test_windows():
    plan = launch_plan(
        "win32",
        r"C:\Slicer 5\bin\PythonSlicer.exe",
        PureWindowsPath(r"D:\study\runs\1"),
        PureWindowsPath(r"C:\ext\lib"),
        [],
        {"PYTHONPATH": r"C:\Slicer 5\lib", "SLICER_HOME": r"C:\Slicer 5"},
    )
    assert plan.args == (
        r"C:\Slicer 5\bin\PythonSlicer.exe",
        "-m",
        "DualSSLSegLib.worker",
        r"D:\study\runs\1",
    )
    new_group, detached, below_normal = 0x200, 0x8, 0x4000
    assert plan.creationflags == new_group | detached | below_normal and not plan.start_new_session
    assert plan.env["PYTHONPATH"] == r"C:\ext\lib;C:\Slicer 5\lib"
    assert plan.env["PYTHONNOUSERSITE"] == "1" and "GLIBC_TUNABLES" not in plan.env


def test_macos():
    plan = launch_plan(
        "darwin",
        "/Applications/Slicer.app/Contents/bin/PythonSlicer",
        PurePosixPath("/r"),
        PurePosixPath("/l"),
        [],
        {},
    )
    assert plan.start_new_session and plan.creationflags == 0 and "GLIBC_TUNABLES" not in plan.env
    assert plan.args[-3:] == YIELDING and plan.env["PYTHONNOUSERSITE"] == "1"


@pytest.mark.parametrize("python, kept", [("/slicer/bin/PythonSlicer", True), ("/venv/bin/python3", False)])
def test_slicers_own_settings_reach_slicers_python_only(python, kept):
    environ = {"SLICER_HOME": "/slicer", "PYTHONHOME": "/slicer/lib/Python", "LD_LIBRARY_PATH": "/slicer/lib"}
    plan = launch_plan("linux", python, PurePosixPath("/r"), PurePosixPath("/l"), [], environ)
    assert ("PYTHONHOME" in plan.env, "LD_LIBRARY_PATH" in plan.env) == (kept, kept)
    assert environ["PYTHONHOME"] == "/slicer/lib/Python"


def test_the_users_own_allocator_settings_win():
    plan = launch_plan(
        "linux", "python", PurePosixPath("/r"), PurePosixPath("/l"), [], {"GLIBC_TUNABLES": "mine=1"}
    )
    assert plan.env["GLIBC_TUNABLES"] == "mine=1"


STARTER = """
import os, sys
from pathlib import Path
from DualSSLSegLib.jobs.launch import LaunchPlan, launch_plan, start
plan = launch_plan(sys.platform, sys.executable, Path(sys.argv[1]), Path(sys.argv[2]), [], os.environ)
script = "import os, sys, time as t; t.sleep(0.5); print('pid', sys.stdin.read()); open('alive', 'w')"
plan = LaunchPlan((sys.executable, "-c", script), plan.env, plan.creationflags, plan.start_new_session)
start(plan, Path(sys.argv[1]) / "console.log")
os._exit(0)
"""


def test_the_worker_outlives_its_starter_and_writes_to_the_console_file(tmp_path):
    lib_parent = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", STARTER, str(tmp_path), str(lib_parent)], check=True, timeout=300)
    deadline = time.monotonic() + 120
    while not (tmp_path / "alive").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "alive").exists()
    assert (tmp_path / "console.log").read_text().startswith("pid ")


def test_a_program_that_is_not_there_is_an_error_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        start(LaunchPlan(args=(str(tmp_path / "nothing"),), env={}), tmp_path / "console.log")
