"""A study: a folder of scans in place, and what is known about them in one dot-folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.adoption import (
    adopted_file,
    foreign_labels,
    is_foreign,
    own_names,
    scan_folders,
    training_labels,
)
from DualSSLSegLib.study.case_index import CaseIndex
from DualSSLSegLib.study.drafts import Drafts
from DualSSLSegLib.study.labelling import Labelling, Reconciled, reconcile
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.lock import WAIT_S, StudyLock
from DualSSLSegLib.study.model import Case, LabelTable, Problem, Revision, Structure
from DualSSLSegLib.study.records import CaseRecord, Records
from DualSSLSegLib.study.reviews import Review, read_review, write_review
from DualSSLSegLib.study.revisions import Revisions
from DualSSLSegLib.study.scan import Listing, list_cases
from DualSSLSegLib.study.splits import SplitTable, as_table, with_newly_labelled, with_set
from DualSSLSegLib.study.status import StudyStatus, Surveyor, image_unchanged, replaced_words
from DualSSLSegLib.study.study_file import StudyFile, StudyStore, checked_channels
from DualSSLSegLib.study.trained import trained_cases
from DualSSLSegLib.study.writing import ReadOnlyStudy, writing

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[int, int], None]


class StudyFolder:
    """The study in one folder. Make it with `create` or `open`.

    Cases are given as an id or a Case. Every writing method takes the study's lock (StudyBusy when another
    program keeps it) and raises BadInput for input that cannot be used and for a folder that cannot be
    written; then nothing has changed.
    """

    def __init__(self, root: Path, content: StudyFile | None, *, wait_s: float = WAIT_S) -> None:
        self.layout = StudyLayout(root)
        self._store = StudyStore(self.layout.study_json, content)
        self._index = CaseIndex(root, self._walk)
        self.lock = StudyLock(self.layout.lock, wait_s=wait_s)
        self.drafts = Drafts(self.layout.drafts)
        self._revisions = Revisions(self.layout)
        self._records = Records(self.layout)
        self._labelling = Labelling(self.layout, self.lock, self._revisions, self._records)

    def __repr__(self) -> str:
        return f"StudyFolder({str(self.path)!r})"

    # ------------------------------------------------------------------------------------------- making one

    @classmethod
    def create(
        cls,
        path: str | Path,
        structures: Sequence[str | Structure] | None = None,
        channels: int | None = None,
        *,
        report: Progress | None = None,
        wait_s: float = WAIT_S,
    ) -> StudyFolder:
        """Make the folder of scans at `path` a study; scans and labels in it stay as they are.

        In a folder of MONAI Label or nnU-Net `structures` and `channels` may be left out; structures it knows
        keep their values and its labels become revisions `imported` (`report` gets how many of how many).
        Raises BadInput for a folder that is missing, a study already, or without scans.
        """
        root = _folder(path)
        layout = StudyLayout(root)
        content = adopted_file(root, structures, None if channels is None else checked_channels(channels))
        study = cls(root, content, wait_s=wait_s)
        found = study._index.listing()
        if not found.cases and not found.refused:
            raise BadInput(
                "no scans were found here (.nii.gz, .nii, .nrrd, .mha, or folders of DICOM files).",
                hint="Name the folder that holds the scans.",
                path=root,
            )
        with study.lock:
            if layout.study_json.exists():
                raise BadInput(
                    "this folder is a study already.",
                    hint="Open it; structures can be added to it.",
                    path=root,
                )
            study._store.save(content)
        study.reconcile(report)
        return study

    @classmethod
    def open(cls, path: str | Path, *, report: Progress | None = None, wait_s: float = WAIT_S) -> StudyFolder:
        """Open a study. A folder of MONAI Label or nnU-Net that was none becomes one, as with `create`; where
        it cannot be written it is shown without being changed.

        Raises BadInput when there is no such folder or no study in it, ProtocolError for one that a newer
        version wrote.
        """
        root = _folder(path)
        layout = StudyLayout(root)
        if layout.study_json.exists():
            study = cls(root, None, wait_s=wait_s)
            study._store.content  # noqa: B018 - says at once when it cannot be read
            return study
        if not is_foreign(root):
            raise BadInput(
                "this folder is not a study yet.",
                hint=f'Make it one first: dualsslseg init "{root}" --labels NAME,NAME',
                path=root,
            )
        try:
            return cls.create(root, report=report, wait_s=wait_s)
        except ReadOnlyStudy:
            return cls(root, adopted_file(root, None, None), wait_s=wait_s)

    # ------------------------------------------------------------------------------------------- looking

    @property
    def path(self) -> Path:
        """The folder of the study, absolute."""
        return self.layout.root

    @property
    def runs_dir(self) -> Path:
        return self.layout.runs

    @property
    def cache_dir(self) -> Path:
        return self.layout.cache

    @property
    def structures(self) -> tuple[Structure, ...]:
        """The structures by value; 0, the background, is not among them."""
        return self._store.content.table.structures

    @property
    def channels(self) -> int:
        """Files per case."""
        return self._store.content.channels

    def refresh(self) -> None:
        """Look at the folder again; scans that came or went since the first look are not seen before it."""
        self._index.refresh()

    def cases(self) -> dict[str, Case]:
        """The usable cases by id, in natural order. Headers are not read."""
        return dict(self._index.listing().cases)

    def case(self, case: str | Case) -> Case:
        """One case, with its spacing when its header was read before.

        Raises BadInput for an unknown id (naming similar ones) and for one that cannot be used (with why).
        """
        found = self._index.find(case)
        record = self._records.read(found)
        if record is not None and record.unreadable:
            raise BadInput(record.unreadable, path=found.paths[0])
        return replace(found, spacing_mm=record.spacing_mm) if record else found

    def inspect(
        self, cases: Iterable[str | Case] | None = None, report: Progress | None = None
    ) -> dict[str, CaseRecord]:
        """Read the headers of cases (all when not given) that were not read since they last changed.

        What is found (spacing, size, why a file is unreadable) is remembered; unreadable ones are among the
        `problems` and fail in `status` from then on.
        """
        chosen = [self._index.find(case) for case in (self.cases() if cases is None else cases)]
        records = {}
        for done, case in enumerate(chosen):
            if report is not None:
                report(done, len(chosen))
            records[case.id] = self._records.inspect(case)
        if report is not None:
            report(len(chosen), len(chosen))
        return records

    def image_digest(self, case: str | Case) -> str:
        """The digest of a case's image, read once for every change of the file."""
        return self._records.digest(self._index.find(case))

    def problems(self) -> list[Problem]:
        """Everything in the study that cannot be used, with why: `for path, reason, cases in study.problems()`."""
        return list(self.status().problems)

    def status(self) -> StudyStatus:
        """Where every case stands, from the files as they are now."""
        self.refresh()
        return Surveyor(
            self.layout,
            self._store.content,
            self._index.listing(),
            self._revisions,
            self._records,
            drafts=self.drafts.ids(),
            imports=training_labels(self.path, self._store.content),
        ).status()

    # ------------------------------------------------------------------------------------------- structures

    def add_structure(
        self, name: str, *, color: str | None = None, codes: dict[str, Any] | None = None
    ) -> Structure:
        """Add a structure; it gets the next value that was never used."""
        self._change(lambda table: table.added(name, color=color, codes=codes))
        return self._store.content.table.named(name)

    def rename_structure(self, name: str, new_name: str) -> Structure:
        """Rename a structure; its value, and so every label, stays as it is."""
        return self.change_structure(name, new_name=new_name)

    def change_structure(
        self,
        name: str,
        *,
        new_name: str | None = None,
        color: str | None = None,
        codes: dict[str, Any] | None = None,
    ) -> Structure:
        """Change name, colour or terminology codes of a structure; what is not given stays."""
        self._change(lambda table: table.changed(name, new_name=new_name, color=color, codes=codes))
        return self._store.content.table.named(new_name or name)

    # ------------------------------------------------------------------------------------------- labels

    def revisions(self, case: str | Case) -> list[Revision]:
        """The committed labels of a case, oldest first. Raises BadInput when one is damaged."""
        return self._revisions.all(self._id(case))

    def latest(self, case: str | Case) -> Revision | None:
        """The newest committed label of a case; None when there is none."""
        return self._revisions.latest(self._id(case))

    def usable_label(self, case: str | Case) -> Revision | None:
        """The newest label, proven fit for use: its file is intact and the image is the one it was drawn on.

        None when the case has no label. Raises BadInput for one that must not be used.
        """
        found = self.case(case)
        revision = self._revisions.latest(found.id)
        if revision is None:
            return None
        from DualSSLSegLib.imaging.digest import file_digest

        if file_digest([revision.path]) != revision.label_digest:
            raise BadInput(
                f"revision {revision.number} of {found.id!r} is damaged: its content has changed.",
                hint="Put it back from a backup, or label the case again.",
                path=revision.path,
            )
        if not image_unchanged(found, revision, self._records):
            raise BadInput(replaced_words(revision), path=found.paths[0])
        return revision

    def add_revision(
        self,
        case: str | Case,
        source: np.ndarray | str | Path,
        *,
        author: str,
        origin: str,
        run: str | None = None,
    ) -> Revision:
        """Commit a label: an array (X, Y, Z) on the grid of the image, or a label file of any kind.

        It is checked first; a foreign label of the case in labels/final is kept as `imported` first; then it
        is published there. A case labelled for the first time gets its place in the splits.
        """
        found = self.case(case)
        return self._labelling.add(
            found,
            Path(source) if isinstance(source, str) else source,
            self.structures,
            author=author,
            origin=origin,
            run=run,
            own=lambda: own_names(self.path, self._store.content),
            after=self._freeze_splits,
        )

    def publish_prediction(self, case: str | Case, source: str | Path) -> Path:
        """Make a prediction file the newest one of a case in labels/original; returns its path there."""
        return self._labelling.publish_prediction(self.case(case), Path(source), self.structures)

    def reconcile(self, report: Progress | None = None) -> Reconciled:
        """Bring labels/final and the revisions together: labels of other programs become revisions `imported`,
        and where labels/final shows less than the newest revision, that is published.

        Call it before labels are counted on, such as before a training. Foreign labels that cannot be read
        are left alone and named among the problems of the result.
        """
        cases = self.cases()
        foreign = foreign_labels(self.layout, self._store.content, cases, self._revisions)
        labelled = [case for case in self._revisions.cases() if case in cases]
        result = reconcile(self._labelling, foreign, labelled, self.structures, report)
        if result.imported:
            with self.lock:
                self._freeze_splits()
        return result

    # ------------------------------------------------------------------------------------------- splits

    @property
    def splits(self) -> SplitTable:
        """The cases of each frozen split."""
        return as_table(self._store.content.splits)

    def split(self, case: str | Case) -> str:
        """ "train", "validation" or "test"; a case that was never put anywhere may train."""
        entry = self._store.content.splits.get(self._id(case))
        return entry.split if entry else "train"

    def set_split(self, cases: Iterable[str | Case], split: str, *, force: bool = False) -> SplitTable:
        """Put cases into a split for good. Raises BadInput for unknown cases, and for cases that a run has
        trained on and that shall validate or test now, unless `force`: their score would not be honest."""
        ids = [self._index.find(case).id for case in cases]
        with_set({}, ids, split)
        if split != "train" and not force:
            seen = sorted(trained_cases(self.layout) & set(ids))
            if seen:
                raise BadInput(
                    f"{', '.join(seen[:8])} cannot be kept for {split}: a run has been trained on it.",
                    hint="Choose cases that no run has trained on.",
                    path=self.path,
                )
        with self.lock:
            content = self._store.content
            self._store.save(content.with_splits(with_set(content.splits, ids, split)))
        return self.splits

    # ------------------------------------------------------------------------------------------- reviews

    def review(self, case: str | Case) -> Review:
        """How far the review of a case has come; an empty one when it has not begun."""
        return read_review(self.layout.reviews / f"{self._id(case)}.json")

    def update_review(self, case: str | Case, change: Callable[[Review], Review]) -> Review:
        """Change the review of a case: `study.update_review(id, lambda r: r.with_time("Ada", 30))`."""
        path = self.layout.reviews / f"{self._index.find(case).id}.json"
        with self.lock, writing(path):
            review = change(read_review(path))
            write_review(path, review)
        return review

    # ------------------------------------------------------------------------------------------- within

    def _walk(self) -> Listing:
        content = self._store.content
        return list_cases(
            self.path,
            folders=scan_folders(content),
            channels=content.channels,
            numbered=content.numbered_channels,
        )

    def _id(self, case: str | Case) -> str:
        return case.id if isinstance(case, Case) else self._index.find(case).id

    def _change(self, change: Callable[[LabelTable], LabelTable]) -> None:
        with self.lock:
            content = self._store.content
            self._store.save(replace(content, table=change(content.table)))

    def _freeze_splits(self) -> None:
        """Give every labelled case that has none its place in the splits; for the holder of the lock."""
        content = self._store.content
        newest = [self._revisions.latest(c) for c in self._revisions.cases() if c not in content.splits]
        labelled = sorted((r.time, r.case) for r in newest if r is not None and r.trains)
        if labelled:
            ids = [case for _, case in labelled]
            splits = with_newly_labelled(content.splits, ids, lambda: trained_cases(self.layout))
            self._store.save(content.with_splits(splits))


def _folder(path: str | Path) -> Path:
    root = Path(path).expanduser().absolute()
    if not root.is_dir():
        reason = "this is a file, not a folder." if root.exists() else "this folder does not exist."
        raise BadInput(reason, hint="Name the folder that holds the scans.", path=root)
    return root
