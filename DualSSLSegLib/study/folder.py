"""A study: a folder of scans in place, and what is known about them in one dot-folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.adoption import adopted_file, foreign_labels, is_foreign, own_names
from DualSSLSegLib.study.labelling import Labelling
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.lock import WAIT_S, StudyLock
from DualSSLSegLib.study.model import Case, LabelTable, Revision, Structure
from DualSSLSegLib.study.reader import Progress, StudyReader
from DualSSLSegLib.study.reconciling import Reconciled, reconcile
from DualSSLSegLib.study.reviews import Review, read_review, write_review
from DualSSLSegLib.study.splits import SplitTable, with_newly_labelled, with_set
from DualSSLSegLib.study.study_file import StudyFile, checked_channels
from DualSSLSegLib.study.trained import trained_cases
from DualSSLSegLib.study.writing import ReadOnlyStudy, writing

if TYPE_CHECKING:
    import numpy as np


class StudyFolder(StudyReader):
    """The study in one folder. Make it with `create` or `open`; what can be asked of it is in StudyReader.

    Every writing method takes the study's lock (StudyBusy when another program keeps it) and raises BadInput for
    input that cannot be used and for a folder that cannot be written; then nothing has changed.
    """

    def __init__(self, root: Path, content: StudyFile | None, *, wait_s: float = WAIT_S) -> None:
        super().__init__(root, content)
        study_json = self.layout.study_json if content is None else None
        self.lock = StudyLock(self.layout.lock, study_json=study_json, wait_s=wait_s)
        self._labelling = Labelling(
            self.layout, self.lock, self._revisions, self._records, self._label_digests
        )

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
            if study._revisions.cases():
                raise BadInput(
                    "labels of a study lie here, but its study.json, which says what their values mean, is gone.",
                    hint="Put study.json back from a backup, or move the folder .dualsslseg away.",
                    path=layout.own,
                )
            study._store.save(content)
            study.lock.study_json = layout.study_json
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

    def change_structures(
        self, *, rename: Sequence[tuple[str, str]] = (), names: Sequence[str] = ()
    ) -> tuple[Structure, ...]:
        """Rename structures (old, new), then add those of `names` that are new, all or nothing. Returns the added.

        None is removed. Raises BadInput for an unknown or impossible name.
        """
        before = {structure.value for structure in self.structures}
        self._change(lambda table: table.extended(rename, names))
        return tuple(structure for structure in self.structures if structure.value not in before)

    def add_revision(
        self,
        case: str | Case,
        source: np.ndarray | str | Path,
        *,
        author: str,
        origin: str,
        run: str | None = None,
        known_values: Sequence[int] | None = None,
    ) -> Revision:
        """Commit a label: an array (X, Y, Z) on the grid of the image, or a label file of any kind.

        It is checked first; a foreign label of the case in labels/final is kept as `imported` first; then it
        is published there. A case labelled for the first time gets its place in the splits. `known_values`: the
        structures that whoever made it could have shown; all of the study when not given.
        """
        found = self.case(case)
        return self._labelling.add(
            found,
            Path(source) if isinstance(source, str) else source,
            self.structures,
            author=author,
            origin=origin,
            run=run,
            known_values=known_values,
            own=lambda: own_names(self.path, self._store.content),
            after=self._freeze_splits,
        )

    def publish_prediction(self, case: str | Case, source: str | Path) -> Path:
        """Make a prediction file the newest one of a case in labels/original; returns its path there."""
        return self._labelling.publish_prediction(self.case(case), Path(source), self.structures)

    def reconcile(self, report: Progress | None = None) -> Reconciled:
        """Bring labels/final and the revisions together: labels of other programs become revisions `imported`,
        and where labels/final shows less than the newest revision, that is published.

        Call it before labels are counted on, such as before a training. Foreign labels that cannot be read, and
        labels of cases with a damaged revision, are left alone and named among the problems of the result.
        """
        self.refresh()
        cases = self.cases()
        foreign, damaged = foreign_labels(
            self.layout, self._store.content, cases, self._revisions, self._label_digests
        )
        labelled = [case for case in self._revisions.cases() if case in cases]
        result = reconcile(self._labelling, foreign, labelled, self.structures, report, damaged)
        self._label_digests.save()
        for problem in result.problems:
            self._pending.remember(problem.path, self.structures, problem.reason)
        if result.imported:
            with self.lock:
                self._freeze_splits()
        return result

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

    def update_review(self, case: str | Case, change: Callable[[Review], Review]) -> Review:
        """Change the review of a case: `study.update_review(id, lambda r: r.with_time("Ada", 30))`."""
        path = self.layout.reviews / f"{self._index.find(case).id}.json"
        with self.lock, writing(path):
            review = change(read_review(path))
            write_review(path, review)
        return review

    def _change(self, change: Callable[[LabelTable], LabelTable]) -> None:
        with self.lock:
            content = self._store.content
            self._store.save(replace(content, table=change(content.table)))

    def _freeze_splits(self) -> None:
        """Give every labelled case that has none its place in the splits; for the holder of the lock."""
        content = self._store.content
        started = [case for case in self._revisions.cases() if case not in content.splits]
        newest = [revision for case in started for revision in self._revisions.whole(case)[0][-1:]]
        labelled = sorted((revision.time, revision.case) for revision in newest if revision.trains)
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
