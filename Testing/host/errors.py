"""What went wrong where nobody was looking: Slicer prints such errors and goes on, a test must not."""

from __future__ import annotations

import logging
import sys
import traceback

import vtk

collected: list[str] = []
_hooks: list[object] = []


class HostLimitation(NotImplementedError):
    """Slicer has the name and this host does not imitate it. Not an AttributeError: hasattr() must not hide it."""


class PortingMistake(RuntimeError):
    """Plain PySide6 would accept this; in Slicer it fails, or does nothing and says so on a console nobody reads."""


class _LoggedErrors(logging.Handler):
    """slicer.util.errorDisplay only logs where there is no main window; with one, the dialog is what counts."""

    def emit(self, record: logging.LogRecord) -> None:
        import slicer

        if slicer.util.mainWindow() is None:
            collected.append(f"logged: {record.getMessage()}")


def collect() -> None:
    """From now on `collected` keeps what escapes from slots, timers and observers, and the errors VTK or Python log."""
    logging.getLogger().addHandler(_LoggedErrors(logging.ERROR))
    previous = sys.excepthook

    def keep_exception(kind, value, trace) -> None:
        collected.append("".join(traceback.format_exception(kind, value, trace)))
        previous(kind, value, trace)

    sys.excepthook = keep_exception

    @vtk.calldata_type(vtk.VTK_STRING)
    def keep_line(_caller, _event, line) -> None:
        collected.append(f"VTK: {line.strip()}")

    window = vtk.vtkOutputWindow.GetInstance()
    window.AddObserver(vtk.vtkCommand.ErrorEvent, keep_line)
    _hooks.extend((window, keep_line))
