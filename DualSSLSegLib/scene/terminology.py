"""The codes of a structure as a terminology entry of a segment, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import slicer
import vtk

from DualSSLSegLib.imaging.segments import Code, structure_codes

CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
REGION_CONTEXT = "Anatomic codes - DICOM master list"
_ANATOMY = {"scheme": "SCT", "value": "123037004", "meaning": "Anatomical Structure"}
_TISSUE = ("SCT", "85756007")  # what Slicer gives every new segment: it says nothing

_PARTS = {
    "category": ("GetCategoryObject",),
    "type": ("GetTypeObject",),
    "type_modifier": ("GetTypeModifierObject",),
    # Slicer 5.10 and earlier have only the second names.
    "region": ("GetRegionObject", "GetAnatomicRegionObject"),
    "region_modifier": ("GetRegionModifierObject", "GetAnatomicRegionModifierObject"),
}


def entry_of(codes: Mapping[str, Any] | None) -> str:
    """The codes of a structure (see study.model.Structure) as Slicer writes them down in a segment; "" for none."""
    codes = _plain(codes)
    if not codes:
        return ""
    entry = slicer.vtkSlicerTerminologyEntry()
    entry.SetTerminologyContextName(CONTEXT)
    _first_of(entry, ("SetRegionContextName", "SetAnatomicContextName"))(REGION_CONTEXT)
    for part, getters in _PARTS.items():
        code = codes.get(part)
        if code is not None:
            target = _first_of(entry, getters)()
            target.SetCodingSchemeDesignator(_clean(code.get("scheme")))
            target.SetCodeValue(_clean(code.get("value")))
            target.SetCodeMeaning(_clean(code.get("meaning")) or _clean(code.get("value")))
    return slicer.vtkSlicerTerminologiesModuleLogic.SerializeTerminologyEntry(entry)


def codes_of(entry: str | None) -> dict[str, dict[str, str]] | None:
    """A terminology entry as the codes of a structure; None when it names nothing (or just "tissue")."""
    read = slicer.vtkSlicerTerminologyEntry()
    if not entry or not slicer.vtkSlicerTerminologiesModuleLogic.DeserializeTerminologyEntry(entry, read):
        return None
    codes = {}
    for part, getters in _PARTS.items():
        source = _first_of(read, getters)()
        if source.GetCodeValue():
            codes[part] = {
                "scheme": source.GetCodingSchemeDesignator() or "",
                "value": source.GetCodeValue(),
                "meaning": source.GetCodeMeaning() or "",
            }
    type_code = codes.get("type")
    if type_code is None or (type_code["scheme"], type_code["value"]) == _TISSUE:
        return None
    return codes


def terminology_of(segment: Any) -> str:
    """The terminology entry of a segment; "" when it has none."""
    entry = vtk.reference("")
    return str(entry) if segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry) else ""


def set_terminology(segment: Any, entry: str) -> None:
    """Give a segment a terminology entry."""
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry)


def key_of(codes: Mapping[str, Any] | None) -> tuple[Code, Code | None] | None:
    """What two entries must share to mean the same: (type, modifier); None when there is no type."""
    plain = _plain(codes)
    if not plain:
        return None
    modifier = {"modifier": plain["type_modifier"]} if "type_modifier" in plain else {}
    return structure_codes({"type": plain["type"], **modifier})


def _plain(codes: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]] | None:
    """Codes with the keys of `_PARTS`: a bare {"scheme", "value"} is a type, and "modifier" one of the type."""
    if not codes:
        return None
    parts: dict[str, Any] = dict(codes) if "type" in codes else {"type": codes}
    if "modifier" in parts or "modifier" in codes:
        parts.setdefault("type_modifier", parts.get("modifier") or codes.get("modifier"))
    known = {
        part: parts[part]
        for part in _PARTS
        if isinstance(parts.get(part), Mapping) and parts[part].get("value")
    }
    return {"category": _ANATOMY, **known} if "type" in known else None


def _first_of(entry: Any, names: tuple[str, ...]) -> Any:
    """The first method of these names that this version of Slicer has."""
    return next(getattr(entry, name) for name in names if hasattr(entry, name))


def _clean(text: Any) -> str:
    """Without the characters that separate the fields of an entry."""
    return " ".join(str(text or "").translate(str.maketrans("~^|", "   ")).split())
