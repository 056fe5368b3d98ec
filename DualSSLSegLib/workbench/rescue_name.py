"""The file name of a label that is written elsewhere because its study cannot take it."""

from __future__ import annotations

import os

_STUDY_BYTES, _BYTES = 60, 200
"""Of the study's name at least, and of study and case together: with time, number and ending behind them a name still
fits the 255 that systems allow."""
_CUT = "…"


def rescue_name(study: str, case: str, moment: str) -> str:
    """The name without its ending: study ("" without one), case and time, long names cut in their middle."""
    left = _BYTES - min(_length(study), _STUDY_BYTES)
    case = _shortened(case, left)
    study = _shortened(study, _BYTES - _length(case))
    return " ".join(part for part in (study, case, moment) if part)


def _shortened(text: str, limit: int) -> str:
    """At most `limit` bytes of a name: its beginning and its end, in which the scans of a patient differ."""
    if _length(text) <= limit:
        return text
    data, kept = os.fsencode(text), limit - _length(_CUT)
    end = kept // 3
    parts = (data[: kept - end], data[len(data) - end :])
    return _CUT.join(part.decode("utf-8", "ignore") for part in parts)  # never half of a character


def _length(text: str) -> int:
    return len(os.fsencode(text))
