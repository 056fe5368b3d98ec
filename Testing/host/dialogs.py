"""Modal dialogs answered by a test: `answer("message", "Ok")` before the click; a dialog nobody expected is an error.

Kinds: "message" (QMessageBox and all of slicer.util's displays), "file" and "folder" (QFileDialog; the answer is a path
or "" for cancel), "text" (QInputDialog; None cancels), "colour" (QColorDialog; "#rrggbb" or "" for cancel) and "dialog"
(any other QDialog.exec_(); the answer is a function that gets the open dialog, and its result is the dialog's).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from PySide6 import QtGui, QtWidgets

from . import facade
from .errors import collected

KINDS = ("message", "file", "folder", "text", "colour", "dialog")


@dataclass(frozen=True)
class Shown:
    kind: str
    title: str
    text: str


class UnexpectedDialog(RuntimeError):
    """A modal dialog opened and no answer was waiting: in Slicer the program would stand still here."""


shown: list[Shown] = []
_waiting: dict[str, deque] = {kind: deque() for kind in KINDS}


def answer(kind: str, *answers) -> None:
    """Queue answers for dialogs of this kind, in the order in which they will open."""
    _waiting[kind].extend(answers)


def unused() -> list[str]:
    """Answers that no dialog asked for; forgets them and what was shown."""
    left = [f"{kind}: {item!r}" for kind, queue in _waiting.items() for item in queue]
    for queue in _waiting.values():
        queue.clear()
    shown.clear()
    return left


def _take(kind: str, title: str, text: str):
    shown.append(Shown(kind, title, text))
    if not _waiting[kind]:
        message = f"nobody expected this dialog ({kind}): {title!r}: {text!r}"
        collected.append(message)
        raise UnexpectedDialog(message)
    return _waiting[kind].popleft()


def _button(name):
    return getattr(QtWidgets.QMessageBox, name) if isinstance(name, str) else name


def _execute(dialog, *_) -> int:
    title = dialog.windowTitle
    if isinstance(dialog, QtWidgets.QMessageBox):
        text = "\n".join(part for part in (dialog.text, dialog.informativeText) if part)
        return _button(_take("message", title, text))
    if isinstance(dialog, QtWidgets.QFileDialog):
        path = _take("file", title, "")
        if path:
            dialog.selectFile(path)
        return int(bool(path))
    act = _take("dialog", title, dialog.objectName)
    dialog.show()
    result = act(dialog) if callable(act) else act
    dialog.close()
    return int(bool(result))


def _message(cls):
    def ask(_parent, title: str, text: str, *_buttons):
        return _button(_take("message", title, text))

    return staticmethod(ask)


def _path(kind: str, several: bool = False):
    def ask(_parent=None, title: str = "", folder: str = "", *_filters):
        path = _take(kind, title, folder)
        if several:
            return [str(item) for item in path or ()]
        return str(path) if path else ""  # PythonQt gives the path alone, without the filter

    return staticmethod(ask)


def _text(_parent, title: str, label: str, *_more):
    given = _take("text", title, label)
    return "" if given is None else given


def _colour(_initial=None, _parent=None, title: str = "", *_options):
    return QtGui.QColor(_take("colour", title, "") or "")


def install() -> None:
    """Replace what blocks. QInputDialog.getText returns the text alone, as in PythonQt."""
    for cls in (QtWidgets.QDialog, QtWidgets.QMessageBox, QtWidgets.QFileDialog):
        cls.exec = cls.exec_ = _execute
    for name in ("question", "information", "warning", "critical"):
        setattr(QtWidgets.QMessageBox, name, _message(name))
    QtWidgets.QFileDialog.getOpenFileName = _path("file")
    QtWidgets.QFileDialog.getOpenFileNames = _path("file", several=True)
    QtWidgets.QFileDialog.getSaveFileName = _path("file")
    QtWidgets.QFileDialog.getExistingDirectory = _path("folder")
    QtWidgets.QInputDialog.getText = staticmethod(_text)
    QtWidgets.QColorDialog.getColor = staticmethod(_colour)
    menu = facade.module.QMenu

    def no_menu(opened, *_):
        raise UnexpectedDialog(f"a menu would wait here for a choice: {[a.text for a in opened.actions()]}")

    menu.exec = menu.exec_ = no_menu
