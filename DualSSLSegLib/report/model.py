"""What a report says, apart from how it looks. Everything is text, numbers and finished drawings."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from DualSSLSegLib.report.case_picture import View
from DualSSLSegLib.report.charts import Dot, Series


@dataclass(frozen=True)
class Headline:
    """One of the numbers at the top."""

    value: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of a measure over the cases where it is defined; None when there are none."""

    mean: float | None
    sd: float | None
    number: int

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread:
        defined = [value for value in values if value is not None]
        if not defined:
            return cls(None, None, 0)
        deviation = statistics.stdev(defined) if len(defined) > 1 else None
        return cls(statistics.fmean(defined), deviation, len(defined))

    def text(self, digits: int) -> str:
        if self.mean is None:
            return "–"
        spread = "" if self.sd is None else f" ± {self.sd:.{digits}f}"
        return f"{self.mean:.{digits}f}{spread}"


@dataclass(frozen=True)
class StructureScore:
    """One structure after one round: overlap and distances over the cases of a group."""

    structure: str
    dice: Spread
    hd95_mm: Spread
    asd_mm: Spread
    missed: int
    false_alarms: int
    dice_per_case: tuple[float, ...]


@dataclass(frozen=True)
class Accuracy:
    """A group of cases with references ("40 scans kept out of training") and its scores, one row per round.

    A round lists the structures that it knows: one may have been added after it.
    """

    group: str
    explanation: str
    rounds: tuple[tuple[str, tuple[StructureScore, ...]], ...]


@dataclass(frozen=True)
class Curves:
    """One chart of a round."""

    title: str
    y_label: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Round:
    """One training: what went in, what came out, and its learning curves."""

    name: str
    facts: tuple[tuple[str, str], ...]
    curves: tuple[Curves, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UncertaintyCheck:
    """Does the program know where and when it is wrong? One dot per case, and the measured answers in words."""

    dots: tuple[Dot, ...]
    groups: tuple[str, ...]
    x_label: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Reliability:
    """Confidence (x) against the share of voxels that are right (y), 0..1, and what that means in words."""

    series: tuple[Series, ...]
    sentence: str


@dataclass(frozen=True)
class QueueEntry:
    """A scan that is suggested for review, and why."""

    place: int
    case: str
    score: float | None
    reason: str
    view: View | None = None


@dataclass(frozen=True)
class CaseCard:
    """The picture of one case with its numbers. `views` are the drawn planes; a case with one view is shown
    small.
    """

    case: str
    role: str
    views: tuple[View, ...]
    numbers: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The whole page, top to bottom. Empty parts are left out."""

    data: str
    generated: bool
    title: str
    summary: str
    headlines: tuple[Headline, ...]
    statements: tuple[str, ...]
    queue: tuple[QueueEntry, ...] = ()
    shadow: str = ""
    cards: tuple[CaseCard, ...] = ()
    gallery: tuple[CaseCard, ...] = ()
    gallery_note: str = ""
    accuracy: tuple[Accuracy, ...] = ()
    uncertainty: UncertaintyCheck | None = None
    reliability: Reliability | None = None
    rounds: tuple[Round, ...] = ()
    facts: tuple[tuple[str, str], ...] = field(default=())
    warnings: tuple[str, ...] = ()
