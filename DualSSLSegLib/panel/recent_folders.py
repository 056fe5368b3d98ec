"""The study folders opened last, remembered in Slicer's settings."""

from __future__ import annotations

import json

import qt

_KEY = "DualSSLSeg/RecentStudies"
_MOST = 8


def recent_folders() -> list[str]:
    """Absolute paths, the last one first. What another program wrote there is ignored."""
    stored = qt.QSettings().value(_KEY, "[]")
    try:
        folders = json.loads(str(stored))
    except ValueError:
        return []
    return [str(folder) for folder in folders][:_MOST] if isinstance(folders, list) else []


def remember_folder(folder: str) -> list[str]:
    """Put a folder first and return the new list."""
    folders = [folder, *(other for other in recent_folders() if other != folder)][:_MOST]
    # one string: QSettings returns a list of one item as a plain string
    qt.QSettings().setValue(_KEY, json.dumps(folders))
    return folders
