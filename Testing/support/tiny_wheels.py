"""Wheels of a few hundred bytes for tests of installing, and a Python that never answers."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path


def write_wheel(
    folder: Path, name: str, version: str = "1.0", requires: Sequence[str] = (), code: str = ""
) -> Path:
    """folder/<name>-<version>-py3-none-any.whl with one module of that name; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    files = {
        f"{name}.py": f"__version__ = {version!r}\n{code}\n",
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def write_silent_python(folder: Path) -> tuple[Path, Path]:
    """(program, file): the program starts another one, writes that one's pid to the file, and neither ever ends."""
    program, pid_file = folder / "silent-python", folder / "pid"
    program.write_text(f'#!/bin/sh\nsleep 600 &\necho $! > "{pid_file}"\nwait\n', encoding="utf-8")
    program.chmod(0o755)
    return program, pid_file
