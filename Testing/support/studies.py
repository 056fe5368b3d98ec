"""Studies of tiny scans in a folder, for tests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.write import write_label, write_map
from DualSSLSegLib.study.folder import StudyFolder
from support.drives import rights_of_ones_own

SHAPE = (6, 7, 8)
GRID = Grid(SHAPE, np.diag([-1.0, 2.0, 3.0, 1.0]))
_NOBODY = 65534


def write_scan(path: Path, seed: int = 0, grid: Grid = GRID) -> Path:
    """A scan of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_map(path, np.random.default_rng(seed).normal(size=grid.shape), grid)
    return path


def label_of(value: int = 1, size: int = 3) -> np.ndarray:
    """(X, Y, Z) uint8 with a block of `value`."""
    label = np.zeros(SHAPE, np.uint8)
    label[1 : 1 + size, 1 : 1 + size, 1 : 1 + size] = value
    return label


def write_label_file(path: Path, value: int = 1, size: int = 3, grid: Grid = GRID) -> Path:
    """A label file with a block of `value`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_label(path, label_of(value, size), grid)
    return path


def tiny_study(
    folder: Path, cases: Sequence[str] = ("a", "b", "c"), structures: Sequence[str] = ("liver", "tumour")
) -> StudyFolder:
    """A study of .nii.gz scans; a lock that is not free is waited for shortly only."""
    for seed, case in enumerate(cases):
        write_scan(folder / f"{case}.nii.gz", seed)
    return StudyFolder.create(folder, list(structures), wait_s=0.3)


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder with their content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@contextmanager
def without_the_right_to_write(folder: Path) -> Iterator[None]:
    """Take away the right to write below `folder` for the block, also from a super user."""
    with rights_of_ones_own():
        modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
        around = [path for path in folder.parents if path != Path("/") and path.owner() == folder.owner()]
        parents = {path: path.stat().st_mode for path in around}
        root = os.geteuid() == 0
        try:
            for path in modes:
                path.chmod(0o555 if path.is_dir() else 0o444)
            if root:
                for parent, mode in parents.items():
                    parent.chmod(mode | 0o055)
                os.seteuid(_NOBODY)
            yield
        finally:
            if root:
                os.seteuid(0)
                for parent, mode in parents.items():
                    parent.chmod(mode)
            for path, mode in modes.items():
                path.chmod(mode)
