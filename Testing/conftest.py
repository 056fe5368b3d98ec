"""What all tests share: the same random examples every time, and where real scans lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")

# Tiny tensors are slower on two threads than on one; the lanes of the trainer set their own number.
torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: of two processes none has a long one left when the other has nothing to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real scans named by $DUALSSLSEG_DATA; tests that need it skip with a message without it."""
    folder = os.environ.get("DUALSSLSEG_DATA")
    if not folder:
        pytest.skip("DUALSSLSEG_DATA is not set: no real scans here")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"DUALSSLSEG_DATA names {folder}, which is not a folder")
    return path
