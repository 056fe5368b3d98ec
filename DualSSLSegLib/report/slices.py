"""Two-dimensional pictures of a volume, as a radiologist hangs them: which slice, which part of it, which
grey values.

Arrays here are (X, Y, Z) with the axes increasing to the patient's right, front and head (closest to RAS).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CONTEXT_MM = 15.0
_DARKEST_PERCENTILE, _BRIGHTEST_PERCENTILE = 0.5, 99.5

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Plane:
    """A viewing plane: the array axis it is stacked along, those of its columns and rows, and the letters
    at its edges.

    Columns and rows run against their axis in all three, so that the patient's right is on the left of the
    picture, as if looked at from the feet and from the front.
    """

    name: str
    through: int
    columns: int
    rows: int
    left: str
    right: str
    top: str
    bottom: str


AXIAL = Plane("axial", 2, 0, 1, "R", "L", "A", "P")
CORONAL = Plane("coronal", 1, 0, 2, "R", "L", "S", "I")
SAGITTAL = Plane("sagittal", 0, 1, 2, "A", "P", "S", "I")
PLANES = (AXIAL, CORONAL, SAGITTAL)


def cut(array: np.ndarray, plane: Plane, index: int, box: Box) -> np.ndarray:
    """The slice `index` (of the whole array) inside `box` as (rows, columns), the way it is looked at."""
    place: list[slice | int] = list(box)
    place[plane.through] = index
    picture = array[tuple(place)]
    if plane.columns < plane.rows:
        picture = picture.T
    return picture[::-1, ::-1]


def field_of_view(labels: list[np.ndarray], spacing_mm: tuple[float, ...]) -> Box:
    """The part of a scan worth showing: all that is labelled and some context, or everything when nothing is."""
    labelled = np.zeros(labels[0].shape, bool)
    for label in labels:
        labelled |= label > 0
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        used = np.flatnonzero(labelled.any(axis=others))
        size = int(labelled.shape[axis])
        if len(used) == 0:
            x, y, z = labels[0].shape
            return (slice(0, x), slice(0, y), slice(0, z))
        context = round(_CONTEXT_MM / spacing_mm[axis])
        box.append(slice(max(0, int(used[0]) - context), min(size, int(used[-1]) + 1 + context)))
    return (box[0], box[1], box[2])


def telling_slice(
    plane: Plane, prediction: np.ndarray, reference: np.ndarray | None, uncertainty: np.ndarray | None
) -> int:
    """The slice with the most wrong voxels (with a reference) or the most uncertainty, else with the most
    structure.
    """
    others = (plane.columns, plane.rows)
    structure = (prediction > 0).sum(axis=others).astype(float)
    weight = 1e-3 * structure
    if uncertainty is not None:
        weight = weight + (0.1 if reference is not None else 1.0) * uncertainty.sum(axis=others)
    if reference is not None:
        weight = weight + (prediction != reference).sum(axis=others) + 1e-3 * (reference > 0).sum(axis=others)
    if not weight.any():
        return len(weight) // 2
    return int(weight.argmax())


def grey_window(image: np.ndarray, box: Box) -> tuple[float, float]:
    """Lowest and highest shown intensity: robust percentiles of what is in view, so that no bright voxel
    darkens it.
    """
    seen = image[box]
    low, high = np.percentile(seen, (_DARKEST_PERCENTILE, _BRIGHTEST_PERCENTILE))
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)


def to_grey(picture: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """uint8 grey values of a picture in intensity units."""
    low, high = window
    return np.round(255 * np.clip((picture - low) / (high - low), 0, 1)).astype(np.uint8)
