"""Two facts of the interpreter: PySide6 on Python 3.11 loses references to None, and VTK and Qt cannot be torn down."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys

_exit_status: int | None = None


def keep_none_alive() -> None:
    """PySide6 6.12 gives one reference to None away per widget; from Python 3.12 on None is immortal."""
    if sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40


def end_without_teardown() -> None:
    """VTK observers and Qt wrappers hold each other: end the process before the interpreter takes them apart.

    Without a status (a script that calls sys.exit by itself) the interpreter ends in the usual way.
    """
    atexit.register(_leave)


def _leave() -> None:
    if _exit_status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_exit_status)


def finish(status: int) -> None:
    """End a script now."""
    global _exit_status
    _exit_status = status
    sys.exit(status)


class KeepExitStatus:
    """A pytest plugin that keeps the session's exit status for the end of the process.

    Registered by the fixture that starts the host, so that a session without the host ends as ever.
    """

    name = "host-ending"

    def __init__(self) -> None:
        self.session = None

    def pytest_unconfigure(self) -> None:
        global _exit_status
        _exit_status = int(self.session.exitstatus)

    @classmethod
    def register(cls, session) -> None:
        manager = session.config.pluginmanager
        if not manager.has_plugin(cls.name):
            plugin = cls()
            plugin.session = session
            manager.register(plugin, cls.name)
