"""Options of the labels-only baseline. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from DualSSLSegLib.methods.options import check, optimiser_option, option, residual_network_option


@dataclass(frozen=True)
class LabelsOnlyOptions:
    """The baseline's choices: how hard its views are changed, and how its weights learn."""

    strong_views: bool = option(
        True, "change brightness, contrast, noise and sharpness of the crops strongly"
    )
    networks: str = option(
        "both",
        "train both networks, or one alone to see what the other brings",
        choices=("both", "residual", "vnet"),
    )
    residual_network: str = residual_network_option()
    optimiser: str = optimiser_option()

    def __post_init__(self) -> None:
        check(self)
