"""Waiting while a training is paused."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.2


def wait_out_pause(wanted: Callable[[], str], report: Callable[..., None]) -> str:
    """Say that the run is paused and wait until something else is wanted; what that is."""
    report("phase", name="paused")
    while (want := wanted()) == "pause":
        time.sleep(_LOOK_EVERY_S)
    return want
