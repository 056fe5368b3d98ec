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
by_hand = False  # True: dialogs open for a person at the screen
_qt: dict[str, object] = {}
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
    if by_hand:
        return _qt["exec"](dialog)
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


def _replace(cls: type, name: str, kind: str, given, alone=lambda result: result):
    """`given(answer)` makes the result from a queued answer, `alone(result)` PythonQt's result from PySide6's."""
    original = getattr(cls, name)

    def ask(*arguments, **options):
        if by_hand:
            return alone(original(*arguments, **options))
        words = [argument for argument in arguments if isinstance(argument, str)]
        title, text = (*words, "", "")[:2]
        return given(_take(kind, title, text))

    setattr(cls, name, staticmethod(ask))


def _first(result):
    """PythonQt returns the path or text alone, PySide6 a tuple."""
    return result[0] if isinstance(result, tuple) else result


def _menu(opened, *arguments):
    if by_hand:
        return _qt["menu"](opened, *arguments)
    raise UnexpectedDialog(
        f"a menu would wait here for a choice: {[action.text for action in opened.actions()]}"
    )


def install() -> None:
    """Replace what blocks."""
    box, file, menu = QtWidgets.QMessageBox, QtWidgets.QFileDialog, facade.module.QMenu
    _qt.update(exec=QtWidgets.QDialog.exec, menu=menu.exec)
    for cls in (QtWidgets.QDialog, box, file):
        cls.exec = cls.exec_ = _execute
    menu.exec = menu.exec_ = _menu
    for name in ("question", "information", "warning", "critical"):
        _replace(box, name, "message", _button)
    for name in ("getOpenFileName", "getSaveFileName"):
        _replace(file, name, "file", lambda path: str(path or ""), _first)
    _replace(file, "getOpenFileNames", "file", lambda paths: [str(path) for path in paths or ()], _first)
    _replace(file, "getExistingDirectory", "folder", lambda path: str(path or ""))
    _replace(QtWidgets.QInputDialog, "getText", "text", lambda text: text or "", _first)
    _replace(QtWidgets.QColorDialog, "getColor", "colour", lambda colour: QtGui.QColor(colour or ""))
