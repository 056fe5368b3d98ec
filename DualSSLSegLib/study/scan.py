"""Walk a study folder and say which cases lie in it, and what cannot be taken for one and why."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.give_way import give_way
from DualSSLSegLib.imaging.formats import SCAN_SUFFIXES, channel_of, is_dicom_folder, suffix_of
from DualSSLSegLib.study.layout import LABELS_FOLDER, holds_results
from DualSSLSegLib.study.model import Case, Problem, Stamps, named_paths

_DIGITS = re.compile(r"([0-9]+)")
_LONGEST_ID = 225
"""Bytes of UTF-8: with "_disagreement.nii.gz" behind it a file name still fits the 255 that systems allow."""
_RENAME = "(capitals or the spelling of accents only); rename all but one."
_NO_CHANNEL = -1  # of a file whose name should say one

_Files = tuple[tuple[int, str], ...]  # channel and path of each file of a case


@dataclass(frozen=True)
class Listing:
    """What a walk found: usable cases by id in natural order, the problems, and the refused ids with reasons."""

    cases: dict[str, Case]
    problems: tuple[Problem, ...]
    refused: dict[str, str]


def list_cases(
    root: Path,
    *,
    folders: Sequence[str] | None = None,
    channels: int = 1,
    numbered: bool = False,
    before: Listing | None = None,
) -> Listing:
    """Every scan below `root` (or below its sub-folders named in `folders`, themselves not searched deeper).

    labels/, results of `segment`, hidden folders and files, .seg.nrrd and files that are no scans are passed
    over. Headers are not read. What has not changed since the walk `before` is taken from it: thousands of
    objects that come and go at every look would keep Python's garbage collection busy.
    Raises BadInput when `root` is not a folder that can be listed.
    """
    problems: list[Problem] = []
    empty: set[str] = set()
    by_id: dict[str, _Files] = {}
    places = [root] if folders is None else [root / name for name in folders if (root / name).is_dir()]
    for place in places:
        for name, path, size in _scans(place, problems, deeper=folders is None):
            give_way()
            if size == 0:
                empty.add(path)
            case, channel = name, 0
            if numbered or channels > 1:
                match = channel_of(name)
                if match is None:
                    reason = f"its name has no channel number, such as {name}_0000."
                    problems.append(Problem(Path(path), reason, (name,)))
                case, channel = match or (name, _NO_CHANNEL)
            by_id[case] = (*by_id.get(case, ()), (channel, path))
    return _sorted_out(root, by_id, channels, empty, problems, before)


def _scans(place: Path, problems: list[Problem], *, deeper: bool) -> Iterator[tuple[str, str, int]]:
    """(name without ending, path, size or -1 for a series folder) of everything that looks like a scan."""
    waiting = [place]
    visited: set[tuple[int, int]] = set()
    while waiting:
        folder = waiting.pop()
        others = False
        if folder != place and holds_results(folder):
            continue
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        if not (deeper and entry.name.casefold() != LABELS_FOLDER):
                            if not deeper and is_dicom_folder(entry.path):
                                yield entry.name, entry.path, -1
                            continue
                        if entry.is_symlink() and _seen(entry, visited):
                            continue
                        waiting.append(Path(entry.path))
                    elif (suffix := suffix_of(entry.name)) in SCAN_SUFFIXES:
                        try:
                            size = entry.stat().st_size
                        except OSError as error:
                            reason = f"this file cannot be opened ({error.strerror or error})."
                            problems.append(Problem(Path(entry.path), reason))
                            continue
                        yield entry.name[: -len(suffix)], entry.path, size
                    else:
                        others = True
        except OSError as error:
            if folder == place:
                raise BadInput(
                    f"this folder cannot be opened ({error.strerror or error}).",
                    hint="Name the folder that holds the scans.",
                    path=folder,
                ) from error
            problems.append(Problem(folder, f"this folder cannot be opened ({error.strerror or error})."))
            continue
        if others and folder == place:
            if is_dicom_folder(folder):
                reason = (
                    "DICOM files lie loose in the study folder; move each series into a folder of its own."
                )
                problems.append(Problem(folder, reason))
        elif others and is_dicom_folder(folder):
            yield folder.name, str(folder), -1


def _seen(entry: os.DirEntry[str], visited: set[tuple[int, int]]) -> bool:
    """Whether a linked folder was followed before, or is one of its own parents."""
    target = Path(entry.path).resolve()
    if Path(entry.path).absolute().is_relative_to(target):
        return True
    status = target.stat()
    key = (status.st_dev, status.st_ino)
    known = key in visited
    visited.add(key)
    return known


def _sorted_out(
    root: Path,
    by_id: dict[str, _Files],
    channels: int,
    empty: set[str],
    problems: list[Problem],
    before: Listing | None,
) -> Listing:
    known = {} if before is None else before.cases
    cases: dict[str, Case] = {}
    refused: dict[str, str] = {}
    for alike in _alike(by_id):
        paths = sorted(Path(path) for case in alike for _, path in by_id[case])
        reason = f"{named_paths(paths, root)} have names that some systems cannot tell apart {_RENAME}"
        problems.append(Problem(paths[0], reason, tuple(sorted(alike))))
        refused.update(dict.fromkeys(alike, reason))
    for case in known if by_id.keys() == known.keys() else sorted(by_id, key=natural_order):
        give_way()
        if case in refused:
            continue
        files = by_id[case]
        reason = _why_not(case, files, channels, empty, root)
        if reason:
            refused[case] = reason
            if files[0][0] != _NO_CHANNEL:  # named already
                problems.append(Problem(min(Path(path) for _, path in files), reason, (case,)))
            continue
        paths_now = [path for _, path in sorted(files)]
        old = known.get(case)
        same_paths = old is not None and [str(path) for path in old.paths] == paths_now
        cases[case] = old if old and same_paths else Case(case, tuple(map(Path, paths_now)))
    return Listing(cases, tuple(problems), refused)


def _alike(ids: Iterable[str]) -> list[list[str]]:
    """Ids that differ in capitals or the spelling of accents only."""
    first: dict[str, str] = {}
    alike: dict[str, list[str]] = {}
    for case in ids:
        plain = case if case.isascii() and case.islower() else _folded(case)
        if plain in first:
            alike.setdefault(plain, [first[plain]]).append(case)
        else:
            first[plain] = case
    return list(alike.values())


def _why_not(case: str, files: _Files, channels: int, empty: set[str], root: Path) -> str:
    """Why these files cannot be a case, in words; "" when they can."""
    if not case.isascii() or len(case) > _LONGEST_ID:
        try:
            length = len(case.encode("utf-8"))
        except UnicodeEncodeError:
            return "its name is not valid text (UTF-8); rename it."
        if length > _LONGEST_ID:
            return f"its name is too long ({length} bytes, at most {_LONGEST_ID}); rename it."
    if not case.isprintable() and any(unicodedata.category(c) == "Cc" for c in case):
        return "its name holds control characters; rename it."
    if os.name == "nt" and case.endswith((" ", ".")):
        return "its name ends with a space or a dot, which Windows drops from folders; rename it."
    found = [channel for channel, _ in files]
    for channel in sorted(found) if len(found) > 1 else ():
        paths = [Path(path) for other, path in files if other == channel]
        if len(paths) > 1:
            return (
                f"{named_paths(sorted(paths), root)} would both be the case {case!r}; "
                "rename one or move it out of the study."
            )
    if _NO_CHANNEL in found:
        return f"its name has no channel number, such as {case}_0000."
    missing = [f"{case}_{channel:04d}" for channel in range(channels) if channel not in found]
    if missing:
        return f"of its {channels} channels {', '.join(missing)} is missing."
    extra = [f"{case}_{channel:04d}" for channel in found if channel >= channels]
    if extra:
        return f"it has more than {channels} channels: {', '.join(sorted(extra))}."
    if empty and any(path in empty for _, path in files):
        return "this file is empty (0 bytes); copy it again from its source."
    return ""


def _folded(case: str) -> str:
    return unicodedata.normalize("NFC", case).casefold()


def natural_order(case: str) -> tuple[tuple[int, str], ...]:
    """A sort key that puts case2 before case10."""
    parts = _DIGITS.split(case)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def same_spelling(case: str, known: dict[str, Case]) -> str | None:
    """The id among `known` that is `case` up to the spelling of accents (macOS writes them apart)."""
    wanted = unicodedata.normalize("NFC", case)
    return next((name for name in known if unicodedata.normalize("NFC", name) == wanted), None)


def stamps_of(paths: Sequence[Path]) -> Stamps:
    """Size and newest modification time (ns) of each path; for a DICOM folder those of all its own files.

    Raises OSError for a path that is gone.
    """
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    if not path.is_dir():
        return status.st_size, status.st_mtime_ns
    size = newest = 0
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file():
                own = entry.stat()
                size, newest = size + own.st_size, max(newest, own.st_mtime_ns)
    return size, newest
