"""The command line as a user has it, over a folder of tiny scans with their reference labels beside it."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.cli import main
from DualSSLSegLib.imaging.write import write_label, write_map
from support.tiny_scans import tiny_grid, tiny_scan


@dataclass(frozen=True)
class Said:
    """What one command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The answer of a command with --json."""
        return json.loads(self.out)


def dualsslseg(*words: object) -> Said:
    """Run one command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return Said(code, out.getvalue(), err.getvalue())


def write_scans(folder: Path, references: Path, number: int) -> list[str]:
    """folder/scan_1.nii.gz ... and references/scan_1.nii.gz ... with the values 0, 1, 2; returns the names."""
    names = [f"scan_{index}" for index in range(1, number + 1)]
    for path in (folder, references):
        path.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        image, label = tiny_scan(seed)
        write_map(folder / f"{name}.nii.gz", image, tiny_grid(seed))
        write_label(
            references / f"{name}.nii.gz", np.where(label == 5, 2, label).astype(np.uint8), tiny_grid(seed)
        )
    return names
