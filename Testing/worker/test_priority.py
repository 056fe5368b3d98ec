"""A worker in the background gives way to Slicer, also on systems that share a processor by session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from DualSSLSegLib.jobs.launch import library_folder

SHOW = (
    "import os; from pathlib import Path; from DualSSLSegLib.worker.priority import yield_to_others\n"
    "yield_to_others(5); group = Path('/proc/self/autogroup')\n"
    "print(os.nice(0), group.read_text().split()[-1] if group.exists() else '-')"
)


def _priorities(own_session: bool) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=own_session,
        env={"PYTHONPATH": str(library_folder())},
    )
    return done.stdout.split()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no niceness")
def test_the_whole_session_of_a_worker_gives_way_but_never_that_of_a_terminal():
    own_nice, group = _priorities(own_session=True)
    assert int(own_nice) >= 5
    if Path("/proc/self/autogroup").exists():
        assert group == "5"
        before = Path("/proc/self/autogroup").read_text().split()[-1]
        assert _priorities(own_session=False)[1] == before
