"""How long a cold process takes to open and list a large study.

    python benchmarks/study_listing.py [--cases 10000] [--labelled 500] [--revisions 3] [--runs 3] [--repeats 3]

The study is generated in a temporary folder: small readable scans of random noise, their labels, finished runs
with predictions. Prints the seconds of each repeat, measured around a whole `python -c` process, and the
processor time in it, which a busy machine does not stretch as much.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.write import write_label, write_map
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.model import LabelTable
from DualSSLSegLib.study.published import publish
from DualSSLSegLib.study.scan import stamps_of
from DualSSLSegLib.study.study_file import StudyFile, write_study_file

LISTING = """
import sys
from DualSSLSegLib.study.folder import StudyFolder
status = StudyFolder.open(sys.argv[1]).status()
print(len(status.cases), status.counts, len(status.problems), len(status.runs))
"""


def make_study(root: Path, cases: int, labelled: int, revisions: int, runs: int) -> None:
    """Write the study as the program would have left it, without waiting 10,000 times for the disk."""
    random = np.random.default_rng(0)
    grid = Grid((6, 6, 6), np.eye(4))
    layout = StudyLayout(root)
    scan, label = root / "first.nii.gz", root.parent / "label.nii.gz"
    write_map(scan, random.normal(size=grid.shape), grid)
    write_label(label, random.integers(0, 2, grid.shape), grid)
    ids = [f"case {number:05d}" for number in range(cases)]
    for case in ids:
        shutil.copyfile(scan, root / f"{case}.nii.gz")
    scan.unlink()
    write_study_file(layout.study_json, StudyFile(LabelTable.of(["liver"])))
    digest, image = file_digest([label]), file_digest([root / f"{ids[0]}.nii.gz"])
    study = StudyFolder.open(root)
    for case in ids[:labelled]:
        found = study.case(case)
        for _ in range(revisions):
            staged = study._revisions.stage()
            shutil.copyfile(label, staged)
            described = {
                "author": "benchmark", "origin": "manual", "run": None, "label_digest": digest,
                "image_digest": image, "image_stamps": stamps_of(found.paths),
            }  # fmt: skip
            revision = study._revisions.commit(described, case, staged, study.structures)
        publish(revision.path, layout.final / f"{case}.nii.gz", study._revisions.stage())
    inputs = {"v": 1, "cases": [{"id": case, "role": "unlabelled"} for case in ids]}
    for number in range(runs):
        run = layout.runs / f"20260101T00000{number}000Z-train-{number:04x}"
        write_json(run / "inputs.json", inputs)
        (run / "events.jsonl").write_text('{"v":1,"seq":1,"t":0,"type":"finished"}\n', encoding="utf-8")
        write_json(run / "spec.json", {"v": 1, "kind": "train"})
        (run / "predictions").mkdir()
        for case in ids[labelled:]:
            for ending in (".nii.gz", "_uncertainty.nii.gz", "_disagreement.nii.gz", ".json"):
                (run / "predictions" / f"{case}{ending}").touch()


def with_records(root: Path) -> None:
    """Let the program read every header once, as `dualsslseg` does after `init`."""
    StudyFolder.open(root).inspect()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("cases", 10000), ("labelled", 500), ("revisions", 3), ("runs", 3), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--inspected", action="store_true", help="with a record of every case as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "study"
        root.mkdir()
        begun = time.perf_counter()
        make_study(root, given.cases, given.labelled, given.revisions, given.runs)
        if given.inspected:
            with_records(root)
        print(f"generated {given.cases} cases in {time.perf_counter() - begun:.1f} s")
        for _ in range(given.repeats):
            before, begun = os.times(), time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", LISTING, str(root)], check=True, capture_output=True, text=True
            )
            seconds, after = time.perf_counter() - begun, os.times()
            cpu = sum(after[2:4]) - sum(before[2:4])
            print(f"{seconds:.2f} s ({cpu:.2f} s of one core)   {done.stdout.strip()}")


if __name__ == "__main__":
    main()
