"""Which files and folders are scans, and what a case is called after them. Needs the standard library
only.
"""

from __future__ import annotations

import os
import re
from os import PathLike
from pathlib import Path

SCAN_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
SEGMENTATION_SUFFIX = ".seg.nrrd"
RESULT_SUFFIXES = (
    ".nii.gz",
    ".nrrd",
    SEGMENTATION_SUFFIX,
    ".mha",
)  # of segmented folders; the first by default
DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")
_CHANNEL = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})", re.DOTALL)
_DICOM_MAGIC_OFFSET = 128
_DICOM_PROBES = 16


def suffix_of(path: str | PathLike[str]) -> str:
    """The known ending of a file name in lower case (".seg.nrrd" before ".nrrd"), or "" when it is none of
    ours.
    """
    name = _name_of(path).lower()
    if not name.endswith(SCAN_SUFFIXES):
        return ""
    return next(suffix for suffix in (SEGMENTATION_SUFFIX, *SCAN_SUFFIXES) if name.endswith(suffix))


def _name_of(path: str | PathLike[str]) -> str:
    """The last part of a path. Making a Path of every name in a folder of many thousand takes long."""
    is_name = isinstance(path, str) and "/" not in path and "\\" not in path and ":" not in path
    return path if is_name else Path(path).name  # type: ignore[return-value]


def stem_of(path: str | PathLike[str]) -> str:
    """The name a case gets: "a.b.nii.gz" -> "a.b"; a folder or an unknown ending keeps its whole name."""
    name = _name_of(path)
    suffix = suffix_of(name)
    return name[: len(name) - len(suffix)] if suffix else name


def is_scan_file(path: str | PathLike[str]) -> bool:
    """Whether the name is that of a scan: a known ending, not hidden, not a .seg.nrrd. The file is not
    opened.
    """
    name = Path(path).name
    return not name.startswith(".") and suffix_of(path) in SCAN_SUFFIXES and stem_of(path) != ""


def is_dicom_file(path: str | PathLike[str]) -> bool:
    """Whether a file carries the DICOM mark ("DICM" after 128 bytes). False for what cannot be opened."""
    try:
        with open(path, "rb") as stream:
            stream.seek(_DICOM_MAGIC_OFFSET)
            return stream.read(4) == b"DICM"
    except OSError:
        return False


def is_dicom_folder(path: str | PathLike[str]) -> bool:
    """Whether a folder holds DICOM files itself (not in its sub-folders).

    Files with a DICOM ending are looked at first; of the others at most 16 are opened, so that a folder of
    ten thousand other files costs nothing.
    """
    named: list[str] = []
    others: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or suffix_of(entry.name) or not entry.is_file():
                    continue
                (named if entry.name.lower().endswith(DICOM_SUFFIXES) else others).append(entry.path)
    except OSError:
        return False
    return any(is_dicom_file(file) for file in sorted(named)[:_DICOM_PROBES] + sorted(others)[:_DICOM_PROBES])


def channel_of(stem: str) -> tuple[str, int] | None:
    """Case and channel of a scan named `<case>_0000`, `<case>_0001`, ...; None for any other name."""
    match = _CHANNEL.fullmatch(stem)
    return None if match is None else (match["case"], int(match["channel"]))
