"""The nouns of a study: structures and their values, cases, label revisions, problems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from DualSSLSegLib.errors import BadInput

ORIGINS = ("manual", "corrected", "accepted", "imported")
TRAINING_ORIGINS = ("manual", "corrected", "imported")
"""A model taught by its own accepted predictions learns its own mistakes, so those are not among them."""

HIGHEST_VALUE = 255
_NAME_LENGTH = 100
_PALETTE = (
    "#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#42d4f4", "#f032e6", "#bfef45",
    "#ffe119", "#469990", "#9a6324", "#fabed4", "#800000", "#aaffc3", "#808000", "#dcbeff",
)  # fmt: skip

Stamps = tuple[tuple[int, int], ...]
"""Size in bytes and modification time in ns of each file of a case: equal stamps mean unchanged content."""


@dataclass(frozen=True)
class Structure:
    """One thing to be segmented: `value` in label maps, `color` as "#rrggbb", terminology `codes` or None.

    `codes` maps "category", "type", "type_modifier", "region", "region_modifier" to
    {"scheme", "value", "meaning"}; only the ones that apply are there.
    """

    name: str
    value: int
    color: str
    codes: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The structure as JSON-able values."""
        codes = None if self.codes is None else dict(self.codes)
        return {"name": self.name, "value": self.value, "color": self.color, "codes": codes}


@dataclass(frozen=True)
class LabelTable:
    """The structures of a study in the order of their values; value 0 is the background and not listed.

    A value belongs to one structure for ever: it is never shifted, and `next_value` never goes back.
    """

    structures: tuple[Structure, ...]
    next_value: int

    @classmethod
    def of(cls, structures: Sequence[str | Structure]) -> LabelTable:
        """A table of new structures: plain names get the values 1, 2, ... in the order given.

        Raises BadInput for no, empty, repeated or reserved names, and for values or colours that cannot be.
        """
        table = cls((), 1)
        for item in structures:
            given = item if isinstance(item, Structure) else None
            name = item if isinstance(item, str) else item.name
            table = table.added(
                name,
                value=given.value if given else None,
                color=given.color if given else None,
                codes=given.codes if given else None,
            )
        if not table.structures:
            raise BadInput("a study needs at least one structure.", hint="Name them, such as: liver,tumour")
        return table

    def __iter__(self) -> Iterator[Structure]:
        return iter(self.structures)

    def __len__(self) -> int:
        return len(self.structures)

    def find(self, name: str) -> Structure | None:
        """The structure of that name, whatever its capitals; None when there is none."""
        wanted = _folded(name)
        return next((s for s in self.structures if _folded(s.name) == wanted), None)

    def named(self, name: str) -> Structure:
        """The structure of that name. Raises BadInput that lists the names there are."""
        found = self.find(name)
        if found is None:
            raise BadInput(
                f"this study has no structure {name!r}.", hint=f"It has {', '.join(s.name for s in self)}."
            )
        return found

    def added(
        self,
        name: str,
        *,
        value: int | None = None,
        color: str | None = None,
        codes: Mapping[str, Any] | None = None,
    ) -> LabelTable:
        """This table and one more structure, with the next free value unless one is given."""
        name = checked_name(name)
        if self.find(name) is not None:
            raise BadInput(
                f"the structure {name!r} is there twice.", hint="Give every structure its own name."
            )
        taken = {s.value for s in self.structures}
        value = self.next_value if value is None else value
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= HIGHEST_VALUE:
            raise BadInput(f"structure {name!r} cannot have the value {value!r}.", hint="Use 1 to 255.")
        if value in taken:
            raise BadInput(
                f"the value {value} of {name!r} belongs to another structure.", hint="Use a free one."
            )
        color = checked_color(color) if color else _PALETTE[(value - 1) % len(_PALETTE)]
        listed = sorted((*self.structures, Structure(name, value, color, codes)), key=lambda s: s.value)
        return LabelTable(tuple(listed), max(self.next_value, value + 1))

    def extended(self, rename: Sequence[tuple[str, str]], names: Sequence[str]) -> LabelTable:
        """This table with structures renamed (old, new), then with those of `names` added that are new."""
        table = self
        for old, new in rename:
            table = table.changed(old, new_name=new)
        for name in names:
            if table.find(name) is None:
                table = table.added(name)
        return table

    def changed(
        self,
        name: str,
        *,
        new_name: str | None = None,
        color: str | None = None,
        codes: Mapping[str, Any] | None = None,
    ) -> LabelTable:
        """This table with another name, colour or codes for one structure; its value stays."""
        old = self.named(name)
        new = old
        if new_name is not None:
            new = replace(new, name=checked_name(new_name))
            clash = self.find(new.name)
            if clash is not None and clash.value != old.value:
                raise BadInput(
                    f"the name {new.name!r} belongs to another structure.", hint="Use another name."
                )
        if color is not None:
            new = replace(new, color=checked_color(color))
        if codes is not None:
            new = replace(new, codes=codes)
        return replace(self, structures=tuple(new if s is old else s for s in self.structures))


def checked_name(name: str) -> str:
    """A structure's name without outer spaces. Raises BadInput when it cannot be one."""
    cleaned = unicodedata.normalize("NFC", str(name)).strip()
    if not cleaned or len(cleaned) > _NAME_LENGTH:
        raise BadInput(
            f"{name!r} cannot be the name of a structure.", hint=f"Use 1 to {_NAME_LENGTH} characters."
        )
    if any(unicodedata.category(character).startswith("C") for character in cleaned):
        raise BadInput(f"the name {name!r} holds characters that cannot be shown.", hint="Use plain text.")
    if _folded(cleaned) == "background":
        raise BadInput("'background' always has the value 0 and is not listed.", hint="Leave it out.")
    return cleaned


def checked_color(color: str) -> str:
    """A colour as "#rrggbb" in lower case. Raises BadInput for anything else."""
    if not isinstance(color, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise BadInput(f"{color!r} is not a colour.", hint="Write it as #rrggbb, such as #ff0000.")
    return color.lower()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


@dataclass(frozen=True)
class Case:
    """One scan of the study: absolute `paths`, one per channel, each a file or a DICOM series folder.

    `spacing_mm` is there when the header has been read before (`StudyFolder.inspect`).
    """

    id: str
    paths: tuple[Path, ...]
    spacing_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Revision:
    """One committed label of a case. `path` holds uint8 values of the study on the grid of the image.

    `label_digest` is that of the file, `image_digest` that of the image it was made on, `time` UTC seconds.
    `known_values`: the structures that the study had then, of an accepted prediction those that its model knew; a
    voxel of any other one says nothing here.
    `present_values`: those of them that the label really contains (`known_values` where that was not noted).
    """

    case: str
    number: int
    path: Path
    author: str
    time: float
    origin: str
    run: str | None
    label_digest: str
    image_digest: str
    image_stamps: Stamps = field(default=(), repr=False)
    source_name: str | None = None
    source_digest: str | None = None
    source_stamp: tuple[int, int] | None = field(default=None, repr=False)
    known_values: tuple[int, ...] = ()
    present_values: tuple[int, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether training uses it without being told to."""
        return self.origin in TRAINING_ORIGINS


class Problem(NamedTuple):
    """Something in the study that cannot be used: which file or folder, why, and the cases it concerns."""

    path: Path
    reason: str
    cases: tuple[str, ...] = ()


def named_paths(paths: Iterable[Path], root: Path) -> str:
    """File names as a person reads them: relative to the study where they lie in it."""
    shown = [path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path) for path in paths]
    return " and ".join(shown)
