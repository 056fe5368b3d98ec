"""Whose labels these are: the name in Slicer's application settings, else the login name."""

from __future__ import annotations

import getpass

import slicer


def author() -> str:
    """The name that new revisions carry; never empty."""
    person = slicer.app.applicationLogic().GetUserInformation()
    name = person.GetName().strip() if person is not None and person.GetName() else ""
    return name or _login() or "unknown"


def _login() -> str:
    try:
        return getpass.getuser()
    except (
        KeyError,
        OSError,
        ImportError,
    ):  # no such entry: a numbered user of a container, or no variables on Windows
        return ""
