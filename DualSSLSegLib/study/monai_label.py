"""MONAI Label folders as studies, in place; `datastore_v2.json` is read and never written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.adopted import Adopted, structures_of
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.model import LabelTable, Structure
from DualSSLSegLib.study.published import label_files

_INDEX = "datastore_v2.json"
_FINAL = "final"


def read_monai_label(root: Path) -> Adopted | None:
    """What the folder at `root` says; None when MONAI Label never worked in it.

    Raises BadInput that names datastore_v2.json when that cannot be read.
    """
    labels = {case: paths[0] for case, paths in label_files(StudyLayout(root).final).items()}
    if not (root / _INDEX).is_file() and not labels:
        return None
    own = label_names(root)
    return Adopted(program="MONAI Label", structures=_together(own), labels=labels, own=own)


def label_names(root: Path) -> dict[str, tuple[Structure, ...]]:
    """Names and values of each final label, as far as MONAI Label has written them down."""
    source = root / _INDEX
    if not source.is_file():
        return {}
    return {case: structures_of(list(pairs), source) for case, pairs in _pairs(read_json(source), source)}


def _pairs(content: Any, source: Path) -> Iterator[tuple[str, list[tuple[Any, Any]]]]:
    try:
        for case, item in content.get("objects", {}).items():
            label = item.get("labels", {}).get(_FINAL)
            listed = (label or {}).get("info", {}).get("label_info") or []
            pairs = [(entry["name"], entry.get("idx", n)) for n, entry in enumerate(listed, start=1)]
            if pairs:
                yield case, pairs
    except (AttributeError, KeyError, TypeError) as error:
        raise BadInput(
            f"this index of MONAI Label is not understood ({type(error).__name__}: {error}).",
            hint="Start MONAI Label once on this folder so that it writes it anew, or move the file away.",
            path=source,
        ) from error


def _together(own: Mapping[str, tuple[Structure, ...]]) -> tuple[Structure, ...]:
    """One table for all files. Where two files use a value for different names, the later name gets a free
    value: the files are read by name, so nothing is lost."""
    table = LabelTable((), 1)
    late: list[str] = []
    for structures in own.values():
        for structure in structures:
            if table.find(structure.name) is not None or structure.name in late:
                continue
            if any(known.value == structure.value for known in table):
                late.append(structure.name)
            else:
                table = table.added(structure.name, value=structure.value)
    for name in late:
        if table.find(name) is None:
            table = table.added(name)
    return table.structures
