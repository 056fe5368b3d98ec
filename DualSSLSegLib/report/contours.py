"""Outlines of a mask as an SVG path, half-way between inside and outside pixels (marching squares)."""

from __future__ import annotations

import numpy as np

Point = tuple[float, float]

# For each 2 x 2 neighbourhood (bits: top left 1, top right 2, bottom right 4, bottom left 8) the line pieces
# between the middles of its sides, all in one sense of rotation. The two saddles keep diagonal pixels apart.
_PIECES: dict[int, tuple[str, ...]] = {
    1: ("NW",), 2: ("EN",), 3: ("EW",), 4: ("SE",), 5: ("NW", "SE"), 6: ("SN",), 7: ("SW",),
    8: ("WS",), 9: ("NS",), 10: ("EN", "WS"), 11: ("ES",), 12: ("WE",), 13: ("NE",), 14: ("WN",),
}  # fmt: skip
_SIDES = {"N": (0, 1), "E": (1, 2), "S": (2, 1), "W": (1, 0)}  # (row, column) in half pixels


def outlines(mask: np.ndarray) -> list[list[Point]]:
    """Closed outlines of a (rows, columns) bool mask as lists of (x, y) in pixels.

    Pixel (r, c) covers x from c to c + 1 and y from r to r + 1.
    """
    padded = np.pad(mask.astype(bool), 1)
    code = padded[:-1, :-1] * 1 + padded[:-1, 1:] * 2 + padded[1:, 1:] * 4 + padded[1:, :-1] * 8
    following: dict[tuple[int, int], tuple[int, int]] = {}
    for row, column in np.argwhere((code > 0) & (code < 15)).tolist():
        for piece in _PIECES[int(code[row, column])]:
            (r0, c0), (r1, c1) = _SIDES[piece[0]], _SIDES[piece[1]]
            following[(2 * row + r0, 2 * column + c0)] = (2 * row + r1, 2 * column + c1)
    found = []
    while following:
        first, place = following.popitem()
        ring = [first]
        while place != first:
            ring.append(place)
            place = following.pop(place)
        # half pixels of the padded image, whose pixel centres are at even places: (place - 1) / 2 is in pixels
        found.append([((column - 1) / 2, (row - 1) / 2) for row, column in _without_straight_runs(ring)])
    return found


def _without_straight_runs(ring: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Drop the points between two pieces of the same direction."""
    kept = []
    for index, point in enumerate(ring):
        before, after = ring[index - 1], ring[(index + 1) % len(ring)]
        turn = (point[0] - before[0]) * (after[1] - point[1]) - (point[1] - before[1]) * (after[0] - point[0])
        if turn:
            kept.append(point)
    return kept


def svg_path(mask: np.ndarray, column_mm: float, row_mm: float) -> str:
    """The outlines as the `d` of an SVG path in mm; "" for an empty mask."""
    parts = []
    for ring in outlines(mask):
        points = " ".join(f"{x * column_mm:.4g},{y * row_mm:.4g}" for x, y in ring)
        parts.append(f"M{points}Z")
    return "".join(parts)
