"""A pytest session that used the host ends with the exit status of its tests, and with all their output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.panel, pytest.mark.slow]

TESTING = Path(__file__).parents[2]
SESSION = """
from host.fixtures import clean_host, slicer_host

def test_passes(clean_host):
    import qt, slicer
    slicer.kept = [qt.QPushButton(), slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")]

def test_may_fail(clean_host):
    assert {}
"""


@pytest.mark.parametrize(("condition", "status"), [("True", 0), ("False", 1)])
def test_the_exit_status_is_that_of_the_tests(tmp_path: Path, condition: str, status: int) -> None:
    from host.fixtures import missing_packages

    if missing_packages():
        pytest.skip(f"needs {' and '.join(missing_packages())}")
    (tmp_path / "test_session.py").write_text(SESSION.format(condition), "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_session.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(TESTING)},
        check=False,
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert ("2 passed" if status == 0 else "1 failed, 1 passed") in run.stdout
