"""Reading and writing agree with SimpleITK and nibabel, and a result carries exactly the scan's geometry."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grids import grids, turned_grid
from support.other_writers import itk_image, read_with_itk, write_with_itk, write_with_nibabel

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, Grid
from DualSSLSegLib.imaging.read import read_grid, read_image, read_voxels
from DualSSLSegLib.imaging.write import write_label, write_map

FORMATS = [".nii", ".nii.gz", ".nrrd", ".mha"]
KINDS = ["uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64"]
GRID = turned_grid((7, 6, 5), (0.8, 1.1, 3), order=(2, 0, 1), signs=(1, -1, 1), angles=(8, -3, 21))


def image_of(grid: Grid, kind: str = "int16") -> np.ndarray:
    return np.random.default_rng(3).integers(0, 120, grid.shape).astype(kind)


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=30, deadline=None)
@given(grid=grids(low=2, high=9), kind=st.sampled_from(KINDS), compress=st.booleans())
def test_files_of_simpleitk_are_read_as_simpleitk_means_them(suffix, grid, kind, compress):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"scan{suffix}"
        write_with_itk(path, image_of(grid, kind), grid, compress=compress)
        array, its = read_voxels(path)
        assert read_grid(path).same_as(its, 0)
    assert np.array_equal(array, image_of(grid, kind))
    assert array.dtype == np.dtype(kind)
    assert its.corner_displacement(grid) < 1e-3


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=30, deadline=None)
@given(grid=grids(low=2, high=9))
def test_a_label_carries_exactly_the_grid_of_its_scan(suffix, grid):
    label = image_of(grid, "uint8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"label{suffix}"
        write_label(path, label, grid)
        ours, our_grid = read_voxels(path)
        theirs, their_grid = read_with_itk(path)
        pixel = sitk.ReadImage(str(path)).GetPixelIDTypeAsString()
    assert pixel == "8-bit unsigned integer"
    for array, its in ((ours, our_grid), (theirs, their_grid)):
        assert np.array_equal(array, label)
        assert its.shape == grid.shape
        assert its.corner_displacement(grid) < 1e-3


@settings(max_examples=40, deadline=None)
@given(grid=grids(low=2, high=9))
def test_nifti_labels_have_both_positions_and_no_scaling(grid):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "label.nii.gz"
        write_label(path, image_of(grid, "uint8"), grid)
        image = nibabel.load(path)
        header = image.header
        np.testing.assert_allclose(image.get_sform(), grid.affine, atol=1e-3)
        np.testing.assert_allclose(image.get_qform(), grid.affine, atol=2e-2)
        assert header["qform_code"] == header["sform_code"] == 1
        assert header.get_data_dtype() == np.uint8
        assert image.dataobj.slope == 1 and image.dataobj.inter == 0
        assert np.asanyarray(image.dataobj).dtype == np.uint8


@settings(max_examples=40, deadline=None)
@given(grid=grids(low=2, high=9), which=st.sampled_from(["sform", "qform", "both"]))
def test_nifti_of_nibabel_is_read_with_either_position(grid, which):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.nii"
        sform = grid.affine if which != "qform" else None
        qform = grid.affine if which != "sform" else None
        write_with_nibabel(path, image_of(grid), sform, qform)
        # Near a half turn a float32 quaternion is good to about a thousandth of a radian only.
        assert read_grid(path).corner_displacement(grid) < (0.1 if which == "qform" else 1e-3)


def test_rounding_of_the_quaternion_is_no_contradiction(tmp_path):
    for angle in np.linspace(0.01, 0.6, 20):
        big = turned_grid((512, 512, 3), (0.4, 0.4, 5), signs=(-1, -1, 1), angles=(angle, 0.3 * angle, angle))
        path = tmp_path / "big.nii"
        write_label(path, np.zeros(big.shape, np.uint8), big)
        assert read_grid(path).corner_displacement(big) < 1e-3


def test_scaling_of_nifti_is_applied(tmp_path):
    path = tmp_path / "scan.nii.gz"
    write_with_nibabel(path, image_of(GRID), GRID.affine, slope=(2.5, -1024))
    np.testing.assert_allclose(read_image([path], "x").array[0], image_of(GRID) * 2.5 - 1024)
    write_with_nibabel(path, image_of(GRID), GRID.affine, slope=(1, 0))
    assert read_voxels(path)[0].dtype == np.int16


def test_nifti_2_big_endian_and_wrongly_named_files_are_read(tmp_path):
    path = tmp_path / "two.nii.gz"
    nibabel.save(nibabel.Nifti2Image(image_of(GRID), GRID.affine), path)
    assert np.array_equal(read_voxels(path)[0], image_of(GRID)) and read_grid(path).same_as(GRID, 1e-6)
    image = nibabel.Nifti1Image(image_of(GRID), GRID.affine)
    swapped = nibabel.Nifti1Image(image_of(GRID).astype(">i2"), GRID.affine, image.header.as_byteswapped(">"))
    nibabel.save(swapped, tmp_path / "big.nii")
    assert np.array_equal(read_voxels(tmp_path / "big.nii")[0], image_of(GRID))
    (tmp_path / "packed.nii").write_bytes(path.read_bytes())
    assert np.array_equal(read_voxels(tmp_path / "packed.nii")[0], image_of(GRID))


def test_nifti_units_and_missing_orientation_follow_itk(tmp_path):
    path = tmp_path / "scan.nii"
    write_with_nibabel(path, image_of(GRID), None, None)
    _, theirs = read_with_itk(path)
    assert read_grid(path).same_as(theirs, 1e-6)
    image = nibabel.Nifti1Image(image_of(GRID), np.diag([500.0, 500, 900, 1]))
    image.header.set_xyzt_units("micron")
    nibabel.save(image, path)
    np.testing.assert_allclose(read_grid(path).spacing_mm, (0.5, 0.5, 0.9), rtol=1e-6)


def test_nifti_of_colours_is_refused(tmp_path):
    colours = np.zeros((5, 6, 7), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    nibabel.save(nibabel.Nifti1Image(colours, np.eye(4)), tmp_path / "rgb.nii")
    with pytest.raises(BadInput, match="colours"):
        read_grid(tmp_path / "rgb.nii")


def test_a_degenerate_sform_gives_way_to_a_sound_qform(tmp_path):
    path = tmp_path / "scan.nii"
    write_with_nibabel(path, image_of(GRID), GRID.affine, GRID.affine)
    data = bytearray(path.read_bytes())
    data[280:328] = b"\0" * 48
    path.write_bytes(data)
    assert read_grid(path).same_as(GRID, 1e-3)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("space", ["left-posterior-superior", "RAS", "left-anterior-superior"])
def test_nrrd_encodings_and_spaces(tmp_path, encoding, space):
    import bz2
    import gzip

    signs = {"left": (-1, -1, 1), "RAS": (1, 1, 1)}.get(space.split("-")[0], (1, 1, 1))
    signs = (-1, 1, 1) if space == "left-anterior-superior" else signs
    matrix = np.diag(signs) @ GRID.affine[:3]
    vectors = ["(" + ",".join(f"{v!r}" for v in map(float, matrix[:, n])) + ")" for n in range(4)]
    raw = image_of(GRID).astype(">i2").tobytes(order="F")
    packed = {
        "raw": raw,
        "gzip": gzip.compress(raw),
        "bzip2": bz2.compress(raw),
        "ascii": " ".join(str(v) for v in image_of(GRID).ravel(order="F")).encode(),
    }[encoding]
    head = (
        f"NRRD0005\n# comment\ntype: short\ndimension: 3\nspace: {space}\nsizes: 7 6 5\nendian: big\n"
        f"encoding: {encoding}\nspace directions: {' '.join(vectors[:3])}\nspace origin: {vectors[3]}\nkey:=a: b\n\n"
    )
    path = tmp_path / "scan.nrrd"
    path.write_bytes(head.encode() + packed)
    array, grid = read_voxels(path)
    assert np.array_equal(array, image_of(GRID))
    assert grid.same_as(GRID, 1e-9)


def test_nrrd_without_orientation_is_read_as_itk_reads_it(tmp_path):
    path = tmp_path / "scan.nrrd"
    head = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 7 6 5\nencoding: raw\nspacings: 1 2 3\n\n"
    path.write_bytes(head.encode() + image_of(GRID, "uint8").tobytes(order="F"))
    array, theirs = read_with_itk(path)
    assert np.array_equal(read_voxels(path)[0], array)
    assert read_grid(path).same_as(theirs, 1e-6)


def test_several_volumes_in_one_nrrd_or_mha_are_refused(tmp_path):
    vector = sitk.Compose([itk_image(image_of(GRID), GRID)] * 3)
    for suffix in (".nrrd", ".mha"):
        sitk.WriteImage(vector, str(tmp_path / f"vector{suffix}"))
        with pytest.raises(BadInput, match="not one 3-D scan"):
            read_grid(tmp_path / f"vector{suffix}")
    detached = tmp_path / "detached.nrrd"
    detached.write_text(
        "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\ndata file: x.raw\nencoding: raw\n\n"
    )
    with pytest.raises(BadInput, match="another file"):
        read_grid(detached)


def test_writing_is_reproducible_whole_and_refuses_what_does_not_fit(tmp_path):
    label = image_of(GRID, "uint8")
    for suffix in FORMATS:
        a, b = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        write_label(a, label, GRID)
        write_label(b, label.astype(np.int64), GRID)
        assert a.read_bytes() == b.read_bytes()
        write_map(a, label / 255, GRID)
        np.testing.assert_array_equal(read_voxels(a)[0], (label / 255).astype(np.float32))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    with pytest.raises(ValueError, match="does not fit"):
        write_label(tmp_path / "c.nii", label[1:], GRID)
    with pytest.raises(ValueError, match="whole numbers"):
        write_label(tmp_path / "c.nii", label + 0.5, GRID)
    with pytest.raises(BadInput, match=r"\.nii\.gz"):
        write_label(tmp_path / "c.png", label, GRID)
    with pytest.raises(BadInput, match="cannot be written"):
        write_label(a / "c.nii", label, GRID)
    assert not (tmp_path / "c.nii").exists()


def test_the_affine_is_ras_and_files_are_lps(tmp_path):
    grid = Grid((4, 5, 6), np.array([[2.0, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1]]))
    write_label(tmp_path / "a.nrrd", np.zeros(grid.shape, np.uint8), grid)
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    assert image.GetOrigin() == (-10, -20, 30)
    point = image.TransformIndexToPhysicalPoint((1, 2, 3))
    np.testing.assert_allclose((LPS_FROM_RAS @ grid.affine @ [1, 2, 3, 1])[:3], point)
