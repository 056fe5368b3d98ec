"""What the worker's Python answers, and what is made of the answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from support.tiny_wheels import write_wheel

from DualSSLSegLib.packages.graphics_card import GraphicsCard
from DualSSLSegLib.packages.needs import NEEDS, Need
from DualSSLSegLib.packages.private_folder import Mark, write_mark
from DualSSLSegLib.packages.probe import Probe, judged, probe
from DualSSLSegLib.packages.setting import WorkerSetting

FOUND = {
    "torch": ["2.9.0", "/slicer/lib/torch/__init__.py"],
    "numpy": ["2.0.2", "/slicer/lib/numpy/__init__.py"],
    "scipy": ["1.13.1", "/slicer/lib/scipy/__init__.py"],
    "SimpleITK": ["2.5.0", "/slicer/lib/SimpleITK/__init__.py"],
}
CARD = GraphicsCard("RTX 4000", 8 << 30, (7, 5))


def answer(**changes: Any) -> dict[str, Any]:
    facts = {"python": "3.12.10", "tag": "cpython-312", "machine": "x86_64", "pip": True, "installed": []}
    return {**facts, "found": FOUND, "broken": {}, "cores": 8, "free_memory_bytes": 9, **changes}


def judge(card: GraphicsCard | None = None, platform: str = "linux", **changes: Any) -> Probe:
    return judged("PythonSlicer", answer(**changes), NEEDS, None, card, platform)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in FOUND.items() if key != name}


def test_everything_is_there() -> None:
    seen = judge(cuda="RTX 4000", gpu_memory_bytes=5, card=CARD)
    assert (seen.ok, seen.problem, seen.note, seen.missing) == (True, "", "", ())
    assert seen.versions["torch"] == "2.9.0" and seen.cuda == "RTX 4000" and seen.gpu_memory_bytes == 5


def test_torch_is_missing() -> None:
    seen = judge(found=without("torch"))
    assert not seen.ok and seen.missing == ("torch",)
    assert "PyTorch" in seen.problem and seen.hint


def test_a_package_that_does_not_load_is_not_missing() -> None:
    seen = judge(found=without("torch"), broken={"torch": "OSError: c10.dll"}, platform="win32")
    assert not seen.ok and seen.missing == () and "c10.dll" in seen.problem and "Visual C++" in seen.hint


def test_a_version_that_does_not_fit_is_never_replaced() -> None:
    seen = judge(found={**FOUND, "torch": ["2.2.1", ""]})
    assert not seen.ok and "torch 2.2.1" in seen.problem and "PyTorch" in seen.hint


def test_an_old_python_is_told_so_before_anything_else() -> None:
    facts = {"python": "3.9.10", "tag": "cpython-39", "machine": "x86_64", "pip": True}
    seen = judged("PythonSlicer", facts, NEEDS, None, None, "linux")
    assert not seen.ok and "3.9.10" in seen.problem and "newer 3D Slicer" in seen.hint


def test_a_card_that_is_not_used_is_worth_a_note_and_no_problem() -> None:
    seen = judge(card=CARD, cuda_problem="RuntimeError: driver too old")
    assert seen.ok and "RTX 4000" in seen.note and "driver too old" in seen.note


def test_packages_of_the_private_folder_are_told_from_those_that_slicer_ships() -> None:
    own = Path("/home/u/packages")
    found = {**FOUND, "torch": ["2.9.0", str(own / "torch" / "__init__.py")]}
    rows = [["torch", "2.9.0", str(own)], ["numpy", "2.0.2", "/slicer/lib"], ["numpy", "1.0", "/behind"]]
    seen = judged("PythonSlicer", answer(found=found, installed=rows), NEEDS, own, None, "linux")
    assert seen.private == ("torch",) and seen.installed == {"numpy": "2.0.2"}


def test_this_python_answers_and_the_private_folder_is_seen(tmp_path: Path) -> None:
    packages = tmp_path / "private packages"
    packages.mkdir()
    (packages / "dualsslseg_tiny.py").write_text("__version__ = '1.5'\n", encoding="utf-8")
    write_mark(packages, Mark(None, str(sys.implementation.cache_tag), {}))
    needs = (Need("dualsslseg_tiny", "1"), Need("numpy", "1.26"))
    assert probe(WorkerSetting(), needs).missing == ("dualsslseg_tiny",)
    seen = probe(WorkerSetting(None, packages), needs)
    assert seen.ok, seen.problem
    assert seen.private == ("dualsslseg_tiny",) and seen.versions["dualsslseg_tiny"] == "1.5"
    assert seen.cores >= 1 and seen.free_memory_bytes and seen.free_memory_bytes > 1 << 20
    assert "numpy" in seen.installed


def test_packages_of_another_python_are_left_out_and_named(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "dualsslseg_tiny.py").write_text("", encoding="utf-8")
    write_mark(packages, Mark(None, "cpython-39", {}))
    seen = probe(WorkerSetting(None, packages), (Need("dualsslseg_tiny", "1"),))
    assert seen.missing == ("dualsslseg_tiny",) and str(packages) in seen.hint


def test_a_module_that_raises_is_broken(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "dualsslseg_tiny.py").write_text("raise OSError('no such library')", encoding="utf-8")
    write_mark(packages, Mark(None, str(sys.implementation.cache_tag), {}))
    seen = probe(WorkerSetting(None, packages), (Need("dualsslseg_tiny", "1"),))
    assert not seen.ok and "no such library" in seen.problem


@pytest.mark.parametrize("name", ["no such python", "notes.txt", "false"])
def test_what_is_no_python_is_told_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("not a program", encoding="utf-8")
    (tmp_path / "false").write_text("#!/bin/sh\necho went wrong >&2\nexit 3\n", encoding="utf-8")
    (tmp_path / "false").chmod(0o755)
    seen = probe(WorkerSetting(str(tmp_path / name)))
    assert not seen.ok and name in seen.problem and "Choose another Python" in seen.hint


def test_wheels_of_tests_are_wheels(tmp_path: Path) -> None:
    assert write_wheel(tmp_path, "tiny").stat().st_size < 2000
