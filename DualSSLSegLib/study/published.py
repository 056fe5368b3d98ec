"""labels/final and labels/original, the part of a study that other programs read and write too."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from DualSSLSegLib.atomic import replace_file, replacing
from DualSSLSegLib.give_way import give_way
from DualSSLSegLib.imaging.formats import SCAN_SUFFIXES, SEGMENTATION_SUFFIX, stem_of, suffix_of
from DualSSLSegLib.study.label_digests import LabelDigests
from DualSSLSegLib.study.layout import LABEL_SUFFIX
from DualSSLSegLib.study.model import Revision
from DualSSLSegLib.study.scan import stamps_of


def label_files(folder: Path) -> dict[str, list[Path]]:
    """The label files of a folder by case, `<case>.nii.gz` before others. A missing folder has none."""
    found: dict[str, list[Path]] = {}
    for case, path in _label_files(folder):
        found.setdefault(case, []).append(Path(path))
    for case, paths in found.items():
        paths.sort(key=lambda path: (path.name != case + LABEL_SUFFIX, path.name))
    return found


def labelled_cases(folder: Path) -> set[str]:
    """The cases that `label_files` finds files of."""
    return {case for case, _ in _label_files(folder)}


def _label_files(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                give_way()
                known = suffix_of(entry.name) in (*SCAN_SUFFIXES, SEGMENTATION_SUFFIX)
                if known and not entry.name.startswith(".") and entry.is_file():
                    yield stem_of(entry.name), entry.path
    except FileNotFoundError:
        return


def final_files(folder: Path, case_id: str) -> list[Path]:
    """The label files of one case in a folder, without listing the others."""
    names = [f"{case_id}{suffix}" for suffix in (*SCAN_SUFFIXES, SEGMENTATION_SUFFIX)]
    return [folder / name for name in names if (folder / name).is_file()]


def publish(source: Path, target: Path, staged: Path) -> None:
    """Copy a label file so that readers see the old or the new one. The copy keeps the modification time.

    With equal size and time the copy is known to be ours without reading it. `staged` is a free path in the
    study's tmp/: a temporary file in labels/ would be a label to other programs. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, staged)
        status = source.stat()
        os.utime(staged, ns=(status.st_atime_ns, status.st_mtime_ns))
        with open(staged, "rb+") as written:
            os.fsync(written.fileno())
        replace_file(staged, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with replacing(target, LABEL_SUFFIX) as temporary:  # labels/ lies on another disk
            shutil.copy2(source, temporary)
    finally:
        staged.unlink(missing_ok=True)


def is_in_force(path: Path, revision: Revision) -> bool:
    """Whether a file of labels/final is the copy of this revision, or what it was made from, by size and time."""
    try:
        (shown,) = stamps_of([path])
        (kept,) = stamps_of([revision.path])
    except FileNotFoundError:
        return False
    return shown == revision.source_stamp or (shown == kept and path.name.endswith(LABEL_SUFFIX))


def is_kept(path: Path, revisions: Sequence[Revision], digests: LabelDigests) -> bool:
    """Whether the content of a label file is one of these revisions, or was made into one."""
    if any(is_in_force(path, revision) for revision in revisions):
        return True
    return bool(revisions) and digests.of(path) in kept_digests(revisions)


def kept_digests(revisions: Iterable[Revision]) -> set[str]:
    """Digests of the label files, and of foreign files, that these revisions keep."""
    return {d for revision in revisions for d in (revision.label_digest, revision.source_digest) if d}


def put_aside(path: Path, folder: Path, revision: Revision) -> None:
    """Move a foreign label of another format, kept as `revision`, beside that revision.

    Two files of one case in labels/final would leave open which one is in force. Raises OSError.
    """
    replace_file(path, folder / f"{revision.number:04d}.source{suffix_of(path)}")
