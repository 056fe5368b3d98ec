"""What a folder made by another program says about itself, when it is opened as a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.model import HIGHEST_VALUE, LabelTable, Structure


@dataclass(frozen=True)
class Adopted:
    """A foreign folder: its layout as in `study.json`, its names and values, the labels that lie in it.

    `labels` maps a case to its label file; `own` maps a case to the names and values of that file where
    they are its own, so that it is read by name.
    """

    program: str
    layout: str = "plain"
    channels: int | None = None
    numbered_channels: bool = False
    structures: tuple[Structure, ...] = ()
    labels: dict[str, Path] = field(default_factory=dict)
    own: dict[str, tuple[Structure, ...]] = field(default_factory=dict)


def structures_of(pairs: Sequence[tuple[Any, Any]], source: Path) -> tuple[Structure, ...]:
    """Structures from (name, value) pairs of a foreign file; the background is left out.

    Raises BadInput that names `source` for values that are not whole numbers of 1 to 255, or are used twice.
    """
    table = LabelTable((), 1)
    for name, value in pairs:
        if isinstance(value, str) and value.strip().isdigit():
            value = int(value)
        if value == 0 or str(name).strip().casefold() == "background":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= HIGHEST_VALUE:
            raise BadInput(
                f"the structure {name!r} has the value {value!r}, only whole numbers from 1 to 255 can be used.",
                hint="Labels made of several values (regions) must be written as single structures first.",
                path=source,
            )
        try:
            table = table.added(str(name), value=value)
        except BadInput as error:
            raise BadInput(error.message, hint=error.hint, path=source) from error
    return table.structures


def joined(foreign: Sequence[Structure], wanted: Sequence[str | Structure] | None) -> LabelTable:
    """The label table for a foreign folder: its structures keep their values, further names get free ones.

    Raises BadInput when a wanted structure has a value that contradicts the folder's.
    """
    table = LabelTable.of(foreign) if foreign else LabelTable((), 1)
    for item in wanted or ():
        name = item if isinstance(item, str) else item.name
        known = table.find(name)
        if known is None:
            extra = item if isinstance(item, Structure) else Structure(name, table.next_value, "")
            table = table.added(extra.name, value=extra.value, color=extra.color or None, codes=extra.codes)
        elif isinstance(item, Structure):
            if item.value != known.value:
                raise BadInput(
                    f"{name!r} has the value {known.value} in the labels of this folder, not {item.value}.",
                    hint="Leave the values to the folder.",
                )
            table = table.changed(known.name, color=item.color or None, codes=item.codes)
    return table if len(table) else LabelTable.of(())
