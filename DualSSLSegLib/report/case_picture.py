"""The picture of one case: grey slices with outlines of prediction and reference, and the uncertainty as a
heat map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from DualSSLSegLib.report import palette, png
from DualSSLSegLib.report.contours import svg_path
from DualSSLSegLib.report.slices import (
    PLANES,
    Box,
    Plane,
    cut,
    field_of_view,
    grey_window,
    telling_slice,
    to_grey,
)

_LONGEST_SIDE_PIXELS = 360


@dataclass(frozen=True)
class CaseVolumes:
    """What is drawn: all arrays (X, Y, Z), axes closest to right, front, head; `uncertainty` 0..1, labels
    class ids.
    """

    image: np.ndarray
    spacing_mm: tuple[float, float, float]
    prediction: np.ndarray
    reference: np.ndarray | None = None
    uncertainty: np.ndarray | None = None


@dataclass(frozen=True)
class View:
    """One drawn plane as two SVG elements over the same slice; `heat` is None without an uncertainty map."""

    plane: str
    width_mm: float
    outlined: str
    heat: str | None


def draw(volumes: CaseVolumes, key: str, planes: tuple[Plane, ...] = PLANES) -> list[View]:
    """Draw the case in the given planes. `key` makes element ids unique in the page."""
    labels = [volumes.prediction] if volumes.reference is None else [volumes.prediction, volumes.reference]
    box = field_of_view(labels, volumes.spacing_mm)
    window = grey_window(volumes.image, box)
    return [_draw_plane(volumes, plane, box, window, f"{key}-{plane.name}") for plane in planes]


def best_plane(volumes: CaseVolumes) -> Plane:
    """The plane whose telling slice shows the largest part of the structure."""

    def shown(plane: Plane) -> float:
        index = telling_slice(plane, volumes.prediction, volumes.reference, volumes.uncertainty)
        area_mm2 = volumes.spacing_mm[plane.columns] * volumes.spacing_mm[plane.rows]
        return float((np.take(volumes.prediction, index, plane.through) > 0).sum()) * area_mm2

    return max(PLANES, key=shown)


def _draw_plane(volumes: CaseVolumes, plane: Plane, box: Box, window: tuple[float, float], key: str) -> View:
    index = telling_slice(plane, volumes.prediction, volumes.reference, volumes.uncertainty)
    index = min(max(index, box[plane.through].start), box[plane.through].stop - 1)
    column_mm, row_mm = volumes.spacing_mm[plane.columns], volumes.spacing_mm[plane.rows]
    grey = to_grey(cut(volumes.image, plane, index, box), window)
    width, height = grey.shape[1] * column_mm, grey.shape[0] * row_mm
    image = f'<image id="{key}" href="{png.grey_uri(_shrunk(grey))}" {_extent(width, height)}/>'
    paths = [_paths(cut(volumes.prediction, plane, index, box), column_mm, row_mm, "prediction")]
    if volumes.reference is not None:
        paths.insert(0, _paths(cut(volumes.reference, plane, index, box), column_mm, row_mm, "reference"))
    place = f"slice {index + 1} of {volumes.image.shape[plane.through]}"
    outlined = _svg(plane, width, height, f"{plane.name}, {place}, with outlines", image + "".join(paths))
    heat = None
    if volumes.uncertainty is not None:
        levels = np.round(255 * np.clip(cut(volumes.uncertainty, plane, index, box), 0, 1)).astype(np.uint8)
        uri = png.indexed_uri(_shrunk(levels), palette.heat_colours(), palette.heat_opacity())
        layers = f'<use href="#{key}" class="dim"/><image href="{uri}" {_extent(width, height)}/>'
        heat = _svg(plane, width, height, f"{plane.name}, {place}, uncertainty", layers)
    return View(plane.name, width, outlined, heat)


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """Fewer, evenly spaced pixels of a large slice: the page stays small enough to send."""
    step = -(-max(pixels.shape) // _LONGEST_SIDE_PIXELS)
    rows, columns = (((np.arange(-(-n // step)) + 0.5) * n / -(-n // step)).astype(int) for n in pixels.shape)
    return np.ascontiguousarray(pixels[np.ix_(rows, columns)])


def _extent(width: float, height: float) -> str:
    return f'width="{width:.4g}" height="{height:.4g}" preserveAspectRatio="none"'


def _paths(label: np.ndarray, column_mm: float, row_mm: float, role: str) -> str:
    drawn = (svg_path(label == value, column_mm, row_mm) for value in np.unique(label[label > 0]))
    return "".join(f'<path class="{role}" d="{path}"/>' for path in drawn)


def _svg(plane: Plane, width: float, height: float, title: str, content: str) -> str:
    size = 0.055 * max(width, height)
    letters = (
        (plane.left, 0.35 * size, height / 2 + 0.35 * size, "start"),
        (plane.right, width - 0.35 * size, height / 2 + 0.35 * size, "end"),
        (plane.top, width / 2, size, "middle"),
        (plane.bottom, width / 2, height - 0.35 * size, "middle"),
    )
    text = "".join(
        f'<text x="{x:.4g}" y="{y:.4g}" font-size="{size:.3g}" text-anchor="{anchor}">{letter}</text>'
        for letter, x, y, anchor in letters
    )
    ruler_mm = 10 if max(width, height) < 120 else 50
    ruler = (
        f'<path class="ruler" d="M{width - ruler_mm - 0.5 * size:.4g},{height - 0.6 * size:.4g}h{ruler_mm}"/>'
    )
    return (
        f'<svg viewBox="0 0 {width:.4g} {height:.4g}" role="img" aria-label="{title}"><title>{title}</title>'
        f"{content}{ruler}{text}</svg>"
    )
