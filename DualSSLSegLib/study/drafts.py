"""Unfinished labels: kept between two sittings, never trained on, no revision yet."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from DualSSLSegLib.atomic import replace_file, replacing
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import SEGMENTATION_SUFFIX, stem_of, suffix_of
from DualSSLSegLib.study.layout import LABEL_SUFFIX, names_in
from DualSSLSegLib.study.writing import writing

_SUFFIXES = (SEGMENTATION_SUFFIX, LABEL_SUFFIX)


class Drafts:
    """One draft per case, as .seg.nrrd, which keeps what Slicer's editor knows, or .nii.gz."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> set[str]:
        """The cases that have a draft."""
        return {stem_of(name) for name in names_in(self._folder) if suffix_of(name) in _SUFFIXES}

    def path(self, case_id: str) -> Path | None:
        """The draft of a case; None when there is none. Raises OSError when the drive does not tell."""
        written: dict[Path, int] = {}
        for path in self._candidates(case_id):
            with suppress(FileNotFoundError):
                written[path] = path.stat().st_mtime_ns
        return max(written, key=lambda path: written[path], default=None)

    def save(self, case_id: str, source: Path | Callable[[Path], None], *, suffix: str | None = None) -> Path:
        """Keep `source` as the draft of a case in the place of an older one; returns its path.

        `source` is a file that is copied, or a function that writes to the path it is given, whose ending is
        `suffix` (that of the file when not given; .seg.nrrd for a function). Raises BadInput for an ending
        that is no label's and for a study that cannot be written.
        """
        if suffix is None:
            suffix = suffix_of(source) if isinstance(source, Path) else SEGMENTATION_SUFFIX
        if suffix not in _SUFFIXES:
            raise BadInput(
                "a draft of this kind cannot be kept.",
                hint=f"Use {' or '.join(_SUFFIXES)}.",
                path=source if isinstance(source, Path) else None,
            )
        target = self._folder / f"{case_id}{suffix}"
        with writing(target):
            with replacing(target, suffix) as temporary:
                if isinstance(source, Path):
                    shutil.copyfile(source, temporary)
                else:
                    source(temporary)
            for other in self._candidates(case_id):
                if other != target:
                    other.unlink(missing_ok=True)
        return target

    def put_aside(self, case_id: str) -> Path:
        """Move the draft of a case to aside/ where it is no draft any more; its new path.

        Raises BadInput when there is none and when the study cannot be written.
        """
        path = self.path(case_id)
        if path is None:
            raise BadInput(f"there is no unfinished work on {case_id!r}.", path=self._folder)
        aside = self._folder / "aside"
        stamp = time.strftime("%Y%m%dT%H%M%S")
        target = aside / f"{case_id}-{stamp}{suffix_of(path)}"
        with writing(target):
            aside.mkdir(parents=True, exist_ok=True)
            replace_file(path, target)
            for other in (*self._candidates(case_id), self._folder / f"{case_id}.json"):
                other.unlink(missing_ok=True)
        return target

    def discard(self, case_id: str) -> None:
        """Remove the draft of a case, if there is one. Raises BadInput when the study cannot be written."""
        for path in (*self._candidates(case_id), self._folder / f"{case_id}.json"):
            with writing(path):
                path.unlink(missing_ok=True)

    def _candidates(self, case_id: str) -> list[Path]:
        return [self._folder / f"{case_id}{suffix}" for suffix in _SUFFIXES]
