"""Structures that were added after cases had been labelled: those labels say nothing of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from DualSSLSegLib.commands.screen import Screen

_CASES_NAMED = 8


def warn_of_later_structures(found: Mapping[str, Sequence[str]], screen: Screen) -> None:
    """Name each structure and the cases whose labels are older (see StudyReader.labelled_before)."""
    for structure, cases in found.items():
        more = f" and {len(cases) - _CASES_NAMED} more" if len(cases) > _CASES_NAMED else ""
        screen.warn(
            f"{structure} was added after these cases were labelled, so they teach nothing about it: "
            f"{', '.join(cases[:_CASES_NAMED])}{more}. Submit them again with {structure} drawn where it is visible."
        )
