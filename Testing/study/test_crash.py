"""Pull the plug at any moment: the old state or the new one is there, never half of one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import killed_annotator
from support.studies import tiny_study


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the annotators are forked to be quick")
def test_an_annotator_killed_fifty_times_loses_no_label(tmp_path):
    study = tiny_study(tmp_path, ["a", "b"])
    script = Path(killed_annotator.__file__)
    done = subprocess.run(
        [sys.executable, str(script), str(study.path), "a", "50", "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert words[:2] == ["kills", "50"] and int(words[3]) > 5
    assert [path.name for path in study.layout.final.iterdir()] == ["a.nii.gz"]
