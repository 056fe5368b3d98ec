"""A button that cannot be pressed says why."""

from __future__ import annotations

from typing import Any


def allow(button: Any, why_not: str, tip: str) -> None:
    """Enable the button with the tooltip `tip`, or disable it with the reason `why_not` as its tooltip."""
    button.enabled = not why_not
    button.toolTip = why_not or tip
