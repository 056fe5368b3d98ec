"""Label one case again and again in a process that is killed at random moments, and check the study each time.

python killed_annotator.py STUDY CASE KILLS SEED    prints "kills N revisions N"
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from DualSSLSegLib.imaging import write
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.read import read_grid
from DualSSLSegLib.study import label_check
from DualSSLSegLib.study.folder import StudyFolder

LOADED = (write, label_check)  # what labelling imports late is here before the first fork


def annotate(root: Path, case: str, acknowledge: int) -> None:
    """The annotator: never ends by itself; writes every number it was told is committed."""
    study = StudyFolder.open(root)
    shape = read_grid(study.case(case).paths[0]).shape
    for count in range(1_000_000):
        label = np.zeros(shape, np.uint8)
        label[: 1 + count % shape[0]] = 1 + count % 2
        revision = study.add_revision(case, label, author="Ada", origin="manual")
        os.write(acknowledge, revision.number.to_bytes(4, "little"))


def check(root: Path, case: str, acknowledged: set[int]) -> int:
    """Whatever was acknowledged is there and whole, and nothing else can be seen. Returns the newest number."""
    study = StudyFolder.open(root)
    revisions = study.revisions(case)
    assert acknowledged <= {revision.number for revision in revisions}, "an acknowledged label is lost"
    grid = read_grid(study.case(case).paths[0])
    for revision in revisions[-3:]:
        assert file_digest([revision.path]) == revision.label_digest, "half a label has a commit mark"
    final = root / "labels" / "final" / f"{case}.nii.gz"
    if final.exists():
        read_label(final, grid, study.structures)
        assert file_digest([final]) in {revision.label_digest for revision in revisions}
    (status,) = [c for c in study.status().cases if c.id == case]
    assert status.problem is None and not status.pending and status.revisions == len(revisions)
    assert study.split(case) == "train"
    return revisions[-1].number if revisions else 0


def main() -> None:
    root, case, kills, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    newest = 0
    for _ in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                annotate(root, case, writing)
            finally:
                os._exit(1)
        os.close(writing)
        time.sleep(chance.uniform(0.002, 0.25))
        gone, _ = os.waitpid(child, os.WNOHANG)
        assert gone == 0, "the annotator failed by itself"
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as stream:
            told = stream.read()
        acknowledged |= {int.from_bytes(told[at : at + 4], "little") for at in range(0, len(told), 4)}
        newest = max(newest, check(root, case, acknowledged))
    study = StudyFolder.open(root, wait_s=2.0)
    study.reconcile()
    last = study.add_revision(case, study.latest(case).path, author="Bob", origin="corrected")
    assert last.number > newest and study.usable_label(case) == last
    print(f"kills {kills} revisions {len(study.revisions(case))}")


if __name__ == "__main__":
    main()
