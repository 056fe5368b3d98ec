"""The strip at the top of the panel: what is going on, and the messages a person has not closed yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

_MOST_ROWS = 4
_TOP = 0


class MessageRow:
    """One message: icon, text, hint and a button that closes it."""

    def __init__(self, kind: str, text: str, hint: str, closed: Callable[[MessageRow], None]) -> None:
        self.kind, self.text, self.hint = kind, text, hint
        self.widget = qt.QFrame()
        self.widget.frameShape = qt.QFrame.StyledPanel
        self._icon = qt.QLabel()
        self._icon.pixmap = slicer.app.style().standardIcon(_standard_icon(kind)).pixmap(20, 20)
        self._icon.toolTip = _kind_word(kind)
        self._icon.accessibleName = _kind_word(kind)
        self._words = qt.QLabel(f"{text}\n{hint}" if hint else text)
        self._words.textFormat = qt.Qt.PlainText  # a file name may look like HTML
        self._words.wordWrap = True
        self._words.setTextInteractionFlags(qt.Qt.TextSelectableByMouse | qt.Qt.TextSelectableByKeyboard)
        self.close_button = qt.QToolButton()
        self.close_button.text = "✕"
        self.close_button.autoRaise = True
        self.close_button.toolTip = _("Close this message")
        self.close_button.accessibleName = _("Close this message")
        self.close_button.clicked.connect(lambda *_arguments: closed(self))
        layout = qt.QHBoxLayout(self.widget)
        layout.setContentsMargins(6, 4, 4, 4)
        layout.addWidget(self._icon, 0, qt.Qt.AlignTop)
        layout.addWidget(self._words, 1)
        layout.addWidget(self.close_button, 0, qt.Qt.AlignTop)

    def says(self, kind: str, text: str, hint: str) -> bool:
        return (self.kind, self.text, self.hint) == (kind, text, hint)


class MessageBar:
    """`widget` goes to the top of the panel.

    Errors and warnings stay until they are closed; a newer piece of information replaces the older one.
    """

    def __init__(self) -> None:
        self.widget = qt.QWidget()
        self.rows: list[MessageRow] = []
        self._busy_line = qt.QWidget()
        self._busy_words = qt.QLabel()
        self._busy_words.textFormat = qt.Qt.PlainText
        self._busy_words.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Preferred)
        self._busy_bar = qt.QProgressBar()
        self._busy_bar.textVisible = False
        self._busy_bar.setRange(0, 0)
        self._busy_bar.maximumWidth = 90
        self._busy_bar.maximumHeight = 10
        line = qt.QHBoxLayout(self._busy_line)
        line.setContentsMargins(2, 0, 2, 0)
        line.addWidget(self._busy_words, 1)
        line.addWidget(self._busy_bar)
        self._layout = qt.QVBoxLayout(self.widget)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._busy_line)
        # the line keeps its height when nothing goes on, so that no button moves away under the mouse
        self._busy_line.minimumHeight = self._busy_words.fontMetrics().height() + 4
        self.show_busy("")

    @property
    def busy_text(self) -> str:
        """What is going on, "" when nothing is."""
        return str(self._busy_words.text)

    def show_busy(self, words: str) -> None:
        """Say what is going on; "" for nothing."""
        if words == self._busy_words.text and self._busy_bar.isHidden() == (not words):
            return
        self._busy_words.text = words
        self._busy_words.toolTip = words
        self._busy_bar.setVisible(bool(words))

    def show(self, message: Any) -> None:
        """Add a message (kind "info", "warning" or "error", text, hint). One that stands there is not repeated;
        an empty text takes the last information away."""
        kind, text, hint = message.kind, message.text, message.hint
        if any(row.says(kind, text, hint) for row in self.rows):
            return
        for row in [row for row in self.rows if row.kind == "info"]:
            self.remove(row)
        if not text:
            return
        while len(self.rows) >= _MOST_ROWS:
            gentle = [row for row in self.rows if row.kind != "error"] or self.rows
            self.remove(gentle[0])
        row = MessageRow(kind, text, hint, self.remove)
        self.rows.append(row)
        self._layout.insertWidget(_TOP, row.widget)
        if kind != "info":
            self._scroll_here()

    def _scroll_here(self) -> None:
        """The button that led to an error may be far below; the error must be seen."""
        around = self.widget.parentWidget()
        while around is not None and not around.inherits("QScrollArea"):
            around = around.parentWidget()
        if around is not None:
            around.ensureWidgetVisible(self.widget)

    def remove(self, row: MessageRow) -> None:
        """Take a message away."""
        if row in self.rows:
            self.rows.remove(row)
            row.widget.hide()
            self._layout.removeWidget(row.widget)
            row.widget.deleteLater()

    def close(self) -> None:
        """Take everything away."""
        for row in list(self.rows):
            self.remove(row)


def _standard_icon(kind: str) -> Any:
    return {
        "error": qt.QStyle.SP_MessageBoxCritical,
        "warning": qt.QStyle.SP_MessageBoxWarning,
    }.get(kind, qt.QStyle.SP_MessageBoxInformation)


def _kind_word(kind: str) -> str:
    return {"error": _("Error"), "warning": _("Warning")}.get(kind, _("Information"))
