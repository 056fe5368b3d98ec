"""Numbers that scrolling through the panel does not change."""

from __future__ import annotations

from typing import Any

import qt


class WheelGuard(qt.QObject):
    """Gives the mouse wheel to the panel behind, unless the widget was clicked or tabbed into before."""

    def watch(self, *widgets: Any) -> None:
        """Guard these spin boxes, combo boxes or sliders."""
        for widget in widgets:
            widget.setFocusPolicy(qt.Qt.StrongFocus)
            widget.installEventFilter(self)

    def eventFilter(self, widget: Any, event: Any) -> bool:
        if event.type() == qt.QEvent.Wheel and not widget.hasFocus():
            event.ignore()
            return True
        return False
