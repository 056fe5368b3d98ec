"""Options of the strong dual method: those of the dual one, and the shapes of unlabelled scans. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from DualSSLSegLib.methods.dual_options import DualOptions
from DualSSLSegLib.methods.options import option, other_default


@dataclass(frozen=True)
class DualStrongOptions(DualOptions):
    """The options of `dual`, and the shapes."""

    borrowed_looks: float = other_default(DualOptions, "borrowed_looks", 0.5)
    borrowed_shapes: float = option(
        0.8,
        "share of labelled crops that take the shape of an unlabelled scan when only one scan is labelled",
        low=0.0,
        high=1.0,
        unit="share of crops",
        advanced=False,
    )
    shapes_with_many: float = option(
        0.5,
        "part of that share that is left with many labelled scans (with n of them: this and an n-th of the rest)",
        low=0.0,
        high=1.0,
    )
    shape_pairs: int = option(
        64,
        "pairs of a labelled and an unlabelled scan that are registered before the training, one a label at least",
        low=1,
        high=10_000,
        unit="pairs",
    )
