"""A program that is run for its output, without a window, and can be ended with everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

CREATE_NO_WINDOW = 0x08000000


class Child:
    """Runs one program; `run` is for a thread, `kill` may come from another one."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        windows = sys.platform == "win32"
        self._process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            creationflags=CREATE_NO_WINDOW if windows else 0,
            start_new_session=not windows,  # a group of its own, which can be ended as a whole
        )

    def run(self, said: Callable[[str], None]) -> int:
        """Hand every line of output to `said` and return the exit status."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                said(line.decode("utf-8", "replace").rstrip())
        return self._process.wait()

    def kill(self) -> None:
        """End the program and everything it started, at once."""
        if self._process.poll() is not None:
            return
        if sys.platform == "win32":
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(self._process.pid)],
                capture_output=True,
                check=False,
                creationflags=CREATE_NO_WINDOW,
            )
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
