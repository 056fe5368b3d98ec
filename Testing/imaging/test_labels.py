"""Label files of any origin become the study's values on the scan's grid, or are refused with both sides
listed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dicom_files import write_seg, write_series
from support.grids import ALL_TURNS, blob, grids, turned_grid
from support.other_writers import write_with_itk, write_with_nibabel

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, Grid
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.write import write_label, write_map


class Structure(NamedTuple):
    name: str
    value: int
    codes: dict[str, Any] | None = None


LIVER = {"scheme": "SCT", "value": "10200004", "meaning": "Liver"}
LEFT = {"scheme": "SCT", "value": "7771000", "meaning": "Left"}
RIGHT = {"scheme": "SCT", "value": "24028007", "meaning": "Right"}
KIDNEY = {"scheme": "SCT", "value": "64033007", "meaning": "Kidney"}
TWO = [Structure("anterior", 1), Structure("posterior", 2)]
GRID = turned_grid((12, 10, 9), (0.7, 0.8, 2), angles=(11, 4, -3), signs=(-1, -1, 1))


def refused(path: Path, structures=TWO, grid: Grid = GRID) -> str:
    with pytest.raises(BadInput) as caught:
        read_label(path, grid, structures)
    assert caught.value.path == str(path) and caught.value.hint
    return str(caught.value)


def test_whole_numbers_in_any_type_are_labels(tmp_path):
    for kind in ("uint8", "int16", "int32", "uint16", "float32", "float64"):
        write_with_itk(tmp_path / "label.nrrd", blob(GRID).astype(kind), GRID)
        label = read_label(tmp_path / "label.nrrd", GRID, TWO)
        assert label.dtype == np.uint8 and label.flags.c_contiguous
        assert np.array_equal(label, blob(GRID))
    write_with_nibabel(tmp_path / "label.nii.gz", blob(GRID).astype(np.int16), GRID.affine, slope=(1, 0))
    assert np.array_equal(read_label(tmp_path / "label.nii.gz", GRID, TWO), blob(GRID))


@pytest.mark.parametrize(("order", "signs"), ALL_TURNS)
def test_the_same_voxels_in_another_axis_order_are_put_right_exactly(tmp_path, order, signs):
    label = blob(GRID)
    turned = label.transpose(order)[tuple(slice(None, None, s) for s in signs)]
    at = np.zeros((4, 4))
    at[3, 3] = 1
    for axis, (source, sign) in enumerate(zip(order, signs, strict=True)):
        at[source, axis] = sign
        at[source, 3] = 0 if sign > 0 else GRID.shape[source] - 1
    write_label(tmp_path / "label.nii.gz", turned, Grid(turned.shape, GRID.affine @ at))
    assert np.array_equal(read_label(tmp_path / "label.nii.gz", GRID, TWO), label)


def test_unknown_values_list_both_sides(tmp_path):
    label = blob(GRID)
    label[0, 0, :2] = (7, 9)
    write_label(tmp_path / "label.nii.gz", label, GRID)
    message = refused(tmp_path / "label.nii.gz")
    assert "values 7, 9" in message and "0 background, 1 anterior, 2 posterior" in message


def test_fractions_and_nan_are_no_labels(tmp_path):
    half = blob(GRID) / 3
    write_map(tmp_path / "p.nii.gz", half, GRID)
    assert "not whole numbers" in refused(tmp_path / "p.nii.gz")
    half = blob(GRID).astype(np.float32)
    half[0, 0, 0] = np.nan
    write_map(tmp_path / "p.nii.gz", half, GRID)
    assert "not whole numbers" in refused(tmp_path / "p.nii.gz")
    with_minus = blob(GRID).astype(np.int16)
    with_minus[0, 0, 0] = -1
    write_with_itk(tmp_path / "m.mha", with_minus, GRID)
    assert "value -1" in refused(tmp_path / "m.mha")


def test_another_grid_is_refused_with_the_difference(tmp_path):
    path = tmp_path / "label.nii.gz"
    other = turned_grid((9, 9, 9), (0.7, 0.8, 2.5))
    write_label(path, blob(other), other)
    message = refused(path)
    assert "size 9 x 9 x 9 instead of 12 x 10 x 9" in message and "2.5 instead of" in message
    moved = GRID.affine.copy()
    moved[:3, 3] += moved[:3, 0] / 2
    write_label(path, blob(GRID), Grid(GRID.shape, moved))
    assert "0.35 mm away" in refused(path)
    moved[:3, 3] += moved[:3, 0] / 2
    write_label(path, blob(GRID), Grid(GRID.shape, moved))
    assert "0.70 mm away" in refused(path)


def write_seg_nrrd(path: Path, layers: np.ndarray, grid: Grid, segments: list[dict[str, str]]) -> None:
    """layers (L, X, Y, Z) uint8; with one layer the file has three axes, as Slicer writes it."""
    lps = LPS_FROM_RAS @ grid.affine
    vectors = ["(" + ",".join(repr(float(v)) for v in lps[:3, n]) + ")" for n in range(4)]
    several = len(layers) > 1
    lines = [
        "NRRD0004",
        "type: unsigned char",
        f"dimension: {4 if several else 3}",
        "space: left-posterior-superior",
        f"sizes: {f'{len(layers)} ' if several else ''}{' '.join(map(str, grid.shape))}",
        f"space directions: {'none ' if several else ''}{' '.join(vectors[:3])}",
        f"kinds: {'list ' if several else ''}domain domain domain",
        "encoding: raw",
        f"space origin: {vectors[3]}",
    ]
    for number, segment in enumerate(segments):
        lines += [f"Segment{number}_{key}:={value}" for key, value in segment.items()]
    data = (layers if several else layers[0]).astype(np.uint8).tobytes(order="F")
    path.write_bytes(("\n".join(lines) + "\n\n").encode() + data)


def entry(kind: dict[str, str], modifier: dict[str, str] | None = None) -> str:
    def code(c: dict[str, str] | None) -> str:
        return f"{c['scheme']}^{c['value']}^{c['meaning']}" if c else "^^"

    category = "SCT^123037004^Anatomical Structure"
    return f"TerminologyEntry:List~{category}~{code(kind)}~{code(modifier)}~Anatomic~^^~^^|Segmentation.Status:done"


def cropped(grid: Grid, start: tuple[int, int, int], shape: tuple[int, int, int]) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] = (grid.affine @ [*start, 1])[:3]
    return Grid(shape, affine)


@settings(max_examples=25, deadline=None)
@given(grid=grids(), layered=st.booleans(), margin=st.integers(0, 2))
def test_a_slicer_segmentation_goes_by_name_whatever_its_values_layers_and_extent(grid, layered, margin):
    label = blob(grid)
    used = np.argwhere(label)
    low = np.maximum(used.min(axis=0) - margin, 0)
    high = np.minimum(used.max(axis=0) + 1 + margin, grid.shape)
    part = label[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    own = cropped(grid, tuple(low), part.shape)
    if layered:
        layers = np.stack([np.where(part == 2, 5, 0), np.where(part == 1, 5, 0)])
        places = [{"Layer": "0", "LabelValue": "5"}, {"Layer": "1", "LabelValue": "5"}]
    else:
        layers = np.where(part == 2, 1, np.where(part == 1, 2, 0))[None]
        places = [{"Layer": "0", "LabelValue": "1"}, {"Layer": "0", "LabelValue": "2"}]
    names = [{"ID": "s0", "Name": " Posterior "}, {"ID": "s1", "Name": "ANTERIOR"}]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.seg.nrrd"
        write_seg_nrrd(path, layers, own, [n | p for n, p in zip(names, places, strict=True)])
        assert np.array_equal(read_label(path, grid, TWO), label)


def test_segments_go_by_code_with_their_side(tmp_path):
    path = tmp_path / "x.seg.nrrd"
    layer = np.zeros((1, *GRID.shape), np.uint8)
    layer[0, 2], layer[0, 5], layer[0, 7] = 1, 2, 3
    segments = [
        {"ID": "1", "Name": "Segment_1", "LabelValue": "1", "Layer": "0", "Tags": entry(KIDNEY, LEFT)},
        {"ID": "2", "Name": "Segment_2", "LabelValue": "2", "Layer": "0", "Tags": entry(KIDNEY, RIGHT)},
        {"ID": "3", "Name": "Leber", "LabelValue": "3", "Layer": "0", "Tags": entry(LIVER)},
    ]
    write_seg_nrrd(path, layer, GRID, segments)
    structures = [
        Structure("liver", 1, LIVER),
        Structure("right kidney", 2, {"type": KIDNEY, "type_modifier": RIGHT}),
        Structure("left kidney", 3, {**KIDNEY, "modifier": LEFT}),
    ]
    label = read_label(path, GRID, structures)
    assert [int(label[n].max()) for n in (2, 5, 7)] == [3, 2, 1]
    assert "segment 'Segment_1' is no structure" in refused(path, [Structure("kidney", 1, KIDNEY)])
    assert "1 anterior, 2 posterior" in refused(path)


def test_segments_of_old_files_empty_ones_and_overlaps(tmp_path):
    path = tmp_path / "x.seg.nrrd"
    layers = np.zeros((3, *GRID.shape), np.uint8)
    layers[0, 2:6], layers[1, 5:8] = 1, 1
    names = [{"Name": "anterior"}, {"Name": "posterior"}, {"Name": "scratch"}]
    write_seg_nrrd(path, layers, GRID, names)
    label = read_label(path, GRID, TWO)
    assert [int(label[n].max()) for n in (2, 4, 5, 7, 8)] == [1, 1, 2, 2, 0]
    empty = cropped(GRID, (0, 0, 0), (1, 1, 1))
    write_seg_nrrd(path, np.zeros((1, 1, 1, 1)), empty, [{"Name": "anterior", "LabelValue": "1"}])
    assert not read_label(path, GRID, TWO).any()
    write_seg_nrrd(path, layers, GRID, [{"Name": "anterior", "Layer": "8"}])
    assert "no readable layer" in refused(path)
    write_seg_nrrd(path, layers, GRID, [])
    assert "names no segments" in refused(path)


def test_a_segmentation_on_a_finer_turned_geometry_is_resampled(tmp_path):
    fine = turned_grid((40, 40, 30), (0.4, 0.4, 0.7), angles=(2, 5, 8))
    at = np.indices(fine.shape).reshape(3, -1)
    world = fine.affine[:3, :3] @ at + fine.affine[:3, 3:]
    ball = (np.linalg.norm(world - GRID.centre_mm[:, None], axis=0) < 3.0).reshape(fine.shape)
    path = tmp_path / "x.seg.nrrd"
    write_seg_nrrd(path, ball[None], fine, [{"Name": "anterior", "LabelValue": "1", "Layer": "0"}])
    label = read_label(path, GRID, TWO)
    centre = GRID.affine[:3, :3] @ np.argwhere(label).mean(axis=0) + GRID.affine[:3, 3]
    assert np.linalg.norm(centre - GRID.centre_mm) < 0.3
    assert abs(label.sum() * 0.7 * 0.8 * 2 / (ball.sum() * 0.4 * 0.4 * 0.7) - 1) < 0.15


def test_a_segmentation_of_another_scan_is_refused(tmp_path):
    path = tmp_path / "x.seg.nrrd"
    away = turned_grid(GRID.shape, GRID.spacing_mm, centre=(500, 0, 0))
    write_seg_nrrd(path, blob(away)[None], away, [{"Name": "anterior", "LabelValue": "1", "Layer": "0"}])
    assert "100% of segment 'anterior' lies outside the scan" in refused(path)


@settings(max_examples=15, deadline=None)
@given(grid=grids())
def test_a_dicom_segmentation_goes_by_name_and_lies_right(grid):
    label = blob(grid)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seg 分割.dcm"
        write_seg(path, {"posterior": label == 2, "Anterior": label == 1}, grid)
        assert np.array_equal(read_label(path, grid, TWO), label)


def test_a_dicom_segmentation_goes_by_code_and_bad_ones_are_refused(tmp_path):
    path = tmp_path / "seg.dcm"
    write_seg(path, {"Leber": blob(GRID) > 0}, GRID, codes={"Leber": LIVER["value"]})
    assert read_label(path, GRID, [Structure("liver", 4, LIVER)]).max() == 4
    assert "segment 'Leber' is no structure" in refused(path)
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.8, 0.98):
        path.write_bytes(whole[: int(len(whole) * share)])
        refused(path)
    slices = write_series(tmp_path / "series", np.ones(GRID.shape, np.int16), GRID)
    assert "not a segmentation" in refused(slices[0])


def test_a_label_that_is_missing_a_picture_or_a_folder_is_refused(tmp_path):
    assert "does not exist" in refused(tmp_path / "no.nii.gz")
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    assert "not supported" in refused(tmp_path / "a.png")
    assert "folder" in refused(tmp_path)
