"""Opening a study for a command: what a run has finished while nobody looked is published first."""

from __future__ import annotations

from pathlib import Path

from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.loop.controller import Controller


def open_study(path: Path, screen: Screen) -> Controller:
    """The controller of a study. That nothing could be published (read-only, busy) is a warning."""
    controller = Controller.open(path)
    publish(controller, screen)
    return controller


def publish(controller: Controller, screen: Screen) -> None:
    """Publish finished predictions to labels/original, or say why not."""
    try:
        controller.publish()
    except DualSSLSegError as error:
        screen.warn(f"predictions were not published: {error}")
