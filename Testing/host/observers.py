"""VTK observers of a widget that end with the widget, as the Qt-VTK connections of Slicer's C++ widgets do."""

from __future__ import annotations

import weakref

import shiboken6


class Observation:
    """One observer; the widget is held weakly, and a widget whose C++ part is gone hears nothing more."""

    def __init__(self, subject, event, method) -> None:
        self._subject = subject
        self._method = weakref.WeakMethod(method)
        self._tag = subject.AddObserver(event, self._heard)

    def _heard(self, caller, event) -> None:
        method = self._method() if "_method" in self.__dict__ else None
        if method is None or not shiboken6.isValid(method.__self__):
            self.stop()
        else:
            method(caller, event)

    def stop(self) -> None:
        subject = self.__dict__.pop(
            "_subject", None
        )  # garbage collection may have emptied this object already
        if subject is not None:
            subject.RemoveObserver(self._tag)
