"""The frozen list of cases of a run, as the worker reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import ProtocolError
from DualSSLSegLib.worker.session import Session

ROLES = ("labelled", "unlabelled", "accepted", "validation", "predict")


@dataclass(frozen=True)
class InputLabel:
    """The revision of a label that the run uses. `known_values`: the structures it could show; None for all of them."""

    path: Path
    revision: int | None
    digest: str | None
    known_values: tuple[int, ...] | None = None


@dataclass(frozen=True)
class InputCase:
    """A scan, one path per channel, and what it is for.

    Roles: labelled (trains with its label), unlabelled, accepted (a prediction somebody accepted; trains like an
    unlabelled scan and is not suggested again), validation (measures, never trains), predict (is predicted only).
    """

    id: str
    paths: tuple[Path, ...]
    role: str
    image_digest: str | None = None
    label: InputLabel | None = None


def cases_of(session: Session) -> list[InputCase]:
    """The cases of inputs.json. Raises ProtocolError when the list is not what it should be."""
    try:
        cases = [_case(row) for row in session.inputs["cases"]]
    except (KeyError, TypeError, ValueError) as error:
        text = f"the list of cases is not complete ({type(error).__name__}: {error})."
        raise ProtocolError(text, hint="Start a new run.", path=session.run.inputs_path) from error
    counts = Counter(case.id for case in cases)
    twice = [case for case, count in counts.items() if count > 1]
    if twice:
        raise ProtocolError(f"cases are listed twice: {', '.join(twice)}.", path=session.run.inputs_path)
    return cases


def with_role(cases: Sequence[InputCase], *roles: str) -> list[InputCase]:
    """The cases that have one of these roles, in order."""
    return [case for case in cases if case.role in roles]


def _case(row: Mapping[str, Any]) -> InputCase:
    role = row["role"]
    if role not in ROLES:
        raise ValueError(f"unknown role {role!r}")
    label = row.get("label")
    if role in ("labelled", "validation") and not label:
        raise ValueError(f"case {row['id']} is {role} but has no label")
    return InputCase(
        id=row["id"],
        paths=tuple(Path(path) for path in row["paths"]),
        role=role,
        image_digest=row.get("image_digest"),
        label=_label(label) if label else None,
    )


def _label(row: Mapping[str, Any]) -> InputLabel:
    known = tuple(int(value) for value in row.get("known_values") or ())
    return InputLabel(Path(row["path"]), row.get("revision"), row.get("digest"), known or None)
