"""Starting workers and keeping their handles, so that an ended one is collected and an early death is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.jobs.launch import default_python, launch_plan, library_folder, start
from DualSSLSegLib.jobs.run_folder import RunFolder


class Launcher:
    """Starts workers with one interpreter. `extra_path` are more folders to import from."""

    def __init__(self, python: str | None = None, extra_path: Sequence[str] = ()) -> None:
        self._python = python
        self._find_path: Callable[[], Sequence[str]] = lambda: extra_path
        self._handles: dict[RunFolder, subprocess.Popen[bytes]] = {}

    def use(self, python: str | None, find_path: Callable[[], Sequence[str]] = tuple) -> None:
        """Start the next workers with another interpreter or other packages; those at work are not touched.

        `find_path` gives the extra path when a worker is launched: looking at it may take as long as its drive.
        """
        self._python, self._find_path = python, find_path

    def launch(self, run: RunFolder) -> None:
        """Start the worker of a run; it outlives this process. Raises RunFailed when it cannot be started."""
        plan = launch_plan(
            sys.platform,
            self._python or default_python(),
            run.path,
            library_folder(),
            tuple(self._find_path()),
            os.environ,
        )
        try:
            self._handles[run] = start(plan, run.console_path)
        except OSError as error:
            raise RunFailed(
                f"the worker could not be started ({error.strerror or error}).",
                hint=f"Check that {plan.args[0]} is there and may be run.",
                path=run.path,
            ) from error

    def ended(self, run: RunFolder) -> bool:
        """Whether the worker that this launcher started for the run has ended (False when it started none)."""
        handle = self._handles.get(run)
        return handle is not None and handle.poll() is not None

    def kill(self, run: RunFolder) -> None:
        """End the process that this launcher started for the run, if it still runs: for a worker whose own pid is not
        known yet. Behind a launcher program the worker itself may go on; it then ends when it is asked to stop."""
        handle = self._handles.get(run)
        if handle is not None and handle.poll() is None:
            handle.kill()
