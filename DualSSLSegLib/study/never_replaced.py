"""Files of a person's own choice never take the place of a scan, or of what a study keeps itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import is_dicom_folder, is_scan_file
from DualSSLSegLib.study.layout import LABELS_FOLDER, OWN_FOLDER, study_around


def refuse_to_replace(target: Path, scans: Iterable[Path] = ()) -> None:
    """Raise BadInput when a file at the absolute path `target` would replace one of `scans` (files, and folders of a
    DICOM series) or lie in such a folder, lie among the files that a study or a folder of results keeps itself, or be
    taken for a scan of the study around it. Raises OSError when the drive of `target` cannot be reached.

    `scans` are looked at only where something is to be replaced: their drive may not answer, and a new file does not
    wait for it.
    """
    folder = target.parent.resolve()
    if target.exists() or is_dicom_folder(folder):
        _refuse_scans(target, folder, scans)
    study = study_around(folder)
    inside = folder.relative_to(study).parts if study is not None else ()
    if OWN_FOLDER in folder.parts or (inside and inside[0].casefold() == LABELS_FOLDER):
        raise BadInput(
            "the program keeps its own files in this folder, so nothing else is written there.",
            hint="Choose another folder.",
            path=target,
        )
    if study is not None and is_scan_file(target):
        raise BadInput(
            f"this place lies in the study {study}, where such a file would be taken for a scan.",
            hint="Choose a folder outside of it.",
            path=target,
        )


def _refuse_scans(target: Path, folder: Path, scans: Iterable[Path]) -> None:
    places = []
    for place in (target, folder):
        with suppress(FileNotFoundError):
            places.append(place.stat())
    for scan in scans:
        with suppress(OSError):  # out of reach, so it is not what lies at the target
            found = scan.stat()
            if any(os.path.samestat(found, place) for place in places):
                raise BadInput(
                    "this is a scan, or lies in the folder of one. Scans are never changed, so nothing was written.",
                    hint="Choose another name or folder.",
                    path=target,
                )
