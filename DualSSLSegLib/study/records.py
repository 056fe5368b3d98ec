"""What has been read of a scan before, so that it need not be read again: `cases/<case>.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.layout import StudyLayout, names_in
from DualSSLSegLib.study.model import Case, Revision, Stamps
from DualSSLSegLib.study.scan import stamps_of


@dataclass(frozen=True)
class CaseRecord:
    """What is known of a case's files as long as their `stamps` stay: digest, spacing, why it is unreadable."""

    stamps: Stamps
    digest: str | None = None
    spacing_mm: tuple[float, float, float] | None = None
    shape: tuple[int, int, int] | None = None
    unreadable: str | None = None


class Records:
    """The records of a study. They are a memory, not the truth: without them everything is read again."""

    def __init__(self, layout: StudyLayout) -> None:
        self._layout = layout
        self._unwritten: dict[str, CaseRecord] = {}  # by case, where the study cannot be written

    def read(self, case: Case) -> CaseRecord | None:
        """The record of a case; None when there is none for its files as they are now."""
        try:
            now = stamps_of(case.paths)
        except OSError:
            return None
        record = self._unwritten.get(case.id)
        if record is not None and record.stamps == now:
            return record
        for folder in (self._layout.records, self._layout.unreadable):
            record = _load(folder / f"{case.id}.json")
            if record is not None and record.stamps == now:
                return record
        return None

    def unreadable_ids(self) -> set[str]:
        """Ids that have a record saying so; whether it still holds, `read` tells."""
        written = {name[:-5] for name in names_in(self._layout.unreadable) if name.endswith(".json")}
        return written | {case for case, record in self._unwritten.copy().items() if record.unreadable}

    def inspect(self, case: Case) -> CaseRecord:
        """Read the headers of a case unless that was done before. An unreadable one has a reason in words."""
        known = self.read(case)
        if known is not None and (known.spacing_mm or known.unreadable):
            return known
        from DualSSLSegLib.imaging.read import read_grid

        try:
            stamps = stamps_of(case.paths)
            grids = [read_grid(path) for path in case.paths]
        except BadInput as error:
            record = CaseRecord(stamps, unreadable=f"{error.message} {error.hint}".strip())
            return self._remember(case, record)
        except OSError as error:
            return CaseRecord((), unreadable=f"it cannot be opened ({error.strerror or error}).")
        for number, grid in enumerate(grids[1:], start=1):
            if not grid.same_as(grids[0]):
                reason = f"channel {number} lies on another grid than channel 0: {grid.difference(grids[0])}."
                return self._remember(case, CaseRecord(stamps, unreadable=reason))
        record = known or CaseRecord(stamps)
        return self._remember(case, replace(record, spacing_mm=grids[0].spacing_mm, shape=grids[0].shape))

    def refuse(self, case: Case, reason: str) -> None:
        """Remember that the content of a case cannot be read, until its files change."""
        try:
            self._remember(case, CaseRecord(stamps_of(case.paths), unreadable=reason))
        except OSError:
            return  # out of reach just now, which says nothing about the content

    def digest(self, case: Case) -> str:
        """The digest of a case's content, read once. Raises BadInput for a file that cannot be read."""
        known = self.read(case)
        if known is not None and known.digest:
            return known.digest
        from DualSSLSegLib.imaging.digest import file_digest

        stamps = present_stamps(case)
        digest = file_digest(case.paths)
        self._remember(case, replace(known or CaseRecord(stamps), digest=digest))
        return digest

    def _remember(self, case: Case, record: CaseRecord) -> CaseRecord:
        folder = self._layout.unreadable if record.unreadable else self._layout.records
        other = self._layout.records if record.unreadable else self._layout.unreadable
        try:
            write_json(folder / f"{case.id}.json", self._as_json(case, record))
            (other / f"{case.id}.json").unlink(missing_ok=True)
            self._unwritten.pop(case.id, None)
        except OSError:  # a folder for reading only: the next process reads the same again
            self._unwritten[case.id] = record
        return record

    def _as_json(self, case: Case, record: CaseRecord) -> Mapping[str, Any]:
        root = self._layout.root
        shown = [path.relative_to(root) if path.is_relative_to(root) else path for path in case.paths]
        files: Sequence[Mapping[str, Any]] = [
            {"path": path.as_posix(), "size": size, "mtime_ns": mtime}
            for path, (size, mtime) in zip(shown, record.stamps, strict=True)
        ]
        return {
            "v": 1,
            "files": files,
            "digest": record.digest,
            "spacing_mm": record.spacing_mm,
            "shape": record.shape,
            "unreadable": record.unreadable,
        }


def _load(path: Path) -> CaseRecord | None:
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        spacing, shape = content["spacing_mm"], content["shape"]
        return CaseRecord(
            stamps=tuple((int(file["size"]), int(file["mtime_ns"])) for file in content["files"]),
            digest=content["digest"],
            spacing_mm=None if spacing is None else (float(spacing[0]), float(spacing[1]), float(spacing[2])),
            shape=None if shape is None else (int(shape[0]), int(shape[1]), int(shape[2])),
            unreadable=content["unreadable"],
        )
    except (BadInput, KeyError, TypeError, ValueError, IndexError):
        return None  # a damaged memory is no memory


def present_stamps(case: Case) -> Stamps:
    """The stamps of a case's files. Raises BadInput when one is gone."""
    try:
        return stamps_of(case.paths)
    except OSError as error:
        raise BadInput(
            f"this scan cannot be opened ({error.strerror or error}).",
            hint="Put it back, or leave it out.",
            path=case.paths[0],
        ) from error


def image_unchanged(
    case: Case, revision: Revision, records: Records, *, read_at_most: int | None = None
) -> bool | None:
    """Whether the image is still the one the revision was made on: by size and time, else by digest.

    None when it would take reading more than `read_at_most` bytes to know. Raises BadInput when the image
    cannot be read.
    """
    stamps = present_stamps(case)
    if stamps == revision.image_stamps:
        return True
    known = records.read(case)
    if known is None or known.digest is None:
        if read_at_most is not None and sum(size for size, _ in stamps) > read_at_most:
            return None
        return records.digest(case) == revision.image_digest
    return known.digest == revision.image_digest


def replaced_words(revision: Revision) -> str:
    """What to tell when the image under a label is another one."""
    return (
        f"the image has been replaced since revision {revision.number} was drawn on it; "
        "put the old image back, or label the case again."
    )
