"""A few terminology entries of our own: slicer-core brings the terminology logic, but none of Slicer's JSON files."""

from __future__ import annotations

import json
from pathlib import Path

# code value, meaning, colour; SNOMED CT codes
_TYPES = {
    ("85756007", "Tissue"): [("85756007", "Tissue", (128, 174, 128))],
    ("123037004", "Anatomical Structure"): [
        ("80891009", "Heart", (206, 110, 84)),
        ("82471001", "Left atrium", (192, 83, 83)),
        ("10200004", "Liver", (221, 130, 101)),
        ("64033007", "Kidney", (185, 102, 83)),
        ("78961009", "Spleen", (157, 108, 162)),
        ("12738006", "Brain", (250, 250, 225)),
        ("5366008", "Hippocampus", (200, 200, 215)),
    ],
    ("49755003", "Morphologically Altered Structure"): [
        ("4147007", "Mass", (144, 238, 144)),
        ("108369006", "Neoplasm", (144, 238, 144)),
    ],
}
_CONTEXTS = {
    "SegmentationCategoryTypeModifier-SlicerGeneralAnatomy": "3D Slicer General Anatomy list",
    "SegmentationCategoryTypeModifier-DICOM-Master": "DICOM master list",
}
_REGIONS = ("AnatomicRegionAndModifier-DICOM-Master", "Anatomic codes - DICOM master list")


def _code(value: str, meaning: str) -> dict:
    return {
        "CodingSchemeDesignator": "SCT",
        "CodeValue": value,
        "CodeMeaning": meaning,
        "cid": "",
        "UMLSConceptUID": "",
    }


def _types(entries) -> list[dict]:
    return [
        {**_code(v, m), "contextGroupName": "", "recommendedDisplayRGBValue": list(c)} for v, m, c in entries
    ]


def write(folder: Path) -> None:
    """The three files that vtkSlicerTerminologiesModuleLogic reads from its share folder."""
    folder.mkdir(parents=True, exist_ok=True)
    categories = [
        {**_code(*category), "showAnatomy": True, "contextGroupName": "", "Type": _types(entries)}
        for category, entries in _TYPES.items()
    ]
    for file, title in _CONTEXTS.items():
        context = {
            "SegmentationCategoryTypeContextName": f"Segmentation category and type - {title}",
            "@schema": "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas/segment-context-schema.json#",
            "SegmentationCodes": {"Category": categories},
        }
        (folder / f"{file}.term.json").write_text(json.dumps(context), "utf-8")
    regions = {
        "AnatomicContextName": _REGIONS[1],
        "@schema": "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas/anatomic-context-schema.json#",
        "AnatomicCodes": {"AnatomicRegion": [_code("10200004", "Liver"), _code("12738006", "Brain")]},
    }
    (folder / f"{_REGIONS[0]}.term.json").write_text(json.dumps(regions), "utf-8")
