"""`study.json`: schema version, label table, channels, how scans are laid out, frozen splits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.study.model import LabelTable
from DualSSLSegLib.study.writing import writing

SCHEMA = 1
LAYOUTS = ("plain", "nnunet")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitEntry:
    """In which split a case is frozen, and whether the policy or a person said so."""

    split: str
    by: str


@dataclass(frozen=True)
class StudyFile:
    """The content of `study.json`.

    `numbered_channels`: scans are named `<case>_0000`, `<case>_0001`, ...; always so with several channels.
    """

    table: LabelTable
    channels: int = 1
    numbered_channels: bool = False
    layout: str = "plain"
    splits: Mapping[str, SplitEntry] = field(default_factory=dict)
    created: float = field(default_factory=time.time)

    def with_splits(self, splits: Mapping[str, SplitEntry]) -> StudyFile:
        return replace(self, splits=splits)

    def to_dict(self) -> dict[str, Any]:
        return {
            "v": SCHEMA,
            "created": self.created,
            "layout": self.layout,
            "channels": self.channels,
            "numbered_channels": self.numbered_channels,
            "structures": [structure.to_dict() for structure in self.table],
            "next_value": self.table.next_value,
            "splits": {case: {"split": e.split, "by": e.by} for case, e in self.splits.items()},
        }


def write_study_file(path: Path, content: StudyFile) -> None:
    """Write `study.json` atomically. Raises BadInput when the folder cannot be written."""
    with writing(path):
        write_json(path, content.to_dict())


def read_study_file(path: Path) -> StudyFile:
    """Read `study.json`.

    Raises ProtocolError when a newer version wrote it or when it is not what it should be, BadInput when it
    cannot be read at all.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("v"), int):
        raise ProtocolError("this file has no schema version 'v': it is not the file of a study.", path=path)
    if content["v"] > SCHEMA:
        raise ProtocolError(
            f"this study was written by a newer version (schema {content['v']}, known: {SCHEMA}).",
            hint="Update this program to open it.",
            path=path,
        )
    try:
        table = LabelTable((), 1)
        for item in content["structures"]:
            table = table.added(
                item["name"], value=item["value"], color=item.get("color"), codes=item.get("codes")
            )
        table = replace(table, next_value=max(table.next_value, int(content.get("next_value", 1))))
        splits = {case: SplitEntry(e["split"], e["by"]) for case, e in content.get("splits", {}).items()}
        result = StudyFile(
            table=table,
            channels=int(content["channels"]),
            numbered_channels=bool(content.get("numbered_channels", False)),
            layout=content.get("layout", "plain"),
            splits=splits,
            created=float(content.get("created", 0.0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError(
            f"this file of the study is damaged ({type(error).__name__}: {error}).",
            hint="Put back a copy from a backup.",
            path=path,
        ) from error
    unknown = {e.split for e in splits.values()} - set(SPLITS)
    if unknown or result.layout not in LAYOUTS or result.channels < 1:
        raise ProtocolError(
            "this file of the study holds words this version does not know.",
            hint="Update this program to open it.",
            path=path,
        )
    return result


def checked_channels(channels: int | None) -> int:
    """The number of channels, 1 when none was given. Raises BadInput for what cannot be one."""
    if channels is None:
        return 1
    if isinstance(channels, bool) or not isinstance(channels, int) or not 1 <= channels <= 100:
        raise BadInput(f"{channels!r} is not a number of channels.", hint="Use a whole number from 1 to 100.")
    return channels


class StudyStore:
    """`study.json` of one study, read again when it has changed. `unsaved` stands in where there is no file:
    for a folder of another program that can only be looked at."""

    def __init__(self, path: Path, unsaved: StudyFile | None = None) -> None:
        self._path = path
        self._unsaved = unsaved
        self._last: tuple[tuple[int, int, int], StudyFile] | None = None

    @property
    def content(self) -> StudyFile:
        """What the file says now. Raises as `read_study_file`."""
        if self._unsaved is not None:
            return self._unsaved
        try:
            status = self._path.stat()
        except FileNotFoundError:
            raise BadInput(
                "this folder is no longer a study, its study.json is gone.",
                hint="Put it back from a backup.",
                path=self._path,
            ) from None
        stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
        if self._last is None or self._last[0] != stamp:
            self._last = (stamp, read_study_file(self._path))
        return self._last[1]

    def save(self, content: StudyFile) -> None:
        """Write the file; for the holder of the study's lock. Raises BadInput."""
        write_study_file(self._path, content)
        self._last = None
        self._unsaved = None
