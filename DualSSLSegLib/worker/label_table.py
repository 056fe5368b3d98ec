"""The label table of a run: label values of files, class indices of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from DualSSLSegLib.errors import BadInput


@dataclass(frozen=True)
class LabelStructure:
    """A row of the label table as the worker knows it: the class index is its place in the table plus one."""

    name: str
    value: int
    color: str
    codes: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "color": self.color, "codes": self.codes}


def structures_from(rows: Sequence[Mapping[str, Any]]) -> tuple[LabelStructure, ...]:
    """The label table of a spec or a model. Raises BadInput when it is empty or a value is met twice."""
    table = tuple(
        LabelStructure(
            name=row["name"],
            value=int(row["value"]),
            color=row.get("color", "#808080"),
            codes=row.get("codes"),
        )
        for row in rows
    )
    if not table:
        raise BadInput("the run knows no structures.", hint="Give the study at least one label.")
    if len({row.value for row in table}) != len(table):
        raise BadInput("two structures share one value.", hint="Give every structure a value of its own.")
    return table


def to_class_indices(label: np.ndarray, structures: Sequence[LabelStructure]) -> np.ndarray:
    """Label values (any shape, uint8) to class indices 0..K-1, uint8. Values must be known already."""
    index_of = np.zeros(256, dtype=np.uint8)
    for index, structure in enumerate(structures, 1):
        index_of[structure.value] = index
    return index_of[label]


def to_label_values(classes: np.ndarray, structures: Sequence[LabelStructure]) -> np.ndarray:
    """Class indices 0..K-1 to the label values of the table, uint8."""
    value_of = np.array([0, *(structure.value for structure in structures)], dtype=np.uint8)
    return value_of[classes]


def unknown_classes(
    known_values: Sequence[int] | None, structures: Sequence[LabelStructure]
) -> tuple[int, ...]:
    """Class indices of the structures that a label is older than; none when it could show all of them."""
    if known_values is None:
        return ()
    return tuple(index for index, row in enumerate(structures, 1) if row.value not in known_values)
