"""Label revisions: written once, never changed. `0003.nii.gz` first, `0003.json` last, as the commit mark."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.study.layout import LABEL_SUFFIX, StudyLayout, names_in
from DualSSLSegLib.study.lock import claim
from DualSSLSegLib.study.model import Revision, Structure

_SCHEMA = 1
_NAME = re.compile(r"(?P<number>\d{4,})(?P<suffix>\.json|\.nii\.gz)")
_ABANDONED_AFTER_S = 3600.0
_MEND = "Put it back from a backup, or label the case again."


class Revisions:
    """The revisions of a study's cases. Writing is for the holder of the study's lock."""

    def __init__(self, layout: StudyLayout) -> None:
        self._layout = layout

    def cases(self) -> list[str]:
        """Ids of all cases that have a folder for revisions, whether or not one is in it."""
        try:
            with os.scandir(self._layout.revisions) as entries:
                return [entry.name for entry in entries if entry.is_dir()]
        except FileNotFoundError:
            return []

    def numbers(self, case_id: str) -> list[int]:
        """Numbers of the committed revisions, oldest first. Nothing is opened."""
        return sorted(number for number, kinds in self._files(case_id).items() if ".json" in kinds)

    def read(self, case_id: str, number: int) -> Revision:
        """One revision. Raises BadInput when it is damaged, ProtocolError when a newer version wrote it."""
        mark = self._layout.revisions / case_id / f"{number:04d}.json"
        try:
            content = read_json(mark)
        except BadInput as error:
            raise BadInput(error.message, hint=_MEND, path=mark) from error.__cause__
        if isinstance(content, dict) and isinstance(content.get("v"), int) and content["v"] > _SCHEMA:
            raise ProtocolError(
                f"this revision was written by a newer version (schema {content['v']}, known: {_SCHEMA}).",
                hint="Update this program to open it.",
                path=mark,
            )
        try:
            source = content.get("source") or {}
            stamp = source.get("stamp")
            known = tuple(int(row["value"]) for row in content["structures"])
            present = content.get("present_values")
            return Revision(
                case=case_id,
                number=number,
                path=mark.with_name(f"{number:04d}{LABEL_SUFFIX}"),
                author=content["author"],
                time=float(content["time"]),
                origin=content["origin"],
                run=content["run"],
                label_digest=content["label_digest"],
                image_digest=content["image_digest"],
                image_stamps=tuple((int(s), int(m)) for s, m in content["image_stamps"]),
                source_name=source.get("name"),
                source_digest=source.get("digest"),
                known_values=known,
                present_values=known if present is None else tuple(int(value) for value in present),
                source_stamp=None if stamp is None else (int(stamp[0]), int(stamp[1])),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                f"the commit mark of revision {number} of {case_id!r} is damaged ({type(error).__name__}).",
                hint=_MEND,
                path=mark,
            ) from error

    def all(self, case_id: str) -> list[Revision]:
        """All committed revisions of a case, oldest first. Raises as `read`."""
        return [self.read(case_id, number) for number in self.numbers(case_id)]

    def whole(self, case_id: str) -> tuple[list[Revision], BadInput | None]:
        """The committed revisions of a case whose marks can be read, oldest first, and what is wrong with the newest
        other one. Raises ProtocolError when a newer version wrote one."""
        found: list[Revision] = []
        damage = None
        for number in self.numbers(case_id):
            try:
                found.append(self.read(case_id, number))
            except BadInput as error:
                damage = error
        return found, damage

    def latest(self, case_id: str) -> Revision | None:
        """The newest committed revision; None when there is none. Raises as `read`."""
        numbers = self.numbers(case_id)
        return self.read(case_id, numbers[-1]) if numbers else None

    def commit(
        self, revision: Mapping[str, Any], case_id: str, staged: Path, structures: Sequence[Structure]
    ) -> Revision:
        """Make the file `staged` (in the study's tmp/) the next revision of a case; it is moved.

        `revision` holds author, origin, run, label_digest, image_digest, image_stamps, source, present_values;
        `structures` are those that the label could show.
        Raises OSError; before the commit mark is there, nothing has changed for any reader.
        """
        folder = self._layout.revisions / case_id
        folder.mkdir(parents=True, exist_ok=True)
        number = max(self._files(case_id), default=0) + 1
        while not claim(staged, folder / f"{number:04d}{LABEL_SUFFIX}"):
            number += 1
        staged.unlink()
        # The number is ours alone from here on: nobody reuses one that a file has, committed or not.
        content = {
            "v": _SCHEMA,
            "case": case_id,
            "number": number,
            "time": time.time(),
            "structures": [{"name": s.name, "value": s.value} for s in structures],
            **revision,
        }
        write_json(folder / f"{number:04d}.json", content)
        return self.read(case_id, number)

    def stage(self) -> Path:
        """A free path for a label that is being written."""
        self._layout.tmp.mkdir(parents=True, exist_ok=True)
        return self._layout.tmp / f"{uuid.uuid4().hex}{LABEL_SUFFIX}"

    def clean(self, case_id: str) -> None:
        """Remove what writers that died have left: labels without a commit mark, old temporary files."""
        folder = self._layout.revisions / case_id
        for number, kinds in self._files(case_id).items():
            if ".json" not in kinds:
                _remove_if_old(folder / f"{number:04d}{LABEL_SUFFIX}")
        for place in (folder, self._layout.tmp, self._layout.own):
            if place.is_dir():
                for path in place.iterdir():
                    if path.is_file() and (place == self._layout.tmp or path.name.endswith(".tmp")):
                        _remove_if_old(path)

    def _files(self, case_id: str) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for name in names_in(self._layout.revisions / case_id):
            match = _NAME.fullmatch(name)
            if match:
                found.setdefault(int(match["number"]), set()).add(match["suffix"])
        return found


def missing_label(revision: Revision) -> BadInput:
    """What to say of a revision whose label file is gone."""
    return BadInput(
        f"the label of revision {revision.number} of {revision.case!r} is missing.",
        hint=_MEND,
        path=revision.path,
    )


def _remove_if_old(path: Path) -> None:
    """A writer on another machine may have lost its lock, not its life: what is fresh is left alone."""
    try:
        if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
            path.unlink()
    except FileNotFoundError:
        return
