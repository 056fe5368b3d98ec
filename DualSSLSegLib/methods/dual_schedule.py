"""When the dual method lets the unlabelled scans join, and how strongly."""

from __future__ import annotations

import math

from DualSSLSegLib.methods.dual_options import DualOptions


def unlabelled_from(options: DualOptions, labelled: int, earlier_steps: int, total: int) -> float:
    """Progress (0..1) of a run of `total` steps at which the networks begin to learn on unlabelled scans.

    Pseudo-labels of networks that still learn much from labels cost more than they bring, and the more scans are
    labelled, the longer they teach: a short run gives the labels a larger share than a long one, and a run that goes on
    from an earlier one counts that one's steps.
    """
    missing = max(0, options.labels_first_steps * labelled - earlier_steps) / max(1, total)
    return max(options.labels_first_share, min(missing, options.labels_first_most))


def ramp(options: DualOptions, begin: float, progress: float) -> float:
    """Sigmoid ramp-up exp(-5 (1 - t)^2) from the progress `begin` on, when the unlabelled scans join (Laine and Aila
    2017)."""
    if options.ramp == "none" or options.ramp_share == 0:
        return 1.0
    if begin >= 1:  # never, but for a step that is timed
        return 1.0
    t = min(max(progress - begin, 0.0) / ((1 - begin) * options.ramp_share), 1.0)
    return math.exp(-5 * (1 - t) ** 2)
