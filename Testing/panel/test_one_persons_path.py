"""One person's way through the panel, from an empty Slicer to a study found again, with workers that really train.

Its steps are told in support/person.py, their order in support/persons_path.py. They are gone in a process of their
own, which has imported nothing but what the panel imports: other tests of this one have loaded torch.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import persons_path

pytestmark = [pytest.mark.panel, pytest.mark.slow]

STEPS = [
    "study-1-new",
    "annotate-1-drawn",
    "study-2-labelled",
    "train-1-before",
    "train-2-running",
    "train-3-finished",
    "review-1-prediction",
    "review-2-outline",
    "review-3-uncertain-place",
    "review-4-disagreement",
    "review-5-correcting",
    "annotate-2-next",
    "folder-1-result",
    "scene-closed",
    "study-3-found-again",
]


def go(home: Path, data: Path | None) -> list[str]:
    """The steps that were gone, as the process tells them."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("DUALSSLSEG_DATA", None)
    if data is not None:
        environment["DUALSSLSEG_DATA"] = str(data)
    done = subprocess.run(
        [sys.executable, persons_path.__file__, str(home)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if line in (*STEPS, persons_path.FOUND)]


def test_on_generated_scans(slicer_host, tmp_path):
    assert go(tmp_path / "home", None) == [*STEPS, persons_path.FOUND]


@pytest.mark.real
def test_on_real_scans(slicer_host, real_data, tmp_path):
    assert go(tmp_path / "home", real_data) == [*STEPS, persons_path.FOUND]
