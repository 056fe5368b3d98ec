"""The pytest fixture that starts the host once a session, or skips with the reason. Import it in a conftest.py."""

from __future__ import annotations

import importlib.util
import os

import pytest

from .ending import KeepExitStatus

PACKAGES = {"slicer_core": "slicer-core", "PySide6": "PySide6-Essentials"}


def missing_packages() -> list[str]:
    return [package for name, package in PACKAGES.items() if importlib.util.find_spec(name) is None]


@pytest.fixture(scope="session")
def slicer_host(request):
    """`host.application`, started. Set QT_QPA_PLATFORM=offscreen where there is a display that must stay free."""
    missing = missing_packages()
    if missing:
        pytest.skip(f"the panel's tests need {' and '.join(missing)}, which this Python does not have")
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from . import application

    KeepExitStatus.register(request.session)
    application.start()
    return application


@pytest.fixture
def clean_host(slicer_host):
    """The started host with an empty scene; afterwards nothing went wrong unseen and every queued answer was used."""
    import slicer

    from . import dialogs

    dialogs.unused()
    slicer_host.errors.clear()
    yield slicer_host
    slicer.mrmlScene.Clear(0)
    slicer_host.settle(0)
    problems, left = list(slicer_host.errors), dialogs.unused()
    slicer_host.errors.clear()
    assert not problems, "\n".join(problems)
    assert not left, f"answers that no dialog asked for: {left}"
