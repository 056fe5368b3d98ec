"""How each study was trained last, remembered in Slicer's settings: method, minutes and device."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import qt

_KEY = "DualSSLSeg/TrainingChoices"
_MOST = 30  # studies


def last_choices(study: Path) -> dict[str, Any]:
    """What was chosen when this study was trained last, else what was chosen for any other; {} before the first."""
    kept = _kept()
    of_any: Any = next(reversed(kept.values()), {})
    found = kept.get(str(study), of_any)
    return dict(found) if isinstance(found, Mapping) else {}


def remember_choices(study: Path, choices: Mapping[str, Any]) -> None:
    """Remember what a study is trained with."""
    kept = {name: value for name, value in _kept().items() if name != str(study)}
    newest = dict([*kept.items(), (str(study), dict(choices))][-_MOST:])
    qt.QSettings().setValue(_KEY, json.dumps(newest))


def _kept() -> dict[str, Any]:
    """By study, the one trained last at the end. What another program wrote there is ignored."""
    try:
        stored = json.loads(str(qt.QSettings().value(_KEY, "{}")))
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}
