"""A worker of a second, without torch: it predicts by brightness and writes what the real one writes.

python quick_worker.py <run folder> [how many scans to predict at most]
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.imaging.read import read_image
from DualSSLSegLib.jobs.journal import EventWriter
from DualSSLSegLib.jobs.launch import library_folder
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.launcher import Launcher
from support.predictions import write_prediction

STEPS = 5


class QuickLauncher(Launcher):
    """Starts this worker instead of the real one; it predicts at most so many scans."""

    def __init__(self, at_most: int | None = None) -> None:
        super().__init__()
        self._more = [] if at_most is None else [str(at_most)]

    def launch(self, run: RunFolder) -> None:
        paths = [str(library_folder()), str(Path(__file__).parent.parent)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        with open(run.console_path, "ab") as console:
            self._handles[run] = subprocess.Popen(
                [sys.executable, __file__, str(run.path), *self._more],
                env=environment,
                stdout=console,
                stderr=console,
            )


def work(run: RunFolder, at_most: int | None = None) -> None:
    """Train on nothing, predict the scans that are not labelled, and say so in the journal."""
    events = EventWriter(run.events_path)
    events.emit("started", attempt=events.attempt, pid=os.getpid(), host=socket.gethostname(), device="cpu")
    structures = run.spec()["structures"]
    waiting = [row for row in run.inputs()["cases"] if row["role"] == "unlabelled"][:at_most]
    events.emit("phase", name="train", total=STEPS)
    for step in range(1, STEPS + 1):
        events.emit("progress", step=step, total=STEPS, loss=1.0 / step)
    run.checkpoints.mkdir(exist_ok=True)
    run.model_path.write_bytes(b"networks")
    events.emit("phase", name="predict", total=len(waiting))
    for row in waiting:
        volume = read_image([Path(path) for path in row["paths"]], row["id"])
        scan = volume.array[0]
        label = np.where(scan > np.quantile(scan, 0.97), structures[0]["value"], 0).astype(np.uint8)
        write_prediction(run, row["id"], label, volume.grid, [entry["name"] for entry in structures])
        events.emit("predicted", case=row["id"])
    suggestions = [
        {"case": row["id"], "score": 0.5, "reason": "It is bright.", "values": {}} for row in waiting
    ]
    write_json(run.scores_path, {"v": 1, "suggestions": suggestions, "shadow": []})
    events.emit("finished", predicted=len(waiting), memory_mb=1.0)
    events.close()


if __name__ == "__main__":
    work(RunFolder(sys.argv[1]), *(int(number) for number in sys.argv[2:]))
