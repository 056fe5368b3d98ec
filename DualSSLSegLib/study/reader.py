"""Looking at a study: its cases, labels, splits and status. Nothing here changes a label or the study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.adoption import own_names, scan_folders, training_labels
from DualSSLSegLib.study.case_index import CaseIndex
from DualSSLSegLib.study.drafts import Drafts
from DualSSLSegLib.study.label_digests import LabelDigests
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.model import Case, Problem, Revision, Structure
from DualSSLSegLib.study.pending_labels import PendingLabels
from DualSSLSegLib.study.predicted import PredictedScans
from DualSSLSegLib.study.records import CaseRecord, Records, image_unchanged, replaced_words
from DualSSLSegLib.study.reviews import Review, read_review
from DualSSLSegLib.study.revisions import Revisions, missing_label
from DualSSLSegLib.study.scan import Listing, list_cases
from DualSSLSegLib.study.splits import SplitTable, as_table
from DualSSLSegLib.study.status import CaseStatus, StudyStatus
from DualSSLSegLib.study.study_file import StudyFile, StudyStore
from DualSSLSegLib.study.surveyor import Surveyor

Progress = Callable[[int, int], None]


class StudyReader:
    """What can be asked of the study at `root`. Cases are given as an id or a Case.

    `content` stands in for study.json where a folder of another program can only be looked at.
    """

    def __init__(self, root: Path, content: StudyFile | None) -> None:
        self.layout = StudyLayout(root)
        self.drafts = Drafts(self.layout.drafts)
        self._store = StudyStore(self.layout.study_json, content)
        self._index = CaseIndex(root, self._walk)
        self._revisions = Revisions(self.layout)
        self._records = Records(self.layout)
        self._label_digests = LabelDigests(self.layout.label_digests)
        self._scans = PredictedScans(self.layout, self._records)
        self._pending = PendingLabels()
        self._known: dict[str, CaseStatus] = {}  # as the last `status` found them

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

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
        """The usable cases by id, in natural order.

        Headers are not read; a case is left out once `inspect` has found it unreadable.
        """
        found = dict(self._index.listing().cases)
        for case_id in self._records.unreadable_ids() & found.keys():
            record = self._records.read(found[case_id])
            if record is not None and record.unreadable:
                del found[case_id]
        return found

    def scan_paths(self) -> list[Path]:
        """Files and series folders of all scans, also of unreadable ones. Raises BadInput when the folder is gone."""
        return [path for case in self._index.listing().cases.values() for path in case.paths]

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
        chosen = [
            self._index.find(case) for case in (self._index.listing().cases if cases is None else cases)
        ]
        records = {}
        for done, case in enumerate(chosen):
            if report is not None:
                report(done, len(chosen))
            records[case.id] = self._records.inspect(case)
        if report is not None:
            report(len(chosen), len(chosen))
        return records

    def refuse(self, case: str | Case, reason: str) -> None:
        """Remember that the image of a case cannot be read; it fails in `status` until its file changes."""
        self._records.refuse(self._index.find(case), reason)

    def image_digest(self, case: str | Case) -> str:
        """The digest of a case's image, read once for every change of the file."""
        return self._records.digest(self._index.find(case))

    def prediction_fits(self, case: str | Case, run: str) -> bool:
        """Whether the image of a case is still the one that the run of this id predicted; it is read again when its
        files were written since. Raises BadInput when it is gone."""
        return self._scans.fits(self._index.find(case), run)

    def problems(self) -> list[Problem]:
        """Everything in the study that cannot be used, with why: `for path, reason, cases in study.problems()`."""
        return list(self.status().problems)

    def status(self) -> StudyStatus:
        """Where every case stands, from the files as they are now."""
        self.refresh()
        self._pending.begin()
        self._scans.begin()
        imports = training_labels(self.path, self._store.content)
        own: Mapping[str, tuple[Structure, ...]] | None = None

        def why_unreadable(case: Case, path: Path) -> str:
            nonlocal own
            if imports.get(case.id) == path:
                return self._pending.why_unreadable(case, path, None, self.structures)
            own = own_names(self.path, self._store.content) if own is None else own
            return self._pending.why_unreadable(case, path, own.get(case.id), self.structures)

        status = Surveyor(
            self.layout,
            self._store.content,
            self._index.listing(),
            self._revisions,
            self._records,
            self._label_digests,
            self._scans,
            drafts=self.drafts.ids(),
            imports=imports,
            why_unreadable=why_unreadable,
            known=self._known,
        ).status()
        self._label_digests.save()
        self._known = {case.id: case for case in status.cases}
        return status

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
        if not revision.path.is_file():
            raise missing_label(revision)
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

    def labelled_before(self, cases: Iterable[str] | None = None) -> dict[str, list[str]]:
        """Structures that were added after cases had been labelled, each with those cases (of `cases`, all when
        not given): in their newest labels it can only be background, whatever the scan shows."""
        asked = self.cases() if cases is None else cases
        found: dict[str, list[str]] = {}
        started = set(self._revisions.cases())
        for case in asked:
            newest = self._revisions.latest(case) if case in started else None
            if newest is None or not newest.trains:
                continue
            for structure in self.structures:
                if structure.value not in newest.known_values:
                    found.setdefault(structure.name, []).append(case)
        return found

    @property
    def splits(self) -> SplitTable:
        """The cases of each frozen split."""
        return as_table(self._store.content.splits)

    def split(self, case: str | Case) -> str:
        """ "train", "validation" or "test"; a case that was never put anywhere may train."""
        entry = self._store.content.splits.get(self._id(case))
        return entry.split if entry else "train"

    def review(self, case: str | Case) -> Review:
        """How far the review of a case has come; an empty one when it has not begun."""
        return read_review(self.layout.reviews / f"{self._id(case)}.json")

    def _walk(self, before: Listing | None) -> Listing:
        content = self._store.content
        return list_cases(
            self.path,
            folders=scan_folders(content),
            channels=content.channels,
            numbered=content.numbered_channels,
            before=before,
        )

    def _id(self, case: str | Case) -> str:
        return case.id if isinstance(case, Case) else self._index.find(case).id
