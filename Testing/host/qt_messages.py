"""Qt's own complaints: a warning of Qt is a mistake of somebody's, so it is collected like any error."""

from __future__ import annotations

import sys

from PySide6 import QtCore

from .errors import collected

# The off-screen platform and fonts of a bare machine say these, whatever a panel does.
HARMLESS = ("This plugin does not support", "QFontDatabase:", "propagateSizeHints", "XDG_RUNTIME_DIR")


def _keep(kind, _context, text: str) -> None:
    if any(part in text for part in HARMLESS):
        return
    print(f"Qt: {text}", file=sys.stderr)
    if kind != QtCore.QtMsgType.QtDebugMsg and kind != QtCore.QtMsgType.QtInfoMsg:
        collected.append(f"Qt: {text}")


def collect() -> None:
    QtCore.qInstallMessageHandler(_keep)
