"""Where everything lies in a study folder. Every file name of ours is written here once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.give_way import give_way

OWN_FOLDER = ".dualsslseg"
LABELS_FOLDER = "labels"
SEGMENTED_FOLDER = "segmented"
LABEL_SUFFIX = ".nii.gz"


@dataclass(frozen=True)
class StudyLayout:
    """The paths of the study at the absolute path `root`. Nothing is created or read here."""

    root: Path

    @property
    def own(self) -> Path:
        return self.root / OWN_FOLDER

    @property
    def study_json(self) -> Path:
        return self.own / "study.json"

    @property
    def records(self) -> Path:
        """One JSON per case whose header or content has been read."""
        return self.own / "cases"

    @property
    def unreadable(self) -> Path:
        """Records of scans that could not be read; apart, so that a listing opens only these few."""
        return self.records / "unreadable"

    @property
    def label_digests(self) -> Path:
        """Digests of files in labels/final whose size and time do not say which revision they are."""
        return self.own / "label_digests.json"

    @property
    def revisions(self) -> Path:
        return self.own / "labels"

    @property
    def drafts(self) -> Path:
        return self.own / "drafts"

    @property
    def reviews(self) -> Path:
        return self.own / "reviews"

    @property
    def tmp(self) -> Path:
        return self.own / "tmp"

    @property
    def lock(self) -> Path:
        return self.own / "lock"

    @property
    def runs(self) -> Path:
        return self.own / "runs"

    @property
    def editor_lock(self) -> Path:
        """Locked by the window in which the study is edited; who that is stands in `editor`."""
        return self.own / "editor.lock"

    @property
    def editor(self) -> Path:
        return self.own / "editor.json"

    @property
    def cache(self) -> Path:
        return self.own / "cache"

    @property
    def final(self) -> Path:
        return self.root / LABELS_FOLDER / "final"

    @property
    def original(self) -> Path:
        return self.root / LABELS_FOLDER / "original"

    @property
    def monai_lock(self) -> Path:
        return self.root / ".lock"

    def run_inputs(self, run: str) -> Path:
        """What the run of this id was given."""
        return self.runs / run / "inputs.json"

    def prediction_mark(self, run: str, case_id: str) -> Path:
        """The facts of a prediction, which say that it is whole."""
        return self.runs / run / "predictions" / f"{case_id}.json"

    def prediction_marks(self) -> Iterator[Path]:
        """The folders in which finished predictions of runs lie, newest run first."""
        for run in sorted(names_in(self.runs), reverse=True):
            if (self.runs / run / "predictions").is_dir():
                yield self.runs / run / "predictions"


def holds_results(folder: Path) -> bool:
    """Whether a folder holds the label maps of a `segment` command, which are no scans."""
    return (folder / OWN_FOLDER / SEGMENTED_FOLDER).is_dir()


def study_around(folder: Path) -> Path | None:
    """The study that a folder is, or lies in; None when it is in none."""
    places = (folder.resolve(), *folder.resolve().parents)
    return next((place for place in places if StudyLayout(place).study_json.is_file()), None)


def names_in(folder: Path) -> list[str]:
    """Names of everything in a folder that is not hidden; a missing folder has nothing."""
    try:
        with os.scandir(folder) as entries:
            give_way()
            return [entry.name for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
