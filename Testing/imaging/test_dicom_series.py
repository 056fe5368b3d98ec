"""DICOM series folders: placed by the slices' positions, refused when they are not one complete series."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dicom_files import write_seg, write_series
from support.grids import grids, turned_grid

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import is_dicom_folder
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.read import read_grid, read_image
from DualSSLSegLib.imaging.resample import as_closest_ras

GRID = turned_grid((10, 8, 7), (0.7, 0.8, 6.5), angles=(11, 4, -3), signs=(-1, -1, 1))


def some_image(grid: Grid = GRID) -> np.ndarray:
    return np.random.default_rng(0).integers(-1000, 2000, grid.shape).astype(np.int16)


def refused(folder: Path, *words: str) -> str:
    messages = []
    for read in (read_grid, lambda path: read_image([path], "case")):
        with pytest.raises(BadInput) as caught:
            read(folder)
        messages.append(str(caught.value))
        assert caught.value.hint and str(folder) in messages[-1]
    for word in words:
        assert word in messages[-1], messages[-1]
    assert messages[0] == messages[1]
    return messages[-1]


@settings(max_examples=15, deadline=None)
@given(grid=grids(low=2, high=8), shuffle=st.integers(0, 990))
def test_slices_are_ordered_and_placed_by_their_positions(grid, shuffle):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "Serie ä 一"
        write_series(folder, some_image(grid), grid, shuffle=shuffle)
        assert is_dicom_folder(folder)
        volume = read_image([folder], "case")
    assert as_closest_ras(volume.grid).same_as(as_closest_ras(grid), 1e-3)
    # A stack against the slice normal comes back in the order along it.
    same_way = np.allclose(volume.affine[:3, 2], grid.affine[:3, 2], atol=1e-3)
    expected = some_image(grid) if same_way else some_image(grid)[:, :, ::-1]
    assert np.array_equal(volume.array[0], expected)


def test_each_slice_is_rescaled_by_its_own_slope(tmp_path):
    slopes = np.linspace(0.5, 2.0, GRID.shape[2])
    write_series(tmp_path / "pet", some_image(), GRID, slopes=slopes)
    volume = read_image([tmp_path / "pet"], "case")
    np.testing.assert_allclose(volume.array[0], some_image() * slopes.astype(np.float32), rtol=1e-5)


def test_missing_slices_are_named_with_their_number(tmp_path):
    paths = write_series(tmp_path / "gap", some_image(), GRID, leave_out=[3])
    refused(tmp_path / "gap", "1 slice is missing", paths[2].name, paths[4].name, "13.00 mm", "6.50 mm")
    write_series(tmp_path / "wide", some_image(), GRID, leave_out=[2, 3])
    refused(tmp_path / "wide", "2 slices are missing")


def test_two_series_in_one_folder_are_named(tmp_path):
    write_series(tmp_path / "mixed", some_image(), GRID, description="T1 pre")
    write_series(tmp_path / "mixed", some_image(), GRID, description="FLAIR", shuffle=500)
    refused(tmp_path / "mixed", "T1 pre (7)", "FLAIR (7)", "folder of its own")


def edit(path: Path, **values: object) -> None:
    import pydicom

    data = pydicom.dcmread(path)
    for key, value in values.items():
        if value is None:
            delattr(data, key)
        else:
            setattr(data, key, value)
    data.save_as(path)


def test_slices_that_do_not_belong_are_named(tmp_path):
    paths = write_series(tmp_path / "turned", some_image(), GRID)
    edit(paths[2], ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    assert "another direction" in refused(tmp_path / "turned")
    paths = write_series(tmp_path / "coarse", some_image(), GRID)
    edit(paths[2], PixelSpacing=["1.4", "1.4"])
    refused(tmp_path / "coarse", "pixels of")
    paths = write_series(tmp_path / "twice", some_image(), GRID)
    shutil.copy(paths[3], paths[3].with_name("copy.dcm"))
    refused(tmp_path / "twice", "at one place", "copy.dcm")
    paths = write_series(tmp_path / "nowhere", some_image(), GRID)
    edit(paths[1], ImagePositionPatient=None)
    refused(tmp_path / "nowhere", "does not say where it lies", paths[1].name)
    paths = write_series(tmp_path / "uneven", some_image(), GRID)
    moved = (np.array([-1, -1, 1]) * (GRID.affine @ [0, 0, 4.3, 1])[:3]).round(6)
    edit(paths[4], ImagePositionPatient=[str(v) for v in moved])
    refused(tmp_path / "uneven", "unevenly spaced")
    paths = write_series(tmp_path / "aside", some_image(), GRID)
    moved = (np.array([-1, -1, 1]) * (GRID.affine @ [2, 0, 4, 1])[:3]).round(6)
    edit(paths[4], ImagePositionPatient=[str(v) for v in moved])
    refused(tmp_path / "aside", "sideways", paths[4].name)


def test_a_tilted_gantry_is_refused(tmp_path):
    tilted = GRID.affine.copy()
    tilted[:3, 2] += 1.5 * GRID.directions[:, 1]
    write_series(tmp_path / "tilt", some_image(), Grid(GRID.shape, tilted))
    refused(tmp_path / "tilt", "right angles", "gantry")


def test_one_slice_and_no_slice_are_refused(tmp_path):
    write_series(tmp_path / "one", some_image(), GRID, leave_out=range(1, 7))
    refused(tmp_path / "one", "single slice")
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "readme.txt").write_text("hello")
    refused(tmp_path / "none", "no DICOM image")
    assert not is_dicom_folder(tmp_path / "none")


def test_a_cut_slice_is_named(tmp_path):
    paths = write_series(tmp_path / "cut", some_image(), GRID)
    for share in (0.0, 0.1, 0.5, 0.9, 0.99):
        whole = paths[5].read_bytes()
        paths[5].write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(BadInput) as caught:
            read_image([tmp_path / "cut"], "case")
        assert paths[5].name in str(caught.value)
        paths[5].write_bytes(whole)


def test_other_objects_and_files_beside_the_slices_do_not_matter(tmp_path):
    folder = tmp_path / "series"
    write_series(folder, some_image(), GRID)
    write_seg(folder / "seg.dcm", {"a": some_image() > 0}, GRID)
    (folder / "notes.txt").write_text("hello")
    (folder / ".DS_Store").write_bytes(b"x")
    assert np.array_equal(read_image([folder], "case").array[0], some_image())
