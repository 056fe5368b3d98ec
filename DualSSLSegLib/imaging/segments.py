"""Named segments: which structure of the study each one is, and .seg.nrrd files of 3D Slicer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import nrrd
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.placing import place_mask, share_inside

if TYPE_CHECKING:
    from DualSSLSegLib.imaging.labels import StructureLike

_LARGEST_LOSS = 0.05
_TERMINOLOGY_FIELDS = 7
Code = tuple[str, str]


@dataclass(frozen=True)
class Segment:
    """A segment of a file: its name, its type and type modifier as (scheme, value) or None, its voxels, their
    grid.
    """

    name: str
    type: Code | None
    modifier: Code | None
    mask: np.ndarray
    grid: Grid


def read_seg_nrrd(path: Path, grid: Grid, structures: Sequence[StructureLike]) -> np.ndarray:
    """Segments of a .seg.nrrd, whatever its layers, label values and cropped extent, as (X, Y, Z) uint8 on
    `grid`.

    Raises BadInput as `read_label` does.
    """
    header = nrrd.read_header(path)
    layers = nrrd.read_layers(path, header)
    return combine(_segments(header, layers, path), path, grid, structures)


def combine(
    segments: Iterable[Segment], path: Path, grid: Grid, structures: Sequence[StructureLike]
) -> np.ndarray:
    """Put segments onto `grid` with the values of the structures they are, (X, Y, Z) uint8; later ones lie on
    top.

    Empty segments are passed over. Raises BadInput for a segment that is no structure of the study and for
    one that lies outside the scan.
    """
    result = np.zeros(grid.shape, np.uint8)
    for segment in segments:
        if not segment.mask.any():
            continue
        value = _value_of(segment, path, structures)
        lost = 1 - share_inside(segment.mask, segment.grid, grid)
        if lost > _LARGEST_LOSS:
            raise BadInput(
                f"{lost:.0%} of segment {segment.name!r} lies outside the scan.",
                hint="Give the segmentation that was drawn on this scan.",
                path=path,
            )
        result[place_mask(segment.mask, segment.grid, grid)] = value
    return result


def _value_of(segment: Segment, path: Path, structures: Sequence[StructureLike]) -> int:
    for structure in structures:
        if _plain(structure.name) == _plain(segment.name):
            return structure.value
    for structure in structures:
        codes = structure_codes(structure.codes)
        if codes is not None and segment.type is not None and codes == (segment.type, segment.modifier):
            return structure.value
    known = ", ".join(f"{s.value} {s.name}" for s in structures)
    raise BadInput(
        f"segment {segment.name!r} is no structure of the study, by name or code; its structures are {known}.",
        hint="Rename the segment, or add the structure to the study.",
        path=path,
    )


def structure_codes(codes: Mapping[str, Any] | None) -> tuple[Code, Code | None] | None:
    """(type, modifier) of a structure's codes, or None when it has none.

    Understood are {"type": {"scheme", "value", ...}, "type_modifier": {...}}, as the study keeps them, and
    {"scheme", "value", ...} for the type itself; "modifier" is another name of "type_modifier".
    """
    if not codes:
        return None
    kind = _code(codes.get("type", codes))
    return None if kind is None else (kind, _code(codes.get("type_modifier", codes.get("modifier"))))


def _code(content: Any) -> Code | None:
    if not isinstance(content, Mapping):
        return None
    scheme, value = str(content.get("scheme", "")).strip(), str(content.get("value", "")).strip()
    return (_scheme(scheme), value) if value else None


def _scheme(name: str) -> str:
    """SNOMED CT goes by two designators."""
    return "SCT" if name.upper() in ("SCT", "SNOMEDCT") else name.upper()


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _segments(header: nrrd.NrrdHeader, layers: np.ndarray, path: Path) -> Iterable[Segment]:
    fields = header.fields
    numbers = sorted({int(m[1]) for m in (re.match(r"Segment(\d+)_", key) for key in fields) if m})
    if not numbers:
        raise BadInput(
            "this segmentation names no segments.",
            hint="Save it again from 3D Slicer as .seg.nrrd.",
            path=path,
        )
    for number in numbers:
        prefix = f"Segment{number}_"
        name = fields.get(prefix + "Name") or fields.get(prefix + "ID") or f"Segment {number}"
        try:
            # Before Slicer 4.11 each segment was a layer of its own, of ones, and neither key was written.
            value = int(fields.get(prefix + "LabelValue", "1"))
            layer = int(fields.get(prefix + "Layer", str(number) if len(layers) > 1 else "0"))
            mask = layers[layer] == value
        except (ValueError, IndexError) as error:
            raise BadInput(
                f"segment {name!r} has no readable layer ({error}).",
                hint="Save it again from 3D Slicer as .seg.nrrd.",
                path=path,
            ) from error
        kind, modifier = _terminology(fields.get(prefix + "Tags", ""))
        yield Segment(name, kind, modifier, mask, header.grid)


def _terminology(tags: str) -> tuple[Code | None, Code | None]:
    """Type and modifier from "TerminologyEntry:context~category~type~modifier~...|other tags"."""
    entry = re.search(r"TerminologyEntry:([^|]*)", tags)
    parts = entry[1].split("~") if entry else []
    if len(parts) < _TERMINOLOGY_FIELDS:
        return None, None
    codes: list[Code | None] = []
    for part in parts[2:4]:
        scheme, value = ([*part.split("^"), "", ""])[:2]
        codes.append((_scheme(scheme), value) if value else None)
    return codes[0], codes[1]
