"""What the worker's Python has and lacks, found out by starting it as a worker is started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.jobs.launch import default_python, library_folder, worker_environment
from DualSSLSegLib.packages.child import CREATE_NO_WINDOW
from DualSSLSegLib.packages.graphics_card import GraphicsCard, find_card
from DualSSLSegLib.packages.needs import LOWEST_PYTHON, NEEDS, Need, plain_name
from DualSSLSegLib.packages.setting import WorkerSetting, usable_packages

MARK = "DualSSLSeg: "  # begins the line that answers, see worker/self_report.py
_PATIENCE_S = 180
_CHOOSE = "Choose another Python, or Slicer's own."


@dataclass(frozen=True)
class Probe:
    """What was found. `problem` says in words why nothing can be trained ("" when it can), `hint` what to do;
    `note` something worth knowing although it works. Memory is what is free now.
    """

    python: str
    ok: bool = False
    missing: tuple[str, ...] = ()  # packages that are not there
    versions: Mapping[str, str] = field(default_factory=dict)  # of "python" and of the packages that load
    cuda: str = ""  # the graphics card that PyTorch uses
    gpu_memory_bytes: int | None = None
    free_memory_bytes: int | None = None
    cores: int = 0
    problem: str = ""
    hint: str = ""
    note: str = ""
    card: GraphicsCard | None = None  # the NVIDIA card of the computer, used or not
    private: tuple[str, ...] = ()  # needed packages that lie in the private folder
    installed: Mapping[str, str] = field(default_factory=dict)  # all others of this Python: name -> version
    tag: str = ""  # such as "cpython-312"
    machine: str = ""  # such as "x86_64"
    pip: bool = False


def probe(setting: WorkerSetting, needs: Sequence[Need] = NEEDS) -> Probe:
    """Start the worker's Python as a worker is started and ask it. Takes seconds: for a background thread.

    Raises nothing: what is wrong is in `problem`.
    """
    packages = usable_packages(setting)
    seen = look(setting.python, packages, needs)
    if seen.ok or setting.packages is None or packages is not None:
        return seen
    if setting.packages.exists():
        others = f"The packages in {setting.packages} were installed for another Python. Install them again."
        return replace(seen, hint=f"{seen.hint} {others}".strip())
    return seen


def look(python: str | None, packages: Path | None, needs: Sequence[Need] = NEEDS) -> Probe:
    """As `probe`, with `packages` on the path whoever they were made for."""
    try:
        program = python or default_python()
    except RunFailed as error:
        return Probe(python or "PythonSlicer", problem=error.message, hint=error.hint)
    extra = () if packages is None else (str(packages),)
    try:
        done = subprocess.run(
            [program, "-m", "DualSSLSegLib.worker.self_report", *(need.name for need in needs)],
            env=worker_environment(sys.platform, program, library_folder(), extra, os.environ),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False,
            creationflags=CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )  # fmt: skip
    except OSError as error:
        reason = error.strerror or str(error)
        return Probe(program, problem=f"{program} could not be started ({reason}).", hint=_CHOOSE)
    except subprocess.TimeoutExpired:
        return Probe(
            program,
            problem=f"{program} did not answer within {_PATIENCE_S} seconds.",
            hint="It may lie on a slow network drive. Try again, or choose another Python.",
        )
    answer = _answer(done.stdout.decode("utf-8", "replace"))
    if answer is None:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        last = f": {said[-1]}" if said else ""
        return Probe(program, problem=f"{program} ended with status {done.returncode}{last}", hint=_CHOOSE)
    return judged(program, answer, needs, packages, find_card(), sys.platform)


def judged(
    python: str,
    answer: Mapping[str, Any],
    needs: Sequence[Need],
    packages: Path | None,
    card: GraphicsCard | None,
    platform: str,
) -> Probe:
    """What an answer of worker/self_report.py means; a pure function of its arguments."""
    found, broken = answer.get("found", {}), answer.get("broken", {})
    there = {name: version for name, (version, _) in found.items()}
    facts = Probe(
        python,
        missing=tuple(need.name for need in needs if need.name not in found and need.name not in broken),
        versions={"python": answer["python"], **there},
        cuda=answer.get("cuda", ""),
        gpu_memory_bytes=answer.get("gpu_memory_bytes"),
        free_memory_bytes=answer.get("free_memory_bytes"),
        cores=int(answer.get("cores", 0)),
        card=card,
        private=tuple(name for name, (_, file) in found.items() if _inside(file, packages)),
        installed=_others(answer.get("installed", ()), packages),
        tag=str(answer.get("tag", "")),
        machine=str(answer.get("machine", "")),
        pip=bool(answer.get("pip")),
    )
    if tuple(int(part) for part in answer["python"].split(".")[:2]) < LOWEST_PYTHON:
        lowest = ".".join(map(str, LOWEST_PYTHON))
        return replace(
            facts,
            problem=f"Python {answer['python']} is too old; {lowest} or newer is needed.",
            hint="Use a newer 3D Slicer, or choose another Python for the training.",
        )
    if broken:
        return replace(facts, problem=_broken_words(broken), hint=_broken_hint(platform))
    old = [need for need in needs if need.name in there and not need.accepts(there[need.name])]
    if old:
        listed = ", ".join(f"{need.name} {there[need.name]} (needed: {need.requirement})" for need in old)
        return replace(
            facts,
            problem=f"These packages have a version that does not fit: {listed}.",
            hint="Update them where they were installed: torch in the extension PyTorch, the others with 3D Slicer. "
            "Or choose another Python for the training.",
        )
    if facts.missing:
        return replace(
            facts, problem=_missing_words(facts.missing), hint="Install it here: one button, no restart."
        )
    return replace(facts, ok=True, note=_note(facts, answer.get("cuda_problem", "")))


def _answer(output: str) -> dict[str, Any] | None:
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    if not lines:
        return None
    try:
        answer = json.loads(lines[-1].removeprefix(MARK))
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "python" in answer else None


def _inside(file: str, folder: Path | None) -> bool:
    return folder is not None and bool(file) and Path(file).is_relative_to(folder)


def _others(rows: Sequence[Sequence[str]], packages: Path | None) -> dict[str, str]:
    """The installed packages that are not ours; of several of one name, the first is the one that is imported."""
    others: dict[str, str] = {}
    for name, version, folder in rows:
        if packages is None or Path(folder) != packages:
            others.setdefault(plain_name(name), version)
    return others


def _missing_words(missing: Sequence[str]) -> str:
    if tuple(missing) == ("torch",):
        return "PyTorch (torch), which does the training, is not installed."
    return f"These packages are not installed: {', '.join(missing)}."


def _broken_words(broken: Mapping[str, str]) -> str:
    listed = "; ".join(f"{name} ({reason})" for name, reason in broken.items())
    return f"Installed, but cannot be loaded: {listed}."


def _broken_hint(platform: str) -> str:
    again = "Remove it and install it again."
    if platform == "win32":
        return f"{again} If a DLL is named, install Microsoft's Visual C++ Redistributable first."
    return again


def _note(facts: Probe, cuda_problem: str) -> str:
    if facts.cuda or facts.card is None:
        return ""
    why = f" ({cuda_problem})" if cuda_problem else ""
    return (
        f"This computer has a graphics card ({facts.card.name}), but the installed PyTorch computes on the processor "
        f"only{why}. Training works and takes longer."
    )
