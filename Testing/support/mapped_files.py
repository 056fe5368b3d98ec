"""Removing files as Windows does it, on Linux: what is still mapped into memory cannot be removed."""

from __future__ import annotations

from pathlib import Path

import pytest

_MAPS = Path("/proc/self/maps")


def keep_mapped_files(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """From now on `Path.unlink` refuses what this process maps.

    Returns two lists that grow whenever an array's file is to be removed: names of the removed and of the refused.
    """
    if not _MAPS.exists():
        pytest.skip("only Linux tells what is mapped")
    removed: list[str] = []
    refused: list[str] = []
    unlink = Path.unlink

    def as_on_windows(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".npy" and not self.name.startswith("."):
            mapped = str(self) in _MAPS.read_text()
            (refused if mapped else removed).append(self.name)
            if mapped:
                raise PermissionError(13, "The process cannot access the file", str(self))
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", as_on_windows)
    return removed, refused
