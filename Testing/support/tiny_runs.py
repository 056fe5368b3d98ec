"""Run folders over tiny scans, as the loop would make them, and the worker that does them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from DualSSLSegLib.jobs.launch import launch_plan, start
from DualSSLSegLib.jobs.run_folder import RunFolder
from support.tiny_scans import STRUCTURES, write_tiny_scan

LIB_PARENT = Path(__file__).parents[2]


def tiny_inputs(
    folder: Path, *, labelled: int = 2, unlabelled: int = 2, validation: int = 0
) -> list[dict[str, Any]]:
    """Write the scans to folder/scans and their labels to folder/truth; rows for inputs.json."""
    roles = ["labelled"] * labelled + ["validation"] * validation + ["unlabelled"] * unlabelled
    rows: list[dict[str, Any]] = []
    for number, role in enumerate(roles):
        name = f"case_{number:02d}"
        path = write_tiny_scan(folder / "scans", name, number, label_folder=folder / "truth")
        label = {"path": str(folder / "truth" / f"{name}.nii.gz"), "revision": 1}
        rows.append(
            {
                "id": name,
                "paths": [str(path)],
                "role": role,
                "label": label if role != "unlabelled" else None,
            }
        )
    return rows


def tiny_run(folder: Path, cases: list[dict[str, Any]], **spec: Any) -> RunFolder:
    """A run folder in folder/runs; `spec` overrides the defaults of a very short training on the CPU."""
    request: Mapping[str, Any] = {
        "kind": "train",
        "method": "dual",
        "options": {},
        "budget": {"iterations": 3},
        "seed": 5,
        "device": "cpu",
        "parent": None,
        "transductive": False,
        "structures": STRUCTURES,
        "channels": 1,
        "cache": str(folder / "cache"),
        **spec,
    }
    return RunFolder.create(folder / "runs", request, {"cases": cases})


def start_worker(run: RunFolder) -> subprocess.Popen[bytes]:
    """Start a worker the way the loop does."""
    plan = launch_plan(sys.platform, sys.executable, run.path, LIB_PARENT, [], os.environ)
    return start(plan, run.console_path)
