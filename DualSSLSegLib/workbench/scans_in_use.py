"""The scans that a window works on, none of which a file of the user's may replace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.folder_results import scans_of
from DualSSLSegLib.loop.opened_case import OpenedCase


def scans_in_use(
    opened: OpenedCase, controller: Controller | None, folder_run: RunFolder | None
) -> Iterator[Path]:
    """Files and series folders of the scan on screen, of the open study and of the folder that is segmented; read from
    the drives when they are asked for. A study or run that is out of reach has none."""
    yield from opened.paths
    with suppress(DualSSLSegError, OSError):
        yield from controller.study.scan_paths() if controller is not None else ()
    with suppress(DualSSLSegError, OSError):
        yield from scans_of(folder_run) if folder_run is not None else ()
