"""Labels into a study: checked first, then committed as a revision, then published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import suffix_of
from DualSSLSegLib.study.label_digests import LabelDigests
from DualSSLSegLib.study.layout import LABEL_SUFFIX, StudyLayout
from DualSSLSegLib.study.lock import StudyLock, monai_label_waits
from DualSSLSegLib.study.model import ORIGINS, Case, Revision, Structure
from DualSSLSegLib.study.pending_labels import read_pending
from DualSSLSegLib.study.published import final_files, is_kept, publish, put_aside
from DualSSLSegLib.study.records import Records, present_stamps
from DualSSLSegLib.study.revisions import Revisions, missing_label
from DualSSLSegLib.study.scan import stamps_of
from DualSSLSegLib.study.writing import CannotWrite, writing

if TYPE_CHECKING:
    import numpy as np

    from DualSSLSegLib.imaging.geometry import Grid


@dataclass(frozen=True)
class ForeignLabel:
    """A label file of another program that is no revision yet; `own` names its values where they are its own."""

    case: Case
    path: Path
    own: tuple[Structure, ...] | None = None


class Labelling:
    """The one place that writes revisions, labels/final and labels/original."""

    def __init__(
        self,
        layout: StudyLayout,
        lock: StudyLock,
        revisions: Revisions,
        records: Records,
        digests: LabelDigests,
    ) -> None:
        self._layout = layout
        self._lock = lock
        self._revisions = revisions
        self._records = records
        self._digests = digests

    def add(
        self,
        case: Case,
        source: np.ndarray | Path,
        structures: Sequence[Structure],
        *,
        author: str,
        origin: str,
        run: str | None,
        known_values: Sequence[int] | None,
        own: Callable[[], Mapping[str, tuple[Structure, ...]]],
        after: Callable[[], None],
    ) -> Revision:
        """Check, commit and publish one label, then call `after`, all under the lock.

        Nothing has changed when this raises BadInput or StudyBusy; should only the publishing fail, the error
        says that the label is kept. `known_values` as in Revision, all when None; `own` gives names and values of
        foreign files that have their own.
        """
        from DualSSLSegLib.study.label_check import checked_label

        if origin not in ORIGINS:
            raise BadInput(f"a label cannot come from {origin!r}.", hint=f"Use one of {', '.join(ORIGINS)}.")
        if not author.strip():
            raise BadInput("a label needs the name of its author.", hint="Say who made it.")
        label, grid = checked_label(case, source, structures)
        described = self._described(case, source if isinstance(source, Path) else None)
        described |= {"author": author.strip(), "origin": origin, "run": run}
        with self._lock, monai_label_waits(self._layout.monai_lock, wait_s=self._lock.wait_s):
            for path in self._foreign_files(case):
                self._import(ForeignLabel(case, path, own().get(case.id)), structures)
            revision = self._commit(case, label, grid, described, structures, known_values)
            try:
                self._put_in_force(revision)
                after()
            except BadInput as error:
                disk = isinstance(error, CannotWrite)
                raise (CannotWrite if disk else BadInput)(
                    f"the label is kept as revision {revision.number} of {case.id!r}, but the rest of the study "
                    f"could not follow: {error.message}",
                    hint="It follows with the next label; check the disk first." if disk else error.hint,
                    path=error.path,
                ) from error
        return revision

    def import_label(self, foreign: ForeignLabel, structures: Sequence[Structure]) -> Revision | None:
        """Keep a foreign label as a revision `imported`; None when the newest revision says the same already.

        The foreign file is left as it is. Raises BadInput when it is no label of the case.
        """
        with self._lock, monai_label_waits(self._layout.monai_lock, wait_s=self._lock.wait_s):
            return self._import(foreign, structures)

    def _foreign_files(self, case: Case) -> list[Path]:
        """Files of labels/final for a case whose content no revision keeps, as far as the marks of its revisions can
        be read: better one copy too many than one too few."""
        paths = self._final_files(case.id)
        kept = self._revisions.whole(case.id)[0] if paths else []
        return [path for path in paths if not is_kept(path, kept, self._digests)]

    def republish(self, case_id: str) -> bool:
        """Put the newest revision in force where labels/final shows an older one or none. Raises BadInput when it is
        damaged or its label is gone."""
        newest = self._revisions.latest(case_id)
        paths = self._final_files(case_id)
        if newest is None or any(is_kept(path, [newest], self._digests) for path in paths):
            return False
        if not newest.path.is_file():
            raise missing_label(newest)
        with self._lock, monai_label_waits(self._layout.monai_lock, wait_s=self._lock.wait_s):
            self._put_in_force(newest)
        return True

    def publish_prediction(self, case: Case, source: Path, structures: Sequence[Structure]) -> Path:
        """Make a prediction the newest one in labels/original. Raises BadInput when it is no label of the case."""
        from DualSSLSegLib.imaging.write import write_label
        from DualSSLSegLib.study.label_check import checked_label

        label, grid = checked_label(case, source, structures)
        target = self._layout.original / f"{case.id}{LABEL_SUFFIX}"
        with (
            self._lock,
            monai_label_waits(self._layout.monai_lock, wait_s=self._lock.wait_s),
            writing(target),
        ):
            if suffix_of(source) == LABEL_SUFFIX:
                publish(source, target, self._revisions.stage())
            else:
                converted = self._revisions.stage()
                try:
                    write_label(converted, label, grid)
                    publish(converted, target, self._revisions.stage())
                finally:
                    converted.unlink(missing_ok=True)
        return target

    def _import(self, foreign: ForeignLabel, structures: Sequence[Structure]) -> Revision | None:
        from DualSSLSegLib.study.label_check import checked_label

        case, path = foreign.case, foreign.path
        label, grid = read_pending(case, path, foreign.own, structures)
        try:
            newest = self._revisions.latest(case.id)
            if newest is not None and (checked_label(case, newest.path, structures)[0] == label).all():
                return None
        except BadInput:  # a damaged revision says nothing
            pass
        described = self._described(case, path) | {"author": "imported", "origin": "imported", "run": None}
        return self._commit(case, label, grid, described, structures)

    def _described(self, case: Case, source: Path | None) -> dict[str, Any]:
        described: dict[str, Any] = {"image_digest": self._records.digest(case)}
        described["image_stamps"] = present_stamps(case)
        if source is not None and source.is_file():
            from DualSSLSegLib.imaging.digest import file_digest

            stamp = stamps_of([source])[0]
            described["source"] = {"name": source.name, "digest": file_digest([source]), "stamp": stamp}
        return described

    def _commit(
        self,
        case: Case,
        label: np.ndarray,
        grid: Grid,
        described: Mapping[str, Any],
        structures: Sequence[Structure],
        known_values: Sequence[int] | None = None,
    ) -> Revision:
        from DualSSLSegLib.imaging.digest import file_digest
        from DualSSLSegLib.imaging.labels import present_values
        from DualSSLSegLib.imaging.write import write_label

        with writing(self._layout.revisions / case.id):
            self._revisions.clean(case.id)
            staged = self._revisions.stage()
            try:
                write_label(staged, label, grid)
                shown = present_values(label)
                facts = {**described, "label_digest": file_digest([staged]), "present_values": shown}
                known = [s for s in structures if known_values is None or s.value in (*known_values, *shown)]
                return self._revisions.commit(facts, case.id, staged, known)
            finally:
                staged.unlink(missing_ok=True)

    def _put_in_force(self, revision: Revision) -> None:
        target = self._layout.final / f"{revision.case}{LABEL_SUFFIX}"
        with writing(target):
            publish(revision.path, target, self._revisions.stage())
            for other in self._final_files(revision.case):
                if other != target:
                    put_aside(other, revision.path.parent, revision)

    def _final_files(self, case_id: str) -> list[Path]:
        return final_files(self._layout.final, case_id)
