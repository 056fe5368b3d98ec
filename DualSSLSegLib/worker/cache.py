"""The volume cache: prepared scans as memory-mapped arrays, named by what they were made from.

`<cache>/<digest>/` holds image.npy (C, x, y, z) float16, one label-<digest>.npy (x, y, z) uint8 of class indices per
label, and grid.json. A folder is filled beside its place and renamed into it, so a reader sees it whole or not at all.
The whole cache may be deleted while no run is at it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.atomic import move_folder, read_json, remove_tree, replacing, write_json
from DualSSLSegLib.errors import BadInput, RunFailed
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.intensity import IntensityPlan
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.read import read_image
from DualSSLSegLib.imaging.resample import to_working
from DualSSLSegLib.inference.mapped_array import MappedArray
from DualSSLSegLib.worker.label_table import LabelStructure, to_class_indices
from DualSSLSegLib.worker.prepare import ARRAY_TYPE, prepare_image

VERSION = 1
_DRAFT = ".new-"
_ABANDONED_S = 3600.0


@dataclass(frozen=True)
class CachedImage:
    """A prepared scan: `image` (C, x, y, z) in its file, on grid `working`; `source` is the scan's own grid,
    `digest` that of the scan's files."""

    case: str
    folder: Path
    image: MappedArray = field(repr=False)
    working: Grid
    source: Grid
    digest: str


class VolumeCache:
    """Prepared scans for one working spacing and one intensity plan."""

    def __init__(self, folder: Path, spacing_mm: Sequence[float], intensity: IntensityPlan) -> None:
        x, y, z = (float(value) for value in spacing_mm)
        self.folder = folder
        self.spacing_mm = (x, y, z)
        self.intensity = intensity
        self._remove_abandoned()

    def image(self, case: str, paths: Sequence[Path], image_digest: str | None = None) -> CachedImage:
        """The prepared scan, made now if it is not there.

        Raises BadInput when the scan cannot be read, and when it has not the `image_digest` that was frozen.
        """
        digest = image_digest or file_digest(paths)
        entry = self.folder / self._key(digest)
        found = self._open(case, entry, digest)
        if found is None:
            self._fill(case, entry, paths, image_digest)
            found = self._open(case, entry, digest)
        if found is None:
            raise BadInput(
                "the cache cannot be filled.", hint="Delete this folder and start the run again.", path=entry
            )
        return found

    def label(
        self,
        image: CachedImage,
        path: Path,
        structures: Sequence[LabelStructure],
        label_digest: str | None = None,
    ) -> MappedArray:
        """(x, y, z) uint8 class indices on the working grid, in their file.

        Raises BadInput when the label cannot be read, has not the `label_digest` that was frozen, lies on another grid
        or has a value the table does not know.
        """
        table = [(row.name, row.value, row.codes) for row in structures]
        name = f"label-{_digest(label_digest or file_digest([path]), table)}.npy"
        target = image.folder / name
        found = _whole(target, image.working.shape, np.uint8)
        if found is None:
            classes = to_class_indices(read_label(path, image.source, structures), structures)
            _check_frozen([path], label_digest, "label")
            working, _ = to_working(classes, image.source, self.spacing_mm, label=True)
            with replacing(target, suffix=".npy") as temporary:
                np.save(temporary, working.astype(np.uint8, copy=False))
            found = _whole(target, image.working.shape, np.uint8)
        if found is None:
            raise BadInput(
                "the cache cannot be filled.", hint="Delete this folder and start the run again.", path=target
            )
        return found

    def _key(self, image_digest: str) -> str:
        spacing = [round(value, 6) for value in self.spacing_mm]
        return _digest(VERSION, image_digest, spacing, self.intensity.to_dict())

    def _open(self, case: str, entry: Path, digest: str) -> CachedImage | None:
        """The entry, or None when it is not there or not whole (it is then removed)."""
        if not entry.is_dir():
            return None
        try:
            facts = read_json(entry / "grid.json")
            working, source = _grid_from(facts["working"]), _grid_from(facts["source"])
            image = _whole(entry / "image.npy", (facts["channels"], *working.shape), ARRAY_TYPE)
        except (BadInput, KeyError, TypeError, ValueError):
            image = None
        if image is None:
            remove_tree(entry)
            return None
        return CachedImage(case, entry, image, working, source, digest)

    def _remove_abandoned(self) -> None:
        """Remove drafts of workers that were killed: filling one takes seconds, so a living worker's is never old."""
        for draft in self.folder.glob(f"{_DRAFT}*"):
            try:
                age = time.time() - draft.stat().st_mtime
            except FileNotFoundError:  # its worker has just finished it
                continue
            if age > _ABANDONED_S:
                remove_tree(draft)

    def _fill(self, case: str, entry: Path, paths: Sequence[Path], image_digest: str | None) -> None:
        volume = read_image(paths, case)
        _check_frozen(paths, image_digest, "scan")
        array, working = prepare_image(volume, self.spacing_mm, self.intensity)
        draft = self.folder / f"{_DRAFT}{secrets.token_hex(6)}"
        draft.mkdir(parents=True)
        try:
            np.save(draft / "image.npy", array)
            facts = {
                "v": VERSION,
                "case": case,
                "channels": array.shape[0],
                "working": _grid_to(working),
                "source": _grid_to(volume.grid),
            }
            write_json(draft / "grid.json", facts)
            try:
                move_folder(draft, entry)
            except OSError:
                if not entry.is_dir():  # else another worker was faster, with the same content
                    raise
        finally:
            remove_tree(draft)


def _check_frozen(paths: Sequence[Path], digest: str | None, what: str) -> None:
    """Raise BadInput when files have another content than the run was given. To be asked after they were read: what is
    replaced while it is read is noticed, too."""
    if digest is not None and file_digest(paths) != digest:
        raise BadInput(
            f"this {what} has been changed since the run was given it.",
            hint=f"Start a new run; to go on with this one, put the old {what} back.",
            path=paths[0],
        )


def _whole(path: Path, shape: Sequence[int], kind: Any) -> MappedArray | None:
    """The array, or None when it is not there, cut off or not what it should be.

    Raises RunFailed when it is there and cannot be read: what may be whole is not thrown away.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    except OSError as error:
        raise RunFailed(
            f"a prepared scan cannot be read ({error.strerror or error}).",
            hint="Look at the permissions of the study's cache and at the disk.",
            path=path,
        ) from error
    wanted = MappedArray(path, tuple(shape), np.dtype(kind))
    return wanted if array.shape == wanted.shape and array.dtype == wanted.dtype else None


def _digest(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def _grid_to(grid: Grid) -> dict[str, Any]:
    return {"shape": list(grid.shape), "affine": grid.affine.tolist()}


def _grid_from(content: Any) -> Grid:
    x, y, z = content["shape"]
    return Grid((x, y, z), np.array(content["affine"], dtype=np.float64))
