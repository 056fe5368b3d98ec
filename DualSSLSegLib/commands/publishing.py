"""Publishing what a run has finished while nobody looked; any command that opens a study does it in passing."""

from __future__ import annotations

from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.loop.controller import Controller


def publish(controller: Controller, screen: Screen) -> None:
    """Publish finished predictions to labels/original. That it cannot be done (read-only, busy) is a warning."""
    try:
        controller.publish()
    except DualSSLSegError as error:
        screen.warn(f"predictions were not published: {error}")
    for case, reason in controller.unpublished.items():
        screen.warn(f"the prediction of {case} was not published: {reason}")
