"""A worker in the background gives way to Slicer, also on systems that share a processor by session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from DualSSLSegLib.jobs.launch import library_folder

AUTOGROUP = Path("/proc/self/autogroup")
SHOW = (
    "import os, sys; from pathlib import Path; from DualSSLSegLib.worker.priority import yield_to_others\n"
    "yield_to_others(5, own_session=sys.argv[1] == 'own'); group = Path('/proc/self/autogroup')\n"
    "print(os.nice(0), (['-'] + (group.read_text().split() if group.exists() else []))[-1])"
)
LAUNCHER = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, *sys.argv[1:]]).returncode)"


def _by_session() -> bool:
    """Whether the kernel shares the processor by session here; in a container's group of its own the file is empty."""
    return AUTOGROUP.exists() and bool(AUTOGROUP.read_text().split())


def _priorities(whose: str, *before: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, *before, "-c", SHOW, whose],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=whose == "own",
        env={"PYTHONPATH": str(library_folder())},
    )
    return done.stdout.split()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no niceness")
@pytest.mark.parametrize("before", [(), ("-c", LAUNCHER)], ids=["directly", "behind a launcher"])
def test_the_whole_session_of_a_worker_gives_way(before):
    own_nice, group = _priorities("own", *before)
    assert int(own_nice) >= 5
    if _by_session():
        assert group == "5"


@pytest.mark.skipif(not _by_session(), reason="no session scheduling here")
def test_the_session_of_a_terminal_is_left_alone():
    before = AUTOGROUP.read_text().split()[-1]
    assert _priorities("terminal")[1] == before
