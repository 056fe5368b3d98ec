"""The scans of one person's way through the panel: a folder to label and train on, and one with more to segment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

STUDY, MORE = "My study", "New scans"
SCANS, NEW_SCANS = 8, 2


def lay_out(home: Path, scans: int = SCANS, *, thin: bool = False) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Put scans into home/STUDY and two more into home/MORE: real ones where $DUALSSLSEG_DATA is set, else generated.

    `thin` leaves out every second voxel of the generated ones along each axis, to be quick. Returns the reference
    label of every scan, and the names of the structures.
    """
    from DualSSLSegLib.demo.cohort import DATA_VARIABLE, DEFAULT_SET, from_folder
    from DualSSLSegLib.demo.phantom import STRUCTURES, write_cohort

    if os.environ.get(DATA_VARIABLE):
        cohort = from_folder(Path(os.environ[DATA_VARIABLE]) / DEFAULT_SET, DEFAULT_SET)
        names = [*(cohort.labelled + cohort.unlabelled)[:scans], *cohort.held_back[:NEW_SCANS]]
        images, labels, structures = cohort.images, cohort.references, cohort.structures
    else:
        names = write_cohort(home / "generated", scans + NEW_SCANS)
        images, labels = (
            {name: home / "generated" / part / f"{name}.nii.gz" for name in names}
            for part in ("images", "labels")
        )
        for path in (*images.values(), *labels.values()) if thin else ():
            _thin_out(path)
        structures = STRUCTURES
    for folder, members in ((STUDY, names[:scans]), (MORE, names[scans:])):
        (home / folder).mkdir(parents=True, exist_ok=True)
        for name in members:
            shutil.copy(images[name], home / folder)
    return {name: labels[name] for name in names}, structures


def _thin_out(path: Path) -> None:
    from DualSSLSegLib.imaging.geometry import Grid
    from DualSSLSegLib.imaging.read import read_voxels
    from DualSSLSegLib.imaging.write import write_label, write_map

    array, grid = read_voxels(path)
    array = np.ascontiguousarray(array[::2, ::2, ::2])
    write = write_label if path.parent.name == "labels" else write_map
    write(path, array, Grid(array.shape, grid.affine @ np.diag([2.0, 2.0, 2.0, 1.0])))
