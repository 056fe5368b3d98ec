"""Which structure of the study each segment is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import vtk

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.scene.terminology import codes_of, key_of, terminology_of
from DualSSLSegLib.study.model import Structure

VALUE_TAG = "DualSSLSeg.Value"
"""Tag of a segment that carries the value of its structure, whatever the segment is called."""


def segment_ids(segmentation: Any) -> list[str]:
    """The ids of a vtkSegmentation's segments in the order of its list."""
    return [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]


def tag_segment(segment: Any, structure: Structure) -> None:
    """Write down which structure a segment is."""
    segment.SetTag(VALUE_TAG, str(structure.value))


def match(segmentation: Any, structures: Sequence[Structure], *, tags: bool = True) -> dict[str, Structure]:
    """Segment id -> structure: by our tag, then by name (whatever its capitals), then by terminology code.

    What is no structure is left out. `tags=False` for segmentations of others, whose tags may be of another study.
    """
    found = {}
    for segment_id in segment_ids(segmentation):
        structure = _structure_of(segmentation.GetSegment(segment_id), structures, tags)
        if structure is not None:
            found[segment_id] = structure
    return found


def refuse_ambiguous(segmentation: Any, structures: Sequence[Structure]) -> None:
    """Raises BadInput for a segment that was begun as one structure and renamed to the name of another."""
    names = {plain_name(structure.name): structure for structure in structures}
    for segment_id, structure in match(segmentation, structures).items():
        called = str(segmentation.GetSegment(segment_id).GetName())
        other = names.get(plain_name(called))
        if other is not None and other.value != structure.value:
            raise BadInput(
                f"the segment called {called!r} was begun as {structure.name!r}: not clear which of the two it is.",
                hint=f"Name it {structure.name!r} again; to turn it into {other.name!r}, copy what is drawn there with "
                "the effect Logical operators.",
            )


def unknown_segments(names: Sequence[str], structures: Sequence[Structure]) -> BadInput:
    """The error for segments that are no structures of the study."""
    known = ", ".join(f"{s.value} {s.name}" for s in structures)
    listed = ", ".join(repr(name) for name in names)
    words = f"segment {listed} is no structure" if len(names) == 1 else f"segments {listed} are no structures"
    return BadInput(
        f"{words} of the study, whose structures are {known}.",
        hint="Rename or delete the segment, or add the structure to the study.",
    )


def _structure_of(segment: Any, structures: Sequence[Structure], tags: bool) -> Structure | None:
    if tags:
        value = vtk.reference("")
        if segment.GetTag(VALUE_TAG, value):
            for structure in structures:
                if str(structure.value) == str(value):
                    return structure
    name = plain_name(segment.GetName())
    for structure in structures:
        if plain_name(structure.name) == name:
            return structure
    key = key_of(codes_of(terminology_of(segment)))
    matching = [s for s in structures if key is not None and key_of(s.codes) == key]
    return matching[0] if len(matching) == 1 else None


def plain_name(name: str | None) -> str:
    """A name as it is compared: "Left_Atrium" and "left atrium" are the same."""
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFC", name or "")).strip().casefold()
