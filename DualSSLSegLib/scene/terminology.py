"""The codes of a structure as a terminology entry of a segment, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import slicer

from DualSSLSegLib.imaging.segments import Code, structure_codes

CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
REGION_CONTEXT = "Anatomic codes - DICOM master list"
_ANATOMY = {"scheme": "SCT", "value": "123037004", "meaning": "Anatomical Structure"}
_TISSUE = ("SCT", "85756007")  # what Slicer gives every new segment: it says nothing

_PARTS = {
    "category": "GetCategoryObject",
    "type": "GetTypeObject",
    "type_modifier": "GetTypeModifierObject",
    "region": "GetRegionObject",
    "region_modifier": "GetRegionModifierObject",
}


def entry_of(codes: Mapping[str, Any] | None) -> str:
    """The codes of a structure (see study.model.Structure) as Slicer writes them down in a segment; "" for none."""
    codes = _plain(codes)
    if not codes:
        return ""
    entry = slicer.vtkSlicerTerminologyEntry()
    entry.SetTerminologyContextName(CONTEXT)
    entry.SetRegionContextName(REGION_CONTEXT)
    for part, getter in _PARTS.items():
        code = codes.get(part)
        if code is not None:
            target = getattr(entry, getter)()
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
    for part, getter in _PARTS.items():
        source = getattr(read, getter)()
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


def _clean(text: Any) -> str:
    """Without the characters that separate the fields of an entry."""
    return " ".join(str(text or "").translate(str.maketrans("~^|", "   ")).split())
