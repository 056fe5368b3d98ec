"""Slicer's scene for every test of the workbench; what goes wrong in it unseen fails the test."""

from __future__ import annotations

import pytest
from host.fixtures import clean_host, slicer_host  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    """A settings folder of the test's own."""
    monkeypatch.setenv("DUALSSLSEG_SETTINGS", str(tmp_path / "settings"))
    return tmp_path / "settings"


@pytest.fixture(autouse=True)
def _scene(clean_host):  # noqa: F811
    """Every test begins and ends with an empty scene."""
