"""Which cases are kept for validation: frozen when they are labelled, before anything was trained on them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.study_file import SPLITS, SplitEntry

FIRST_FROZEN = 8
"""Below this number of labelled cases none is held back."""
EVERY = 5
POLICY, USER = "policy", "user"


@dataclass(frozen=True)
class SplitTable:
    """The cases of each split, as far as they are frozen; a case that is in none may train."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    set_by_user: tuple[str, ...]


def frozen_for(labelled: int) -> int:
    """How many of the first `labelled` cases the policy keeps for validation: the 8th, 13th, 18th, ..."""
    return 0 if labelled < FIRST_FROZEN else 1 + (labelled - FIRST_FROZEN) // EVERY


def with_newly_labelled(
    splits: Mapping[str, SplitEntry], labelled: Iterable[str], trained: Callable[[], set[str]]
) -> dict[str, SplitEntry]:
    """The splits after every case of `labelled`, in the order it was labelled, has got its place.

    A case keeps the place it has. Where a person has chosen validation cases, the policy adds none. A case
    that was trained on already (`trained`, asked only when needed, and once) is passed over for the next one.
    """
    trained = functools.cache(trained)  # it reads the inputs of every run
    result = dict(splits)
    chosen = any(e.by == USER and e.split == "validation" for e in result.values())
    for case in labelled:
        if case in result:
            continue
        by_policy = [e for e in result.values() if e.by == POLICY]
        kept = sum(e.split == "validation" for e in by_policy)
        freeze = not chosen and kept < frozen_for(len(by_policy) + 1) and case not in trained()
        result[case] = SplitEntry("validation" if freeze else "train", POLICY)
    return result


def with_set(splits: Mapping[str, SplitEntry], cases: Iterable[str], split: str) -> dict[str, SplitEntry]:
    """The splits after a person has put `cases` into `split`. Raises BadInput for an unknown split."""
    if split not in SPLITS:
        raise BadInput(f"there is no split {split!r}.", hint=f"Use one of {', '.join(SPLITS)}.")
    return {**splits, **{case: SplitEntry(split, USER) for case in cases}}


def as_table(splits: Mapping[str, SplitEntry]) -> SplitTable:
    """The splits as lists of cases."""
    names = {split: tuple(case for case, e in splits.items() if e.split == split) for split in SPLITS}
    user = tuple(case for case, e in splits.items() if e.by == USER)
    return SplitTable(names["train"], names["validation"], names["test"], user)
