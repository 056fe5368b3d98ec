"""The plan of an installation on every platform, before anything is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.tiny_wheels import write_wheel

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.packages.graphics_card import GraphicsCard
from DualSSLSegLib.packages.offer import compute_choices, offer_for, size_words
from DualSSLSegLib.packages.plan import install_plan
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.packages.setting import WorkerSetting

SLICER = "/opt/Slicer 5.10/bin/PythonSlicer"
SEEN = Probe(
    SLICER,
    missing=("torch",),
    installed={
        "numpy": "2.0.2",
        "scipy": "1.13.1",
        "simpleitk": "2.5.0",
        "odd": "1.0-slicer",
        "vtk": "9.5.0+1",
    },
    tag="cpython-312",
    machine="x86_64",
    pip=True,
    problem="PyTorch is not installed.",
)
OLD_CARD = GraphicsCard("GTX 1080", 8 << 30, (6, 1))
NEW_CARD = GraphicsCard("RTX 5080", 16 << 30, (12, 0))


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_only_what_is_missing_comes_and_what_slicer_ships_is_held(platform: str, user_settings: Path) -> None:
    plan = install_plan(WorkerSetting(), replace(SEEN, machine="arm64"), platform=platform, environ={})
    assert [group.requirements for group in plan.groups] == [("torch>=2.5,<3",)]
    assert plan.constraints == (
        "numpy==2.0.2",
        "odd===1.0-slicer",
        "scipy==1.13.1",
        "simpleitk==2.5.0",
        "vtk==9.5.0+1",
    )
    assert plan.target == user_settings / "packages" and str(plan.target) in plan.where
    assert plan.setting == WorkerSetting(None, plan.target)
    dry = plan.dry_run(plan.groups[0], Path("held.txt"), Path("report.json"), Path("cache"))
    assert dry[:4] == (SLICER, "-m", "pip", "install") and "--dry-run" in dry
    assert dry[dry.index("--only-binary") + 1] == ":all:"
    assert dry[dry.index("--constraint") + 1] == "held.txt"
    real = plan.install(plan.groups[0], ["torch==2.9.0"], Path("new"), Path("cache"), "25.0.1")
    assert real[real.index("--target") + 1] == "new" and "--no-deps" in real and real[-1] == "torch==2.9.0"
    for command in (dry, real):
        assert not {"--upgrade", "-U", "--force-reinstall", "--user", "--pre"} & set(command)


@pytest.mark.parametrize(
    "platform, compute, card, index",
    [
        ("linux", "cpu", None, "cpu"),
        ("linux", "cuda", OLD_CARD, "cu126"),
        ("linux", "cuda", NEW_CARD, "cu128"),
        ("win32", "cpu", OLD_CARD, None),
        ("win32", "cuda", OLD_CARD, "cu126"),
        ("win32", "cuda", NEW_CARD, "cu128"),
        ("darwin", "cpu", None, None),
    ],
)
def test_where_the_build_for_processor_or_card_comes_from(platform, compute, card, index) -> None:
    seen = replace(SEEN, card=card, machine="arm64")
    plan = install_plan(WorkerSetting(), seen, compute=compute, platform=platform, environ={})
    (group,) = plan.groups
    assert [Path(source).name for source in group.sources[1:]] == ([index] if index else [])


def test_another_python_gets_the_rest_from_the_usual_place() -> None:
    seen = replace(SEEN, missing=("torch", "scipy"))
    plan = install_plan(WorkerSetting("/opt/python"), seen, platform="linux", environ={})
    assert [group.requirements for group in plan.groups] == [("torch>=2.5,<3",), ("scipy>=1.11",)]
    assert plan.groups[1].sources == ()


def test_from_a_folder_of_wheels_nothing_is_downloaded(tmp_path: Path) -> None:
    write_wheel(tmp_path, "torch", "2.9.0")
    plan = install_plan(WorkerSetting(), SEEN, wheels=tmp_path, platform="linux", environ={})
    (group,) = plan.groups
    assert group.sources == ("--no-index", "--find-links", str(tmp_path))


def test_what_is_in_the_private_folder_is_installed_anew() -> None:
    seen = replace(SEEN, missing=(), private=("torch",), ok=True, problem="")
    setting = WorkerSetting(None, Path("/big disk/packages"))
    plan = install_plan(setting, seen, platform="linux", environ={})
    assert plan.groups[0].requirements == ("torch>=2.5,<3",) and plan.target == setting.packages


def test_the_users_pip_settings_do_not_lead_it_elsewhere() -> None:
    environ = {
        "PIP_TARGET": "/slicer/lib",
        "PIP_USER": "1",
        "PIP_INDEX_URL": "https://mirror.example",
        "HOME": "/h",
    }
    plan = install_plan(WorkerSetting(), SEEN, platform="linux", environ=environ)
    assert "PIP_TARGET" not in plan.environment and plan.environment["PIP_USER"] == "0"
    assert plan.environment["PIP_INDEX_URL"] == "https://mirror.example"
    assert plan.environment["PYTHONNOUSERSITE"] == "1"


def test_slicers_settings_do_not_reach_another_python() -> None:
    environ = {"SLICER_HOME": "/slicer", "PYTHONHOME": "/slicer/lib/Python"}
    seen = replace(SEEN, python="/opt/python")
    assert (
        "PYTHONHOME"
        not in install_plan(WorkerSetting("/opt/python"), seen, platform="linux", environ=environ).environment
    )


@pytest.mark.parametrize(
    "changes, arguments, words",
    [
        ({"missing": (), "problem": "torch 2.2 is too old.", "hint": "Update it."}, {}, "too old"),
        ({"missing": (), "problem": "", "ok": True}, {}, "nothing is missing"),
        ({"pip": False}, {}, "no pip"),
        ({"machine": "arm64"}, {"platform": "darwin", "compute": "cuda"}, "no build"),
        ({"machine": "x86_64"}, {"platform": "darwin"}, "Intel"),
        ({}, {"wheels": Path("/nowhere")}, "no wheels"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_with_the_next_step(changes, arguments, words) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        install_plan(
            WorkerSetting(), replace(SEEN, **changes), **{"platform": "linux", "environ": {}, **arguments}
        )
    assert refused.value.hint


def test_sizes_and_licences_are_said() -> None:
    cpu, cuda = (offer_for(("torch",), "linux", compute) for compute in ("cpu", "cuda"))
    assert "MB" in cpu.words and "GB" in cuda.words
    assert not any("NVIDIA" in licence for licence in cpu.licences)
    assert any("NVIDIA" in licence for licence in cuda.licences)
    assert compute_choices("darwin") == ("cpu",)
    assert [size_words(n) for n in (1, 220e6, 3e9)] == ["1 MB", "220 MB", "3.0 GB"]
