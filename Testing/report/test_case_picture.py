"""A case is drawn as a radiologist hangs it: sides named rightly, millimetres true, outlines where the
voxels are.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from DualSSLSegLib.report import palette, png
from DualSSLSegLib.report.case_picture import CaseVolumes, draw
from DualSSLSegLib.report.contours import outlines, svg_path
from DualSSLSegLib.report.slices import (
    AXIAL,
    CORONAL,
    PLANES,
    SAGITTAL,
    cut,
    field_of_view,
    grey_window,
    telling_slice,
    to_grey,
)

EVERYTHING = (slice(None), slice(None), slice(None))


def _pixels(uri: str, folder: Path) -> np.ndarray:
    """Decode a data URI with an independent reader."""
    path = folder / "picture.png"
    path.write_bytes(base64.b64decode(uri.removeprefix("data:image/png;base64,")))
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))


def test_grey_pictures_are_read_back_as_written(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (13, 29), dtype=np.uint8)
    np.testing.assert_array_equal(_pixels(png.grey_uri(pixels), tmp_path), pixels)


def test_heat_pictures_carry_the_colours_of_the_scale(tmp_path: Path) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    colours, opacity = palette.heat_colours(), palette.heat_opacity()
    shown = _pixels(png.indexed_uri(pixels, colours, opacity), tmp_path)
    np.testing.assert_array_equal(shown[..., :3], colours[pixels])
    np.testing.assert_array_equal(shown[..., 3], opacity[pixels])


def test_the_scale_grows_evenly_brighter_and_more_solid() -> None:
    brightness = palette.heat_colours() @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(brightness) > -0.6).all()
    assert (np.diff(palette.heat_opacity().astype(int)) >= 0).all()
    assert palette.heat_opacity()[0] == 0


@pytest.mark.parametrize("wrong", [np.zeros((2, 2)), np.zeros((2, 2, 3), np.uint8)])
def test_only_byte_pictures_are_written(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="2D uint8"):
        png.grey_uri(wrong)


def test_the_letters_name_the_sides_of_the_patient() -> None:
    """A bright voxel far to the right, front and head of the patient appears at those letters' edges."""
    volume = np.zeros((9, 11, 13))
    volume[8, 10, 12] = 1.0
    for plane, index in ((AXIAL, 12), (CORONAL, 10), (SAGITTAL, 8)):
        picture = cut(volume, plane, index, EVERYTHING)
        row, column = np.argwhere(picture == 1.0)[0]
        horizontal = plane.left if column == 0 else plane.right
        vertical = plane.top if row == 0 else plane.bottom
        assert {horizontal, vertical} <= {"R", "A", "S"}, plane.name


def test_slices_have_the_shape_and_size_of_the_body() -> None:
    volumes = _case(shape=(20, 30, 10), spacing_mm=(1.0, 0.5, 3.0))
    for view, plane in zip(draw(volumes, "c"), PLANES, strict=True):
        width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', view.outlined).groups())
        assert width == pytest.approx(volumes.image.shape[plane.columns] * volumes.spacing_mm[plane.columns])
        assert height == pytest.approx(volumes.image.shape[plane.rows] * volumes.spacing_mm[plane.rows])


def test_outlines_lie_between_inside_and_outside() -> None:
    """Around a rectangle of pixels the outline encloses it but for half a pixel's corner each."""
    mask = np.zeros((8, 9), bool)
    mask[2:5, 3:7] = True
    (ring,) = outlines(mask)
    x, y = np.array(ring).T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(3 * 4 - 4 * 0.125)
    assert (x.min(), x.max(), y.min(), y.max()) == (3.0, 7.0, 2.0, 5.0)


def test_random_masks_have_closed_outlines_with_their_area() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        mask = rng.random((7, 6)) < 0.5
        doubled_area = 0.0
        for ring in outlines(mask):
            x, y = np.array(ring).T
            doubled_area += np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))
        corners = np.pad(mask, 1).astype(int)
        neighbours = corners[:-1, :-1] + corners[:-1, 1:] + corners[1:, :-1] + corners[1:, 1:]
        diagonal = (neighbours == 2) & (corners[:-1, :-1] == corners[1:, 1:])
        # inside of a 2 x 2 neighbourhood: 1/8 with one pixel, 1/2 with two, 7/8 with three, 2/8 at a saddle
        expected = np.choose(neighbours, [0, 1 / 8, 1 / 2, 7 / 8, 1])[~diagonal].sum() + diagonal.sum() / 4
        assert abs(doubled_area) / 2 == pytest.approx(expected)


def test_an_empty_mask_has_no_outline() -> None:
    assert svg_path(np.zeros((4, 4), bool), 1.0, 1.0) == ""


def test_the_slice_with_the_error_is_shown() -> None:
    volumes = _case()
    prediction = volumes.prediction.copy()
    prediction[5:8, 5:8, 9] = 1
    assert telling_slice(AXIAL, prediction, volumes.prediction, None) == 9


def test_without_a_reference_the_uncertain_slice_is_shown() -> None:
    volumes = _case()
    uncertainty = np.zeros(volumes.image.shape, np.float32)
    uncertainty[:, 3, :] = 1.0
    assert telling_slice(CORONAL, volumes.prediction, None, uncertainty) == 3


def test_a_large_scan_is_cut_to_the_structure_and_stays_small() -> None:
    label = np.zeros((400, 400, 60), np.uint8)
    label[180:200, 190:220, 20:30] = 1
    image = np.random.default_rng(0).normal(100, 20, label.shape).astype(np.float32)
    box = field_of_view([label], (1.0, 1.0, 2.0))
    assert all(part.stop - part.start < 70 for part in box)
    views = draw(CaseVolumes(image, (1.0, 1.0, 2.0), label), "c")
    assert all(len(view.outlined) < 40_000 for view in views)
    assert all(view.heat is None for view in views)


def test_nothing_predicted_still_gives_a_picture_of_everything() -> None:
    volumes = _case()
    empty = CaseVolumes(volumes.image, volumes.spacing_mm, np.zeros_like(volumes.prediction))
    views = draw(empty, "c")
    assert len(views) == 3
    assert all('<path class="prediction"' not in view.outlined for view in views)


def test_one_bright_voxel_does_not_darken_the_picture() -> None:
    image = np.random.default_rng(0).uniform(100, 200, (30, 30, 30))
    image[0, 0, 0] = 1e6
    low, high = grey_window(image, EVERYTHING)
    assert 95 < low < 105
    assert 195 < high < 205
    assert to_grey(np.full((2, 2), 7.0), grey_window(np.full((3, 3, 3), 7.0), EVERYTHING)).shape == (2, 2)


def _case(
    shape: tuple[int, int, int] = (14, 14, 14), spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> CaseVolumes:
    label = np.zeros(shape, np.uint8)
    label[tuple(slice(n // 3, 2 * n // 3) for n in shape)] = 1
    image = np.random.default_rng(0).normal(100, 10, shape).astype(np.float32) + 50 * label
    uncertainty = np.full(shape, 0.3, np.float32)
    return CaseVolumes(image, spacing_mm, label, label, uncertainty)
