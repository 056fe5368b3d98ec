"""Judging every case of a study from the files as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.give_way import give_way
from DualSSLSegLib.study.label_digests import LabelDigests
from DualSSLSegLib.study.layout import StudyLayout, names_in
from DualSSLSegLib.study.model import Case, Problem, Revision
from DualSSLSegLib.study.predicted import PredictedScans
from DualSSLSegLib.study.published import is_kept, label_files, labelled_cases
from DualSSLSegLib.study.records import Records, image_unchanged, replaced_words
from DualSSLSegLib.study.reviews import Review, read_review
from DualSSLSegLib.study.revisions import Revisions, missing_label
from DualSSLSegLib.study.scan import Listing, natural_order, stamps_of
from DualSSLSegLib.study.status import CaseStatus, StudyStatus
from DualSSLSegLib.study.study_file import StudyFile

_READ_AT_MOST = 256 << 20
"""Bytes of images whose time has changed that one status reads again; more are left for when they are used."""


class Surveyor:
    """Collects what lies in the study folder, each folder listed once, and judges case by case.

    `known`: what an earlier look found. A case that stands as it did keeps that object: ten thousand new ones at
    every look would keep Python's garbage collection busy, and with it everything else.
    """

    def __init__(
        self,
        layout: StudyLayout,
        content: StudyFile,
        listing: Listing,
        revisions: Revisions,
        records: Records,
        digests: LabelDigests,
        scans: PredictedScans,
        *,
        drafts: set[str],
        imports: Mapping[str, Path],
        why_unreadable: Callable[[Case, Path], str],
        known: Mapping[str, CaseStatus],
    ) -> None:
        self._layout = layout
        self._content = content
        self._listing = listing
        self._revisions = revisions
        self._records = records
        self._digests = digests
        self._scans = scans
        self._drafts = drafts
        self._imports = imports
        self._why_unreadable = why_unreadable
        self._known = known
        self._problems = list(listing.problems)
        self._bytes_left = _READ_AT_MOST
        self._with_revisions = set(revisions.cases())
        self._final = label_files(layout.final)
        self._predicted = self._predictions()
        self._reviewed = {name[:-5] for name in names_in(layout.reviews) if name.endswith(".json")}

    def status(self) -> StudyStatus:
        """Judge every case."""
        unreadable = self._unreadable()
        cases = []
        for case in self._listing.cases.values():
            give_way()
            problem = unreadable.get(case.id)
            now = self._failed(case.id, problem) if problem else self._judge(case)
            before = self._known.get(case.id)
            cases.append(before if before == now else now)
        if self._listing.refused:
            cases += [self._failed(case_id, reason) for case_id, reason in self._listing.refused.items()]
            cases.sort(key=lambda case: natural_order(case.id))
        self._orphans()
        return StudyStatus(
            path=self._layout.root,
            structures=self._content.table.structures,
            channels=self._content.channels,
            cases=tuple(cases),
            problems=tuple(self._problems),
            runs=tuple(sorted(names_in(self._layout.runs), reverse=True)),
        )

    def _judge(self, case: Case) -> CaseStatus:
        revisions: Sequence[int] = ()
        newest: Revision | None = None
        pending = predicted = False
        try:
            if case.id in self._with_revisions:
                revisions = self._revisions.numbers(case.id)
                newest = self._revisions.read(case.id, revisions[-1]) if revisions else None
            pending = self._pending(case, newest)
            problem = self._why_unusable(case, newest)
            predicted = not problem and self._has_prediction(case)
        except DualSSLSegError as error:
            problem = str(error)
        except OSError as error:  # gone since the folder was listed
            problem = f"its files cannot be opened ({error.strerror or error})."
        if problem:
            self._problems.append(Problem(case.paths[0], problem, (case.id,)))
            return self._failed(case.id, problem, revisions=len(revisions), newest=newest)
        draft = case.id in self._drafts
        review = self._review(case.id)
        waits = predicted and not review.rejects(self._predicted[case.id])
        if draft:
            state = "in_progress"
        elif pending or (newest is not None and newest.trains):
            state = "labelled"
        elif newest is not None:
            state = "reviewed"
        else:
            state = "predicted" if waits else "new"
        return CaseStatus(
            id=case.id,
            state=state,
            revisions=len(revisions),
            origin="imported" if pending else newest.origin if newest else None,
            author=newest.author if newest and not pending else None,
            time=newest.time if newest and not pending else None,
            split=self._split(case.id),
            predicted=predicted,
            draft=draft,
            pending=pending,
            present_values=newest.present_values if newest and not pending else (),
            seconds=review.total_seconds,
        )

    def _failed(
        self, case_id: str, problem: str, *, revisions: int = 0, newest: Revision | None = None
    ) -> CaseStatus:
        if not revisions and case_id in self._with_revisions:
            revisions = len(self._revisions.numbers(case_id))
        return CaseStatus(
            id=case_id,
            state="failed",
            revisions=revisions,
            origin=newest.origin if newest else None,
            author=newest.author if newest else None,
            time=newest.time if newest else None,
            split=self._split(case_id),
            predicted=case_id in self._predicted,
            draft=case_id in self._drafts,
            problem=problem,
            present_values=newest.present_values if newest else (),
            seconds=self._review(case_id).total_seconds,
        )

    def _review(self, case_id: str) -> Review:
        if case_id not in self._reviewed:
            return Review()
        path = self._layout.reviews / f"{case_id}.json"
        try:
            return read_review(path)
        except DualSSLSegError as error:
            self._problems.append(Problem(path, f"{error.message} {error.hint}".strip(), (case_id,)))
            return Review()

    def _pending(self, case: Case, newest: Revision | None) -> bool:
        """Whether a label of another program waits for a case. Those that cannot be read become problems."""
        waiting = []
        if newest is None and case.id in self._imports:
            waiting.append(self._imports[case.id])
        for path in self._final.get(case.id, []):
            kept = newest is not None and (
                is_kept(path, [newest], self._digests)
                or is_kept(path, self._revisions.all(case.id), self._digests)
            )
            if not kept:
                waiting.append(path)
        readable = False
        for path in waiting:
            reason = self._why_unreadable(case, path)
            if reason:
                self._problems.append(Problem(path, f"this label cannot be used: {reason}", (case.id,)))
            readable = readable or not reason
        return readable

    def _why_unusable(self, case: Case, newest: Revision | None) -> str:
        """Why a case with this newest revision cannot be used, "" when it can."""
        if newest is None:
            return ""
        if not newest.path.is_file():
            return str(missing_label(newest))
        same = image_unchanged(case, newest, self._records, read_at_most=self._bytes_left)
        if same is None:
            return ""
        if not same:
            return replaced_words(newest)
        stamps = stamps_of(case.paths)
        if stamps != newest.image_stamps:
            self._bytes_left -= sum(size for size, _ in stamps)
        return ""

    def _has_prediction(self, case: Case) -> bool:
        """Whether the scan as it is now has a prediction; of other programs' nobody knows what they were made on."""
        if case.id not in self._predicted:
            return False
        run = self._predicted[case.id]
        return run is None or self._scans.fits(case, run, sparing=True)

    def _unreadable(self) -> dict[str, str]:
        found = {}
        for case_id in self._records.unreadable_ids():
            case = self._listing.cases.get(case_id)
            record = self._records.read(case) if case else None
            if case and record and record.unreadable:
                found[case_id] = record.unreadable
                self._problems.append(Problem(case.paths[0], record.unreadable, (case_id,)))
        return found

    def _orphans(self) -> None:
        known = self._listing.cases.keys() | self._listing.refused.keys()
        for case_id in sorted(self._with_revisions - known, key=natural_order):
            if self._revisions.numbers(case_id):
                reason = "there are labels for this case, but its scan is gone; put the scan back."
                self._problems.append(Problem(self._layout.revisions / case_id, reason, (case_id,)))
        for case_id in sorted(self._final.keys() - known - self._with_revisions, key=natural_order):
            reason = f"there is no scan {case_id!r} for this label; rename it after its scan."
            self._problems.append(Problem(self._final[case_id][0], reason))

    def _predictions(self) -> dict[str, str | None]:
        """The predicted cases with the newest run that predicted them; None for what other programs predicted."""
        found: dict[str, str | None] = {}
        for folder in self._layout.prediction_marks():
            for name in names_in(folder):
                if name.endswith(".json"):
                    found.setdefault(name[:-5], folder.parent.name)
        return dict.fromkeys(labelled_cases(self._layout.original)) | found

    def _split(self, case_id: str) -> str:
        entry = self._content.splits.get(case_id)
        return entry.split if entry else "train"
