"""What the fields of an event may hold. A reader drops the others, so that a worker's rubbish stays in its journal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

_MOST = 1 << 53  # beyond it a whole number is no exact float any more
_LONGEST_S = 1e9
_LONGEST_TEXT = 2000


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST


def _number(value: Any) -> bool:
    return not isinstance(value, bool) and (
        (isinstance(value, float) and math.isfinite(value)) or (isinstance(value, int) and abs(value) < _MOST)
    )


def _seconds(value: Any) -> bool:
    return _number(value) and 0 <= value < _LONGEST_S


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _time(value: Any) -> bool:
    return _number(value) and 0 <= value < 100 * _LONGEST_S


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


_OF: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("attempt", "pid", "step", "total", "predicted"), _count),
    **dict.fromkeys(("lr", "loss", "memory_mb"), _number),
    **dict.fromkeys(("terms", "weights", "versions"), _mapping),
    **dict.fromkeys(
        ("host", "device", "inputs", "name", "case", "path", "code", "text", "hint", "measure"), _text
    ),
    "eta_s": _seconds,
    "part": _share,
    "t": _time,
}
_NEVER_NULL = frozenset(("attempt", "step", "part", "t"))


def usable(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without those of the known fields that hold what they cannot; texts are cut where they get endless.

    Null stays where it may stand for "not known". Fields with other names are not looked at.
    """
    kept = {}
    for name, value in event.items():
        may_be = _OF.get(name)
        if may_be is not None and not may_be(value) and (value is not None or name in _NEVER_NULL):
            continue
        kept[name] = value[:_LONGEST_TEXT] if may_be is _text and isinstance(value, str) else value
    return kept


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Those of some named values that are numbers."""
    return {str(name): value for name, value in values.items() if _number(value)}
