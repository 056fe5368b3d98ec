"""Colour maps for heat maps whose equal steps look equal: made in CIELAB from a few control points of our own.

A smooth path (Catmull-Rom) runs through the points (lightness, chroma, hue); it is cut into pieces of equal length in
CIELAB, the CIE's uniform colour space (D65), and turned into sRGB. Lightness never falls, so that the maps
also work in grey and for colour-blind readers. The dark end is not black: over a scan it must not look like a hole.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

EMBER, LAGOON, PLUM = "Ember", "Lagoon", "Plum"
DEFAULT = EMBER
NAMES = (EMBER, LAGOON, PLUM)

_POINTS = {
    # lightness, chroma, hue in degrees
    EMBER: ((20, 38, 305), (36, 56, 340), (52, 66, 20), (68, 68, 58), (82, 62, 82), (95, 42, 104)),
    LAGOON: ((20, 36, 305), (36, 34, 280), (52, 30, 225), (66, 42, 165), (80, 64, 130), (93, 78, 108)),
    PLUM: ((20, 44, 300), (36, 62, 322), (52, 65, 350), (67, 49, 25), (81, 38, 62), (95, 22, 95)),
}
_WHITE = np.array([0.95047, 1.0, 1.08883])
_XYZ_TO_RGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
_DENSE = 60


@lru_cache
def colors(name: str = DEFAULT, count: int = 64) -> np.ndarray:
    """(count, 3) sRGB 0..1 from the low to the high end of a map. Raises KeyError for an unknown name."""
    path = _smooth(_to_lab(np.array(_POINTS[name], dtype=np.float64)))
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    even = np.linspace(0, length[-1], count)
    lab = np.stack([np.interp(even, length, path[:, axis]) for axis in range(3)], axis=1)
    rgb = np.clip(lab_to_rgb(lab), 0.0, 1.0)
    rgb.setflags(write=False)
    return rgb


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """(..., 3) CIELAB to sRGB; outside 0..1 where the screen cannot show the colour."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _WHITE
    linear = xyz @ _XYZ_TO_RGB.T
    bright = 1.055 * np.power(np.maximum(linear, 0), 1 / 2.4) - 0.055
    return np.where(linear > 0.0031308, bright, 12.92 * linear)


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) sRGB 0..1 to CIELAB."""
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = linear @ np.linalg.inv(_XYZ_TO_RGB).T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def _to_lab(points: np.ndarray) -> np.ndarray:
    hue = np.radians(points[:, 2])
    return np.stack([points[:, 0], points[:, 1] * np.cos(hue), points[:, 1] * np.sin(hue)], axis=1)


def _smooth(points: np.ndarray) -> np.ndarray:
    """A Catmull-Rom curve through points (n, 3)."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, _DENSE, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        )
    return np.vstack([*pieces, points[-1:]])
