"""Options of the labels-only baseline. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from DualSSLSegLib.methods.options import check, option


@dataclass(frozen=True)
class LabelsOnlyOptions:
    """The baseline has one choice: how hard its views are changed."""

    strong_views: bool = option(
        True, "change brightness, contrast, noise and sharpness of the crops strongly"
    )

    def __post_init__(self) -> None:
        check(self)
