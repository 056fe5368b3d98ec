"""Slicer's scene for every test of the workbench."""

from __future__ import annotations

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")


@pytest.fixture(autouse=True)
def scene():
    """A process like Slicer's, with an empty scene before and after; errors of it fail the test."""
    from host import application

    application.start()
    import slicer

    application.errors.clear()
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear(0)
    assert application.errors == []
