"""A worker without torch that trains until it is asked to stop, and leaves what the test does with it to the test.

python slow_worker.py <run folder>    takes up from the step its last checkpoint names
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from DualSSLSegLib.jobs.control import read_want
from DualSSLSegLib.jobs.journal import EventWriter
from DualSSLSegLib.jobs.launch import library_folder
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.launcher import Launcher
from DualSSLSegLib.processes import host_name

STEPS = 10_000
_STEP_S = 0.02


class SlowLauncher(Launcher):
    """Starts this worker, detached as the real one is. `children`: one process for every launch."""

    def __init__(self) -> None:
        super().__init__()
        self.children: list[subprocess.Popen[bytes]] = []

    def launch(self, run: RunFolder) -> None:
        paths = [str(library_folder()), str(Path(__file__).parent.parent)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        with open(run.console_path, "ab") as console:
            child = subprocess.Popen(
                [sys.executable, __file__, str(run.path)],
                env=environment,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self.children.append(child)
        self._handles[run] = child

    def end(self) -> None:
        """Kill what still runs."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()


def work(run: RunFolder) -> None:
    """Step by step with a saved state every ten steps."""
    saved = run.checkpoints / "step"
    step = int(saved.read_text()) if saved.exists() else 0
    events = EventWriter(run.events_path)
    events.emit("started", attempt=events.attempt, pid=os.getpid(), host=host_name(), device="cpu")
    events.emit("phase", name="train", total=STEPS)
    run.checkpoints.mkdir(exist_ok=True)
    while read_want(run) != "stop":
        step += 1
        if step % 10 == 0:
            saved.write_text(str(step))
            events.emit("checkpoint", step=step, path=str(saved))
        events.emit("progress", step=step, total=STEPS, loss=1.0 / step)
        time.sleep(_STEP_S)
    events.emit("stopped")
    events.close()


if __name__ == "__main__":
    work(RunFolder(sys.argv[1]))
