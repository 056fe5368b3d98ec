"""What is wrong with a file is said with its name, the reason and the next step; nothing is ever filled
up.
"""

from __future__ import annotations

import contextlib
import gzip
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grids import turned_grid
from support.other_writers import write_with_itk, write_with_nibabel

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.read import read_grid, read_image
from DualSSLSegLib.imaging.streams import gunzip
from DualSSLSegLib.imaging.write import write_map

GRID = turned_grid((9, 8, 7), (1, 1, 2), angles=(3, 0, 5))
SUFFIXES = [".nii", ".nii.gz", ".nrrd", ".mha", "_raw.nrrd", "_raw.mha"]


def some_image() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 1000, GRID.shape).astype(np.int16)


def whole_file(suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"scan{suffix}"
        write_with_itk(path, some_image(), GRID, compress="raw" not in suffix)
        return path.read_bytes()


WHOLE = {suffix: whole_file(suffix) for suffix in SUFFIXES}


def refused(path: Path, *words: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_image([path], "case")
    message = str(caught.value)
    assert caught.value.path == str(path)
    assert caught.value.hint, "every error names the next step"
    for word in words:
        assert word in message, message
    return message


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused(suffix, share):
    data = WHOLE[suffix]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"cut{suffix}"
        path.write_bytes(data[: int(share * len(data))])
        refused(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=80, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_header_is_read_or_refused_but_never_crashes(suffix, changes):
    data = bytearray(WHOLE[suffix])
    for place, value in changes:
        data[place % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"damaged{suffix}"
        path.write_bytes(data)
        for read in (read_grid, lambda p: read_image([p], "case")):
            with contextlib.suppress(BadInput):
                read(path)


@settings(max_examples=80, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_header_inside_sound_gzip_is_read_or_refused_but_never_crashes(changes):
    data = bytearray(WHOLE[".nii"])
    for place, value in changes:
        data[place] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.nii.gz"
        path.write_bytes(gzip.compress(bytes(data), 1))
        with contextlib.suppress(BadInput):
            read_image([path], "case")


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_flipped_bit_in_packed_voxels_is_noticed(tmp_path, suffix):
    data = bytearray(WHOLE[suffix])
    data[-len(data) // 4] ^= 0x10
    path = tmp_path / f"scan{suffix}"
    path.write_bytes(data)
    refused(path)


def test_gzip_of_many_members_is_unpacked_without_copying_the_rest_for_each(tmp_path):
    """As bgzip writes it, a member for every 64 KB: copying what is left behind each would take hours."""
    pieces = [bytes([n % 256]) * 70_000 for n in range(5)]
    packed = b"".join(map(gzip.compress, pieces))
    assert gunzip(packed, tmp_path) == gunzip(packed + bytes(1000), tmp_path) == b"".join(pieces)
    for damaged in (packed[:-1], packed + b"more", packed[:-40] + bytes(40)):
        with pytest.raises(BadInput, match="damaged"):
            gunzip(damaged, tmp_path)
    note = bytes(60_000)  # in the header of a member: much to read and nothing to unpack
    member = b"\x1f\x8b\x08\x04" + bytes(6) + len(note).to_bytes(2, "little") + note + b"\x03\x00" + bytes(8)
    many = member * 20
    tracemalloc.start()
    assert gunzip(many, tmp_path) == b""
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(many) / 2


def test_missing_empty_folder_and_foreign_files(tmp_path):
    refused(tmp_path / "gone.nii.gz", "does not exist")
    empty = tmp_path / "empty.nii.gz"
    empty.touch()
    refused(empty, "empty")
    for suffix in (".nii.gz", ".nii", ".nrrd", ".mha"):
        wrong = tmp_path / f"text{suffix}"
        wrong.write_text("this is a letter to my aunt\n" * 30)
        refused(wrong, "not a" if suffix != ".nrrd" else "not an NRRD")
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"\xff\xd8")
    refused(picture, "not supported", ".nii.gz")
    folder = tmp_path / "folder"
    folder.mkdir()
    refused(folder, "no DICOM image")


def test_names_in_any_script_are_fine(tmp_path):
    for suffix in (".nii", ".nii.gz", ".nrrd", ".mha"):
        path = tmp_path / "海馬 Prüfung ß é" / f"スキャン 1{suffix}"
        write_map(path, some_image(), GRID)
        assert np.array_equal(read_image([path], "x").array[0], some_image())


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_nan_infinity_and_emptiness_are_counted(tmp_path, suffix):
    image = some_image().astype(np.float32)
    path = tmp_path / f"scan{suffix}"
    image[0, 0, :3] = np.nan
    image[0, 0, 3] = np.inf
    write_map(path, image, GRID)
    refused(path, "4 of its 504 voxels", "NaN")
    write_map(path, np.full(GRID.shape, 7), GRID)
    refused(path, "same value (7)")


def test_a_series_of_volumes_is_refused_and_one_volume_with_a_fourth_axis_is_not(tmp_path):
    path = tmp_path / "scan.nii.gz"
    write_with_nibabel(path, some_image()[..., None], GRID.affine)
    assert read_image([path], "x").array.shape == (1, *GRID.shape)
    write_with_nibabel(path, np.stack([some_image()] * 3, axis=-1), GRID.affine)
    refused(path, "4-D", "3 volumes")
    write_with_nibabel(path, some_image()[:, :, :1], GRID.affine)
    refused(path, "single slice")
    write_with_nibabel(path, some_image()[:, :, 0], GRID.affine)
    refused(path, "single slice")


def test_a_sheared_volume_is_refused_in_every_format(tmp_path):
    sheared = GRID.affine.copy()
    sheared[:3, 2] += 0.2 * sheared[:3, 0]
    path = tmp_path / "scan.nii.gz"
    write_with_nibabel(path, some_image(), sheared)
    assert "right angles" in refused(path, "sheared", "3D Slicer")
    grid = type(GRID)(GRID.shape, sheared)
    for suffix in (".nrrd", ".mha"):
        write_map(tmp_path / f"scan{suffix}", some_image(), grid)
        refused(tmp_path / f"scan{suffix}", "right angles")


def test_contradicting_positions_are_refused_and_tiny_differences_are_not(tmp_path):
    path = tmp_path / "scan.nii.gz"
    other = GRID.affine.copy()
    other[:3, 3] += 0.01
    write_with_nibabel(path, some_image(), GRID.affine, other)
    assert read_grid(path).same_as(GRID, 1e-4)
    other[:3, 3] += (5, 0, 0)
    write_with_nibabel(path, some_image(), GRID.affine, other)
    refused(path, "contradict", "qform", "5.01 mm")
    flipped = GRID.affine @ np.diag([-1, 1, 1, 1])
    write_with_nibabel(path, some_image(), GRID.affine, flipped)
    refused(path, "contradict")


def test_channels_of_one_case_share_a_grid(tmp_path):
    a, b = tmp_path / "case_0000.nii.gz", tmp_path / "case_0001.nrrd"
    write_map(a, some_image(), GRID)
    write_map(b, some_image() * 2, GRID)
    volume = read_image([a, b], "case")
    assert volume.array.shape == (2, *GRID.shape) and volume.array.dtype == np.float32
    assert np.array_equal(volume.array[1], 2 * volume.array[0])
    write_map(b, some_image(), type(GRID)(GRID.shape, np.diag([3, 1, 1, 1])))
    with pytest.raises(
        BadInput, match=r"another grid than case_0000\.nii\.gz: voxel spacing 3 x 1 x 1"
    ) as caught:
        read_image([a, b], "case")
    assert caught.value.path == str(b)
    with pytest.raises(BadInput, match="no files"):
        read_image([], "case")
