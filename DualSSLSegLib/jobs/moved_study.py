"""Paths of a run whose study has been moved since it was asked for: another drive letter, mount point or folder."""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

_DEPTH = 3  # a run of a study lies at <study>/.dualsslseg/runs/<id>


def study_of(run: Path) -> Path | None:
    """The folder of the study in which a run lies now, if it is one of a study."""
    return run.parents[_DEPTH - 1] if len(run.parents) >= _DEPTH else None


def rebased(content: Any, before: str, now: Path) -> Any:
    """JSON `content` in which every path in the folder `before` is that in the folder `now`; all else stays.

    `before` may have been written on another system than this one.
    """
    kind = PureWindowsPath if PureWindowsPath(before).drive else PurePosixPath
    return _rebased(content, kind, kind(before), now)


def _rebased(content: Any, kind: type[PurePath], before: PurePath, now: Path) -> Any:
    if isinstance(content, dict):
        return {name: _rebased(value, kind, before, now) for name, value in content.items()}
    if isinstance(content, list):
        return [_rebased(value, kind, before, now) for value in content]
    if isinstance(content, str) and kind(content).is_relative_to(before):
        return str(now.joinpath(*kind(content).relative_to(before).parts))
    return content
