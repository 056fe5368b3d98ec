"""What the panel tells its user: one sentence and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Message:
    """`text` says what happened or is wrong, `hint` what to do next (may be ""). An empty text says nothing."""

    kind: Kind = "info"
    text: str = ""
    hint: str = ""
