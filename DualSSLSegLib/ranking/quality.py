"""One number for how wrong a prediction probably is, 0..1, higher = worse, without looking at a reference.

The measures are those that Zenk et al. (Medical Image Analysis 101:103392, 2025) compare as detectors of failure.
"""

from __future__ import annotations

import numpy as np

# Coefficients of the fixed risk, chosen once on scans of a training split, never on validation or test scans. The
# error that the mean probability expects of itself leads, because it stays informative for badly trained networks,
# where the disagreement does not; of the disagreement about half is error that the networks do not share; entropy
# in and around the foreground adds what both are unsure of; fragments are a cheap flag for gross failure. The order
# of cases is what can be relied on: over-confident networks make the value too low.
_DISAGREEMENT, _EXPECTED_ERROR, _RIM_ENTROPY, _FRAGMENTS = 0.3, 0.8, 0.3, 0.2


def fixed_risk(
    *, disagreement: float, expected_dice: float | None, rim_entropy: float | None, outside_largest: float
) -> float:
    """Estimated 1 - Dice in 0..1 with fixed coefficients; 1 when nothing was predicted (`None` measures)."""
    if expected_dice is None or rim_entropy is None:
        return 1.0 if disagreement > 0 else 0.0
    risk = (
        _DISAGREEMENT * disagreement
        + _EXPECTED_ERROR * (1.0 - expected_dice)
        + _RIM_ENTROPY * rim_entropy
        + _FRAGMENTS * outside_largest
    )
    return float(np.clip(risk, 0.0, 1.0))
