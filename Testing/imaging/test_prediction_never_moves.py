"""The promise to the user: whatever the scan's format and orientation, a prediction lies where the structure
is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dicom_files import write_series
from support.grids import blob, centroid_mm, grids
from support.other_writers import read_with_itk, write_with_itk, write_with_nibabel

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.read import read_grid, read_image
from DualSSLSegLib.imaging.resample import as_closest_ras, from_working, to_working
from DualSSLSegLib.imaging.write import write_label

IN = [".nii", ".nii.gz", ".nrrd", ".mha", "nibabel.nii.gz", "dicom"]
OUT = [".nii", ".nii.gz", ".nrrd", ".mha"]


def scan_by_another_program(folder: Path, kind: str, array: np.ndarray, grid: Grid) -> Path:
    path = folder / f"患者 Müller 1{kind}"
    if kind == "dicom":
        write_series(path, array, grid)
    elif kind == "nibabel.nii.gz":
        write_with_nibabel(path, array.astype(np.int16), grid.affine)
    else:
        write_with_itk(path, array.astype(np.int16), grid)
    return path


@pytest.mark.parametrize("kind", IN)
@settings(max_examples=25, deadline=None)
@given(
    grid=grids(), out=st.sampled_from(OUT), change=st.tuples(*[st.floats(0.5, 1.6)] * 3), same=st.booleans()
)
def test_a_structure_found_in_the_scan_is_written_back_to_its_place(kind, grid, out, change, same):
    truth = blob(grid) > 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = scan_by_another_program(folder, kind, truth * 100, grid)
        volume = read_image([path], "case")
        assert read_grid(path).same_as(volume.grid, 1e-6)

        spacing = np.array(as_closest_ras(volume.grid).spacing_mm) * (1.0 if same else np.array(change))
        working_image, working = to_working(volume.array, volume.grid, spacing, label=False)
        sure = working_image[0] / 100  # what a perfect network says on the working grid
        predicted = from_working(sure, working, volume.grid, label=False) > 0.5
        write_label(folder / f"out{out}", predicted, volume.grid)

        again, its_grid = read_with_itk(folder / f"out{out}")
    assert its_grid.shape == volume.grid.shape
    assert its_grid.corner_displacement(volume.grid) < 1e-3
    shift = centroid_mm(again > 0, its_grid.affine) - centroid_mm(truth, grid.affine)
    in_voxels = np.abs(np.linalg.solve(grid.affine[:3, :3], shift))
    if same:
        np.testing.assert_allclose(in_voxels, 0, atol=1e-2)
        assert (again > 0).sum() == truth.sum()
    else:
        assert in_voxels.max() < 0.5
