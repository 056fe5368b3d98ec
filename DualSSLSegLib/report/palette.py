"""Colours of the report: outlines that colour-blind readers can tell apart, and one perceptually uniform
scale.
"""

from __future__ import annotations

import numpy as np

# Okabe and Ito's set: distinct with every common colour vision, and on grey images.
PREDICTION = "#ffb000"
REFERENCE = "#4cc3ff"
SERIES = ("#2f86c8", "#e0752d", "#23a07c", "#c97fb0", "#b1922a", "#56b4e9", "#8a74c9", "#858b91")

# Every eighth entry of "inferno" (S. van der Walt, N. Smith; CC0), which grows evenly in perceived brightness.
_INFERNO = (
    "000004 040312 0b0724 150b37 210c4a 2f0a5b 3d0965 4a0c6b 57106e 64156e 71196e 7d1e6d 8a226a 972766 a32c61 "
    "b0315b bc3754 c73e4c d24644 db503b e45a31 eb6628 f1731d f68013 f98e09 fb9d07 fcac11 fbbc21 f9cb35 f5db4c "
    "f2ea69 f3f68a fcffa4"
)
_FIRST_SHOWN, _SOLID_FROM, _STRONGEST = 0.06, 0.45, 0.92


def heat_colours() -> np.ndarray:
    """(256, 3) uint8: the colour of every uncertainty from 0 to 1."""
    anchors = np.array([[int(code[at : at + 2], 16) for at in (0, 2, 4)] for code in _INFERNO.split()], float)
    places = np.linspace(0, len(anchors) - 1, 256)
    columns = [np.interp(places, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.round(np.stack(columns, axis=1)).astype(np.uint8)


def heat_opacity() -> np.ndarray:
    """(256,) uint8: certain voxels let the image through, uncertain ones cover it."""
    uncertainty = np.linspace(0, 1, 256)
    ramp = np.clip((uncertainty - _FIRST_SHOWN) / (_SOLID_FROM - _FIRST_SHOWN), 0, 1)
    return np.round(255 * _STRONGEST * ramp).astype(np.uint8)


def heat_gradient() -> str:
    """The scale as a CSS gradient, for the legend."""
    colours = heat_colours()
    stops = [f"rgb({r} {g} {b})" for r, g, b in colours[:: len(colours) // 16]]
    return f"linear-gradient(90deg, {', '.join(stops)})"
