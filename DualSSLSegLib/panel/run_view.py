"""A run on screen: how far it is, how long it takes, what it warns of, and the buttons that steer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.loop.run_words import RunWords

_FULL = 1000


class RunView:
    """Behaviour of a QWidget `part` that holds the widgets named here; `ui` gives them by name after `prefix`:
    Title, Status, Progress, TimeLeft, Detail, Plateau, Warnings.

    `buttons` are the verbs of the workbench by the name of their button.
    """

    def __init__(
        self,
        ui: Any,
        prefix: str,
        buttons: Mapping[str, str],
        why_not: Callable[[str], str],
        take: Callable[[str], None],
        *,
        titled: bool = True,
    ) -> None:
        self.part = getattr(ui, f"{prefix}Part")
        self._labels = {
            name: getattr(ui, f"{prefix}{name}")
            for name in ("Title", "Status", "TimeLeft", "Detail", "Plateau", "Warnings")
        }
        for label in self._labels.values():
            label.textFormat = qt.Qt.PlainText  # a file name may look like HTML
        for name in ("Detail", "Warnings"):
            self._labels[name].setTextInteractionFlags(
                qt.Qt.TextSelectableByMouse | qt.Qt.TextSelectableByKeyboard
            )
        self.progress = getattr(ui, f"{prefix}Progress")
        self._buttons = {getattr(ui, name): verb for name, verb in buttons.items()}
        self._helps = {name: str(getattr(ui, name).toolTip) for name in buttons}
        self._why_not, self._titled = why_not, titled
        for button, verb in self._buttons.items():
            button.clicked.connect(lambda *_arguments, verb=verb: take(verb))

    def show(self, words: RunWords | None) -> None:
        """Show the run, or nothing where there is none."""
        self.part.setVisible(words is not None)
        if words is None:
            return
        texts = {
            "Title": words.title if self._titled else "",
            "Status": words.status,
            "TimeLeft": words.time_left,
            "Detail": words.detail,
            "Plateau": words.plateau,
            "Warnings": "\n".join(f"⚠ {text}" for text in words.warnings),
        }
        for name, text in texts.items():
            self._labels[name].text = text
            self._labels[name].setVisible(bool(text))
        self._show_progress(words)
        reasons = {verb: self._why_not(verb) for verb in self._buttons.values()}
        for button, verb in self._buttons.items():
            reason = reasons[verb]
            button.setVisible(not all(reasons.values()))  # nothing can be done with a run that is finished
            button.enabled = not reason
            button.toolTip = reason or self._helps[str(button.objectName)]

    def text(self, name: str) -> str:
        """What one of the labels says, for tests and screen readers."""
        return str(self._labels[name].text)

    def _show_progress(self, words: RunWords) -> None:
        moving = words.can_stop  # it is at work
        self.progress.setVisible(moving or words.fraction is not None)
        if words.fraction is None:
            self.progress.setRange(0, 0)  # busy, no one knows how long
            self.progress.setAccessibleDescription(words.status)
            return
        self.progress.setRange(0, _FULL)
        self.progress.value = round(words.fraction * _FULL)
        self.progress.setAccessibleDescription(
            _("{percent} % done").format(percent=round(100 * words.fraction))
        )
