"""Draws the icons in Resources/Icons:  python docs/draw_icon.py

Two networks outline one structure. Where both agree it is filled; where they differ it is lighter, which is the place
to look at. The colours stand out on light and on dark backgrounds, for eyes that confuse red and green, too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

ICONS = Path(__file__).resolve().parent.parent / "Resources" / "Icons"
SIZES = {"DualSSLSeg.png": 64, "DualSSLSeg-128.png": 128}
SAMPLES = 8  # per pixel and axis
LINE = 0.085  # of the icon's width, so that it is more than a pixel wide at 16 pixels

BLUE, ORANGE, BOTH, ONE = (0, 114, 178), (230, 130, 0), (128, 138, 148), (240, 205, 90)


def outline(
    x: np.ndarray, y: np.ndarray, centre: tuple[float, float], wave: float, turn: float
) -> np.ndarray:
    """Distance from a wavy round outline, negative inside; the icon's width is 1."""
    u, v = x - centre[0], y - centre[1]
    angle = np.arctan2(v, u)
    radius = 0.34 + 0.045 * np.cos(2 * angle - turn) + wave * np.cos(3 * angle + turn)
    return np.hypot(u, v) - radius


def icon(size: int) -> np.ndarray:
    """(size, size, 4) uint8."""
    steps = (np.arange(size * SAMPLES) + 0.5) / (size * SAMPLES)
    x, y = np.meshgrid(steps, steps)
    first = outline(x, y, (0.435, 0.45), 0.03, 0.6)
    second = outline(x, y, (0.565, 0.55), -0.03, 2.2)
    layers = (
        ((first < 0) ^ (second < 0), ONE, 0.75),
        ((first < 0) & (second < 0), BOTH, 0.85),
        (np.abs(second) < LINE / 2, ORANGE, 1.0),
        (np.abs(first) < LINE / 2, BLUE, 1.0),
    )
    colour, alpha = np.zeros((*x.shape, 3)), np.zeros(x.shape)
    for where, rgb, opacity in layers:
        colour[where] = (1 - opacity) * colour[where] + opacity * np.array(rgb)
        alpha[where] = (1 - opacity) * alpha[where] + opacity
    weighted = np.concatenate([colour, 255 * alpha[..., None]], axis=-1)
    small = weighted.reshape(size, SAMPLES, size, SAMPLES, 4).mean(axis=(1, 3))
    cover = np.maximum(small[..., 3:], 1e-6) / 255
    small[..., :3] = np.clip(small[..., :3] / cover, 0, 255)
    return np.rint(small).astype(np.uint8)


def main() -> None:
    for name, size in SIZES.items():
        Image.fromarray(icon(size), "RGBA").save(ICONS / name, optimize=True)


if __name__ == "__main__":
    main()
