"""Installing for real, from a folder of tiny wheels: what comes, what stays as it is, and what a broken end leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.tiny_wheels import write_silent_python, write_wheel

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.packages.installation import CANCELLED, Installation, InstallState
from DualSSLSegLib.packages.needs import Need
from DualSSLSegLib.packages.plan import InstallPlan, install_plan
from DualSSLSegLib.packages.private_folder import read_mark
from DualSSLSegLib.packages.probe import Probe, probe
from DualSSLSegLib.packages.remove import remove
from DualSSLSegLib.packages.setting import WorkerSetting, import_path, load_setting, save_setting
from DualSSLSegLib.processes import is_alive

NEEDS = (Need("dualsslseg_tiny", "1.0"), Need("numpy", "1.26"))
posix = pytest.mark.skipif(os.name == "nt", reason="a shell script stands for a program that hangs")


def tiny_plan(wheels: Path, setting: WorkerSetting | None = None, seen: Probe | None = None) -> InstallPlan:
    setting = setting or WorkerSetting()
    return install_plan(setting, seen or probe(setting, NEEDS), wheels=wheels, needs=NEEDS)


def installed(plan: InstallPlan) -> InstallState:
    installation = Installation()
    installation.start(plan)
    return installation.wait(600)


def wait_for(path: Path) -> None:
    for _ in range(6000):
        if path.exists() and path.read_text(encoding="utf-8").strip():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def left_over(plan: InstallPlan) -> list[str]:
    return sorted(
        path.name for path in plan.target.parent.iterdir() if path.name not in ("worker.json", "packages")
    )


def test_what_is_missing_comes_and_what_is_there_does_not_come_again(tmp_path: Path) -> None:
    wheels = tmp_path / "räder"
    write_wheel(wheels, "dualsslseg_tiny", "1.2", ["numpy", "dualsslseg_part>=1"])
    write_wheel(wheels, "dualsslseg_part")
    write_wheel(wheels, "numpy", "99.0")  # newer than what is there, and must not come
    plan = tiny_plan(wheels)
    state = installed(plan)
    assert state.done and state.fraction == 1.0, (state.failed, state.lines)
    assert {path.name for path in plan.target.glob("*.py")} == {"dualsslseg_tiny.py", "dualsslseg_part.py"}
    mark = read_mark(plan.target)
    assert mark is not None and set(mark.packages.values()) == {"1.2", "1.0"}
    assert load_setting() == WorkerSetting(None, plan.target)
    assert import_path(load_setting()) == (str(plan.target),)
    seen = probe(load_setting(), NEEDS)
    assert seen.ok and seen.private == ("dualsslseg_tiny",) and seen.versions["numpy"] != "99.0"
    assert left_over(plan) == []


def test_a_newer_version_replaces_the_folder_in_one_step_and_removal_takes_it_away(tmp_path: Path) -> None:
    write_wheel(tmp_path / "1", "dualsslseg_tiny", "1.0")
    write_wheel(tmp_path / "2", "dualsslseg_tiny", "2.0")
    assert installed(tiny_plan(tmp_path / "1")).done
    plan = tiny_plan(tmp_path / "2", load_setting())
    assert installed(plan).done
    assert probe(load_setting(), NEEDS).versions["dualsslseg_tiny"] == "2.0"
    assert left_over(plan) == []
    assert remove(load_setting()) == WorkerSetting() == load_setting()
    assert not plan.target.exists() and left_over(plan) == []
    assert probe(load_setting(), NEEDS).missing == ("dualsslseg_tiny",)


def test_installing_elsewhere_leaves_nothing_where_it_was(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "dualsslseg_tiny")
    first = tiny_plan(tmp_path / "wheels")
    assert installed(first).done
    seen, folder = probe(load_setting(), NEEDS), tmp_path / "other disk"
    second = install_plan(load_setting(), seen, wheels=tmp_path / "wheels", folder=folder, needs=NEEDS)
    assert installed(second).done
    assert load_setting().packages == folder and (folder / "dualsslseg_tiny.py").is_file()
    assert not first.target.exists() and left_over(first) == []


def test_what_does_not_fit_the_versions_that_are_there_is_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path, "dualsslseg_tiny", requires=["numpy<1"])
    plan = tiny_plan(tmp_path)
    state = installed(plan)
    assert not state.done and "never changed" in state.failed and state.hint
    assert not plan.target.exists() and left_over(plan) == [] and load_setting() == WorkerSetting()


def test_a_wheel_that_lacks_is_named(tmp_path: Path) -> None:
    write_wheel(tmp_path, "dualsslseg_tiny", requires=["dualsslseg_part"])
    state = installed(tiny_plan(tmp_path))
    assert "folder of wheels lacks dualsslseg_part" in state.failed


def test_what_does_not_load_is_not_put_in_place(tmp_path: Path) -> None:
    write_wheel(tmp_path / "good", "dualsslseg_tiny", "1.0")
    write_wheel(tmp_path / "bad", "dualsslseg_tiny", "1.1", code="raise OSError('library not found')")
    assert installed(tiny_plan(tmp_path / "good")).done
    state = installed(tiny_plan(tmp_path / "bad", load_setting()))
    assert "library not found" in state.failed
    assert probe(load_setting(), NEEDS).versions["dualsslseg_tiny"] == "1.0"


def hanging(tmp_path: Path) -> tuple[InstallPlan, Path]:
    """A plan whose Python hangs when it is asked to install."""
    program, pid_file = write_silent_python(tmp_path)
    write_wheel(tmp_path / "wheels", "dualsslseg_tiny")
    seen = Probe(str(program), missing=("dualsslseg_tiny",), tag="cpython-312", pip=True)
    return tiny_plan(tmp_path / "wheels", WorkerSetting(str(program)), seen), pid_file


@posix
def test_cancelling_ends_all_that_was_started(tmp_path: Path) -> None:
    plan, pid_file = hanging(tmp_path)
    installation = Installation()
    installation.start(plan)
    wait_for(pid_file)
    assert installation.poll().active
    installation.cancel()
    state = installation.wait(300)
    assert state.failed == CANCELLED and not state.done
    assert not is_alive(int(pid_file.read_text(encoding="utf-8")))
    assert not plan.target.exists() and left_over(plan) == []


@posix
def test_a_killed_program_leaves_nothing_that_is_used_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    plan, pid_file = hanging(tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from DualSSLSegLib.packages.installation import Installation\n"
        "from DualSSLSegLib.packages.plan import install_plan\n"
        "from DualSSLSegLib.packages.needs import Need\n"
        "from DualSSLSegLib.packages.probe import Probe\n"
        "from DualSSLSegLib.packages.setting import WorkerSetting\n"
        "python, wheels = sys.argv[1:]\n"
        "seen = Probe(python, missing=('dualsslseg_tiny',), tag='cpython-312', pip=True)\n"
        "plan = install_plan(WorkerSetting(python), seen, wheels=Path(wheels), needs=(Need('dualsslseg_tiny', '1'),))\n"
        "one = Installation(); one.start(plan); one.wait()\n"
    )
    victim = subprocess.Popen([sys.executable, "-c", code, plan.python, str(tmp_path / "wheels")])
    try:
        wait_for(pid_file)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        assert len(left_over(plan)) == 1 and not plan.target.exists()
        assert load_setting() == WorkerSetting()
        good = tiny_plan(tmp_path / "wheels")
        assert installed(good).done and left_over(good) == []
    finally:
        sleeper = int(pid_file.read_text(encoding="utf-8"))
        os.killpg(os.getpgid(sleeper), signal.SIGKILL)


def test_a_folder_that_is_not_ours_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    precious = tmp_path / "mine" / "DualSSLSeg packages"
    precious.mkdir(parents=True)
    (precious / "thesis.txt").write_text("years of work", encoding="utf-8")
    write_wheel(tmp_path / "wheels", "dualsslseg_tiny")
    seen = Probe(sys.executable, missing=("dualsslseg_tiny",), tag="cpython-311", pip=True)
    plan = install_plan(
        WorkerSetting(), seen, wheels=tmp_path / "wheels", folder=precious.parent, needs=NEEDS
    )
    assert plan.target == precious  # in a folder that is there they get one of their own
    with pytest.raises(BadInput, match="not made by DualSSLSeg"):
        Installation().start(plan)
    setting = WorkerSetting(None, precious)
    save_setting(setting)
    with pytest.raises(BadInput, match="not made by DualSSLSeg"):
        remove(setting)
    assert (precious / "thesis.txt").read_text(
        encoding="utf-8"
    ) == "years of work" and load_setting() == setting


def test_removing_what_is_gone_already_forgets_it(tmp_path: Path) -> None:
    setting = WorkerSetting("/opt/python", tmp_path / "gone")
    save_setting(setting)
    assert remove(setting) == WorkerSetting("/opt/python", None) == load_setting()
