"""Whether a prediction still belongs to its scan: by now another one may lie there under the same name."""

from __future__ import annotations

from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.model import Case, Stamps
from DualSSLSegLib.study.records import Records, present_stamps
from DualSSLSegLib.study.scan import stamps_of

_READ_AT_MOST = 256 << 20
"""Bytes of scans whose time has changed that one look at the study reads again; more are left for when they count."""


class PredictedScans:
    """Compares the scans of a study with those that its runs predicted: by the size and time that a run froze in its
    inputs, else by the digest in the facts of the prediction. What was found to fit is not looked at again."""

    def __init__(self, layout: StudyLayout, records: Records) -> None:
        self._layout = layout
        self._records = records
        self._frozen: dict[str, dict[str, Stamps]] = {}  # of each run, by case
        self._fitting: dict[str, tuple[str, Stamps]] = {}  # by case: run, and the scan that it fits
        self._bytes_left = _READ_AT_MOST

    def begin(self) -> None:
        """Another look at the study begins: forget what the runs froze, which is large, and read again that much."""
        self._frozen = {}
        self._bytes_left = _READ_AT_MOST

    def fits(self, case: Case, run: str, *, sparing: bool = False) -> bool:
        """Whether the scan is still the one that the run `run` (its id) predicted.

        Predictions of older versions hold no digest; of them only the grid can be compared. With `sparing` a scan that
        would take long to read again is taken for the one predicted. Raises BadInput when the scan is gone.
        """
        stamps = present_stamps(case)
        if self._fitting.get(case.id) == (run, stamps):
            return True
        frozen = self._of_run(run).get(case.id)
        if frozen != stamps:
            if sparing and self._takes_long(case, run, stamps, frozen):
                return True
            if not self._same_content(case, run):
                return False
        self._fitting[case.id] = (run, stamps)
        return True

    def _of_run(self, run: str) -> dict[str, Stamps]:
        known = self._frozen  # another thread may begin anew meanwhile
        if run not in known:
            known[run] = _frozen_stamps(self._layout, run)
        return known[run]

    def _takes_long(self, case: Case, run: str, stamps: Stamps, frozen: Stamps | None) -> bool:
        if frozen is None:
            # of an older version: only a scan that was written after its prediction is worth opening
            try:
                ((_, predicted),) = stamps_of([self._layout.prediction_mark(run, case.id)])
            except OSError:
                return True
            return max(mtime for _, mtime in stamps) <= predicted
        known = self._records.read(case)
        if known is not None and known.digest:
            return False
        size = sum(size for size, _ in stamps)
        if size > self._bytes_left:
            return True
        self._bytes_left -= size
        return False

    def _same_content(self, case: Case, run: str) -> bool:
        try:
            facts = read_json(self._layout.prediction_mark(run, case.id))
            digest, grid = facts.get("image_digest"), facts.get("grid")
        except (BadInput, AttributeError):
            return True  # damaged: whoever opens the prediction is told
        if digest:
            return bool(self._records.digest(case) == digest)
        return not grid or _same_grid(case, grid)


def _same_grid(case: Case, predicted: Any) -> bool:
    from DualSSLSegLib.imaging.geometry import Grid
    from DualSSLSegLib.imaging.read import read_grid

    try:
        return read_grid(case.paths[0]).same_as(Grid(tuple(predicted["shape"]), predicted["affine"]))
    except (BadInput, KeyError, TypeError, ValueError):
        return False


def _frozen_stamps(layout: StudyLayout, run: str) -> dict[str, Stamps]:
    """Size and time of the scans when a run was asked for; of older versions and damaged runs nothing is known."""
    try:
        rows = read_json(layout.run_inputs(run))["cases"]
        return {
            row["id"]: tuple((int(size), int(mtime)) for size, mtime in row["image_stamps"])
            for row in rows
            if row.get("image_stamps")
        }
    except (BadInput, KeyError, TypeError, ValueError, AttributeError):
        return {}
