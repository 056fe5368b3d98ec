"""A host that fits only our own panel proves little: another extension's panel loads and passes its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.panel

FOLDER = "DUALSSLSEG_THIRD_PARTY_PANEL"


def test_an_unmodified_panel_passes_its_own_widget_tests() -> None:
    from host.fixtures import missing_packages

    if missing_packages():
        pytest.skip(f"needs {' and '.join(missing_packages())}")
    folder = os.environ.get(FOLDER, "")
    if not folder:
        pytest.skip(f"${FOLDER} does not name the folder of SlicerNNUNet.py (KitwareMedical/SlicerNNUnet)")
    assert (Path(folder) / "SlicerNNUNet.py").is_file(), f"${FOLDER}: no SlicerNNUNet.py in {folder}"
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("third_party_run.py")), folder],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Ran 4 tests" in run.stderr
