"""Results of the accuracy bench that nobody measured: a few cases with given Dice values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def structure(dice: float) -> dict[str, Any]:
    """One structure of a case as a results file has it; distances in voxels are half of those in mm."""
    return {
        "state": "present",
        "dice": dice,
        "jaccard": dice / (2 - dice),
        "hd95_mm": 4.0,
        "asd_mm": 1.0,
        "hd95_voxels": 2.0,
        "asd_voxels": 0.5,
        "medpy_hd95_voxels": 2.0,
        "medpy_asd_voxels": 0.5,
        "volume_mm3": 100.0,
        "reference_volume_mm3": 100.0,
        "diagonal_mm": 50.0,
        "diagonal_voxels": 25.0,
    }


def case(dice: float) -> dict[str, Any]:
    """One case with a single structure."""
    capture = {
        "wrong": 10,
        "wrong_in_rim": 9,
        "captured": 8.0,
        "rim_voxels": 40,
        "looked_at": 10,
        "share": 0.8,
    }
    score = {
        "risk": 1 - dice,
        "disagreement": 1 - dice,
        "expected_dice": dice,
        "rim_entropy": 0.1,
        "outside_largest": 0.0,
    }
    return {"metrics": {"organ": structure(dice)}, "score": score, "capture": capture}


def old_result(method: str, dice: Sequence[float], **changes: Any) -> dict[str, Any]:
    """A result with the fields that the first results files had."""
    return {
        "set": "hippocampus",
        "labels": 4,
        "method": method,
        "seed": 0,
        "budget_text": "5 min",
        "options": [],
        "transductive": False,
        "machine": {"processor": "none", "cores": 2, "platform": "none", "commit": "abc1234"},
        "training": {
            "seconds_to_last_step": 300.0,
            "iterations": 100,
            "peak_bytes": 10**9,
            "left_out": {},
            "budget": None,
            "versions": {},
            "curve": [{"step": 100, "measure": "agreement", "mean": 0.99}],
            "losses": [],
        },
        "cases": {f"case_{number}": case(value) for number, value in enumerate(dice)},
        **changes,
    }


def result(method: str, dice: Sequence[float], **changes: Any) -> dict[str, Any]:
    """A result with all fields; a run with 8 labels kept one case for validation and fitted a temperature."""
    labels = changes.get("labels", 4)
    found = old_result(method, dice)
    training = {
        **found["training"],
        "device": {"device": changes.pop("device", "cpu"), "name": "none"},
        "curve": [
            {"step": step, "measure": "dice" if labels >= 8 else "agreement", "mean": mean, "cases": 1}
            for step, mean in ((50, 0.93), (100, 0.91))
        ],
    }
    fitted = labels >= 8
    calibration = {
        "temperature": 1.5 if fitted else 1.0,
        "calibrated": fitted,
        "voxels": 100,
        "before": 0.08,
        "after": 0.03 if fitted else None,
    }
    return {
        **found,
        "training": training,
        "trained": labels - fitted,
        "validated": int(fitted),
        "unlabelled": 122,
        "measured_on": "validation_40",
        "calibration": calibration,
        "others": {},
        **changes,
    }
