"""How far a person has come with a case: hot spots seen, predictions rejected or accepted, time spent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput, ProtocolError

_SCHEMA = 1


@dataclass(frozen=True)
class Verdict:
    """A prediction rejected or accepted: of which run, by whom, when (UTC seconds), why."""

    run: str | None
    author: str
    time: float
    reason: str = ""


@dataclass(frozen=True)
class Review:
    """The review of one case. Hot spots are known by their number within the prediction of a run."""

    seen: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    rejected: tuple[Verdict, ...] = ()
    accepted: Verdict | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def total_seconds(self) -> float:
        """Time spent by everybody together."""
        return sum(self.seconds.values())

    def rejects(self, run: str | None) -> bool:
        """Whether the prediction of this run was rejected."""
        return any(verdict.run == run for verdict in self.rejected)

    def with_seen(self, run: str, hot_spots: Iterable[int]) -> Review:
        """After these hot spots of the run's prediction were looked at."""
        numbers = tuple(sorted({*self.seen.get(run, ()), *hot_spots}))
        return replace(self, seen={**self.seen, run: numbers})

    def with_rejected(self, verdict: Verdict) -> Review:
        """After a prediction was rejected; one accepted before no longer counts."""
        return replace(self, rejected=(*self.rejected, verdict), accepted=None)

    def with_accepted(self, verdict: Verdict) -> Review:
        """After a prediction was accepted."""
        return replace(self, accepted=verdict)

    def with_time(self, author: str, seconds: float) -> Review:
        """After `author` worked on the case for so long. Raises BadInput for a time that cannot be."""
        if not 0 <= seconds < float("inf"):
            raise BadInput(f"{seconds!r} seconds cannot be spent on a case.", hint="Use a number from 0 on.")
        return replace(self, seconds={**self.seconds, author: self.seconds.get(author, 0.0) + seconds})


def read_review(path: Path) -> Review:
    """The review at `path`, an empty one when there is no file.

    Raises BadInput when it is damaged, ProtocolError when a newer version wrote it.
    """
    if not path.exists():
        return Review()
    content = read_json(path)
    if isinstance(content, dict) and isinstance(content.get("v"), int) and content["v"] > _SCHEMA:
        raise ProtocolError(
            f"this review was written by a newer version (schema {content['v']}, known: {_SCHEMA}).",
            hint="Update this program to open it.",
            path=path,
        )
    try:
        accepted = content["accepted"]
        return Review(
            seen={run: tuple(int(n) for n in numbers) for run, numbers in content["seen"].items()},
            rejected=tuple(Verdict(**verdict) for verdict in content["rejected"]),
            accepted=None if accepted is None else Verdict(**accepted),
            seconds={author: float(seconds) for author, seconds in content["seconds"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"this review is damaged ({type(error).__name__}: {error}).",
            hint="Delete the file to begin the review of this case again; its labels are not touched.",
            path=path,
        ) from error


def write_review(path: Path, review: Review) -> None:
    """Write a review atomically. Raises OSError."""
    content: dict[str, Any] = {
        "v": _SCHEMA,
        "seen": {run: list(numbers) for run, numbers in review.seen.items()},
        "rejected": [vars(verdict) for verdict in review.rejected],
        "accepted": None if review.accepted is None else vars(review.accepted),
        "seconds": dict(review.seconds),
    }
    write_json(path, content)
