"""Settings of these tests go into a temporary folder, never into the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from DualSSLSegLib.packages.setting import FOLDER_VARIABLE


@pytest.fixture(autouse=True)
def user_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "ユーザー settings"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder
