"""No voxel moves between the study and Slicer, however a scan lies in space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import vtk
from hypothesis import HealthCheck, given, settings
from support.grids import blob, grids, turned_grid

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid
from scene.examples import OBLIQUE, PLAIN, STRUCTURES, scan

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")
import slicer  # noqa: E402

from DualSSLSegLib.scene import nodes  # noqa: E402
from DualSSLSegLib.scene.arrays import affine_of, in_slicers_order, matrix_of  # noqa: E402
from DualSSLSegLib.scene.placement import grid_of, to_world  # noqa: E402
from DualSSLSegLib.scene.segmentation import add_segmentation, copy_from, label_of  # noqa: E402
from DualSSLSegLib.scene.volume_node import add_channels, add_volume  # noqa: E402

EVERY_GRID = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _random_label(grid: Grid, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([0, 0, 0, 1, 2, 5], np.uint8), grid.shape)


def _transform(matrix: np.ndarray):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(matrix_of(matrix))
    return node


@given(grid=grids())
@EVERY_GRID
def test_a_label_comes_back_voxel_for_voxel_from_any_grid(scene, grid: Grid) -> None:
    volume = scan(grid)
    label = _random_label(grid)
    volume_node = add_volume(volume, "scan")
    segmentation_node = add_segmentation(label, STRUCTURES, volume_node, "label")
    shown = slicer.util.arrayFromVolume(volume_node)
    assert (shown == volume.array[0].transpose(2, 1, 0)).all()
    assert grid_of(volume_node).same_as(grid, tolerance=1e-6)
    assert (label_of(segmentation_node, STRUCTURES, volume_node) == label).all()
    for node in (segmentation_node, volume_node):
        nodes.remove(node)


@given(grid=grids())
@EVERY_GRID
def test_what_is_drawn_in_slicer_lies_on_the_voxels_of_the_scan(scene, grid: Grid) -> None:
    """Drawn as the Segment Editor and scripts do it: as arrays (k, j, i) on the volume node."""
    label = blob(grid)
    volume_node = add_volume(scan(grid), "scan")
    segmentation_node = add_segmentation(None, STRUCTURES, volume_node, "label")
    for value in (1, 2):
        drawn = (label == value).transpose(2, 1, 0).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            drawn, segmentation_node, f"structure_{value}", volume_node
        )
    assert (label_of(segmentation_node, STRUCTURES, volume_node) == label).all()
    back = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation_node, "structure_2", volume_node)
    assert (back == (label == 2).transpose(2, 1, 0)).all()
    for node in (segmentation_node, volume_node):
        nodes.remove(node)


@given(grid=grids())
@EVERY_GRID
def test_slicer_itself_exports_the_same_voxels(scene, grid: Grid) -> None:
    """The segments that we make are what Slicer's own export understands."""
    label = _random_label(grid, seed=1)
    volume_node = add_volume(scan(grid), "scan")
    segmentation_node = add_segmentation(label, STRUCTURES, volume_node, "label")
    for structure in STRUCTURES:
        theirs = slicer.util.arrayFromSegmentBinaryLabelmap(
            segmentation_node, f"structure_{structure.value}", volume_node
        )
        assert (theirs == (label == structure.value).transpose(2, 1, 0)).all()
    for node in (segmentation_node, volume_node):
        nodes.remove(node)


def test_a_segmentation_on_a_finer_grid_is_resampled_onto_the_scan(scene) -> None:
    """A box in the middle, drawn on half the voxel size: every voxel of the scan takes the nearest fine one."""
    coarse = add_volume(scan(PLAIN), "scan")
    fine_grid = turned_grid((48, 40, 32), (0.5, 0.5, 1.0), centre=(0.1, 0.1, 0.1))
    fine = add_volume(scan(fine_grid), "fine")
    label = np.zeros(fine_grid.shape, np.uint8)
    label[10:30, 8:20, 6:22] = 2
    node = add_segmentation(label, STRUCTURES, fine, "fine label")
    result = label_of(node, STRUCTURES, coarse)
    to_fine = np.linalg.solve(fine_grid.affine, PLAIN.affine)
    index = np.indices(PLAIN.shape).reshape(3, -1)
    where = np.rint(to_fine[:3, :3] @ index + to_fine[:3, 3:]).astype(int)
    inside = ((where >= 0) & (where < np.array(fine_grid.shape)[:, None])).all(axis=0)
    expected = np.zeros(index.shape[1], np.uint8)
    expected[inside] = label[tuple(where[:, inside])]
    assert (result == expected.reshape(PLAIN.shape)).all()
    assert (result == 2).any()


def test_the_same_parent_transform_changes_nothing(scene) -> None:
    label = blob(OBLIQUE)
    volume_node = add_volume(scan(OBLIQUE), "scan")
    moved = turned_grid((4, 4, 4), (1, 1, 1), angles=(30, 0, 10)).affine
    volume_node.SetAndObserveTransformNodeID(_transform(moved).GetID())
    node = add_segmentation(label, STRUCTURES, volume_node, "label")
    assert node.GetTransformNodeID() == volume_node.GetTransformNodeID()
    assert (label_of(node, STRUCTURES, volume_node) == label).all()


def test_a_parent_transform_of_the_scan_alone_moves_the_scan_under_the_label(scene) -> None:
    """The scan is moved by two voxels, the segmentation is not: its voxels are now two further back in the scan."""
    label = blob(OBLIQUE)
    volume_node = add_volume(scan(OBLIQUE), "scan")
    node = add_segmentation(label, STRUCTURES, volume_node, "label")
    shift = np.eye(4)
    shift[:3, 3] = 2 * OBLIQUE.affine[:3, 0]
    volume_node.SetAndObserveTransformNodeID(_transform(shift).GetID())
    result = label_of(node, STRUCTURES, volume_node)
    assert (result[:-2] == label[2:]).all()
    assert not result[-2:].any()


def test_a_rotated_segmentation_is_resampled_through_its_transform(scene) -> None:
    """Under the inverse of a rotation that was hardened into the grid the label is what it was."""
    label = blob(PLAIN)
    volume_node = add_volume(scan(PLAIN), "scan")
    turn = turned_grid((3, 3, 3), (1, 1, 1), angles=(0, 0, 90), centre=(0, 0, 0)).affine.copy()
    turn[:3, 3] = 0
    rotated = add_volume(scan(Grid(PLAIN.shape, turn @ PLAIN.affine)), "rotated")
    node = add_segmentation(label, STRUCTURES, rotated, "label")
    node.SetAndObserveTransformNodeID(_transform(np.linalg.inv(turn)).GetID())
    assert (label_of(node, STRUCTURES, volume_node) == label).all()


def test_a_sheared_segmentation_is_resampled_through_its_transform(scene) -> None:
    """Each layer of the label is moved two voxels further than the one below."""
    label = blob(PLAIN)
    volume_node = add_volume(scan(PLAIN), "scan")
    node = add_segmentation(label, STRUCTURES, volume_node, "label")
    shear = np.eye(4)
    shear[0, 2] = 1.0
    node.SetAndObserveTransformNodeID(_transform(shear).GetID())
    result = label_of(node, STRUCTURES, volume_node)
    height = PLAIN.affine[2, 2] * np.arange(PLAIN.shape[2]) + PLAIN.affine[2, 3]
    expected = np.zeros_like(label)
    for layer, steps in enumerate(np.round(height).astype(int)):
        for at in range(PLAIN.shape[0]):
            if 0 <= at - steps < PLAIN.shape[0]:
                expected[at, :, layer] = label[at - steps, :, layer]
    assert expected.any()
    assert (result == expected).all()


def test_a_bent_transform_is_followed(scene) -> None:
    """A thin-plate spline that moves everything by one voxel."""
    label = blob(PLAIN)
    volume_node = add_volume(scan(PLAIN), "scan")
    node = add_segmentation(label, STRUCTURES, volume_node, "label")
    spline = vtk.vtkThinPlateSplineTransform()
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for corner in np.ndindex(2, 2, 2):
        place = np.array(corner) * 200.0 - 100.0
        source.InsertNextPoint(*place)
        target.InsertNextPoint(*(place + PLAIN.affine[:3, 1]))
    spline.SetSourceLandmarks(source)
    spline.SetTargetLandmarks(target)
    spline.SetBasisToR()
    bent = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    bent.SetAndObserveTransformToParent(spline)
    node.SetAndObserveTransformNodeID(bent.GetID())
    result = label_of(node, STRUCTURES, volume_node)
    assert (result[:, 1:] == label[:, :-1]).all()


def test_points_go_through_the_transforms_of_the_scan(scene) -> None:
    volume_node = add_volume(scan(PLAIN), "scan")
    assert to_world(volume_node, (1, 2, 3)) == (1, 2, 3)
    shift = np.eye(4)
    shift[:3, 3] = (10, -20, 5)
    volume_node.SetAndObserveTransformNodeID(_transform(shift).GetID())
    assert to_world(volume_node, (1, 2, 3)) == pytest.approx((11, -18, 8))


@pytest.mark.parametrize("channels", [1, 2])
def test_a_scan_in_slicers_own_order_is_not_copied(scene, channels: int) -> None:
    """As the background can prepare it."""
    volume = scan(OBLIQUE, channels=channels)
    array = in_slicers_order(volume.array)
    assert (array == volume.array).all()
    assert in_slicers_order(array) is array
    for node, channel in zip(add_channels(replace(volume, array=array), "scan"), array, strict=True):
        assert np.shares_memory(slicer.util.arrayFromVolume(node), channel)


def test_a_scan_that_may_not_be_written_is_copied(scene) -> None:
    """Slicer's modules may change a volume's voxels, which must not end in a crash."""
    array = in_slicers_order(scan(OBLIQUE).array)
    array.setflags(write=False)
    node = add_volume(replace(scan(OBLIQUE), array=array), "scan")
    slicer.util.arrayFromVolume(node)[:] = 0
    assert array.any()


def test_a_label_is_always_copied(scene) -> None:
    """Drawing on it must not change the array that it came from."""
    label = np.asfortranarray(np.ones(PLAIN.shape, np.uint8))
    volume_node = add_volume(scan(PLAIN), "scan")
    node = add_segmentation(label, STRUCTURES, volume_node, "label")
    slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, "structure_1")[:] = 0
    assert label.all()


def test_every_channel_is_a_volume_of_its_own(scene) -> None:
    volume = scan(OBLIQUE, channels=3)
    channels = add_channels(volume, "Fall Müller")
    assert [node.GetName() for node in channels] == [
        "Fall Müller",
        "Fall Müller (channel 2)",
        "Fall Müller (channel 3)",
    ]
    for node, array in zip(channels, volume.array, strict=True):
        assert (slicer.util.arrayFromVolume(node) == array.transpose(2, 1, 0)).all()


def test_a_label_of_another_size_is_refused(scene) -> None:
    volume_node = add_volume(scan(PLAIN), "scan")
    with pytest.raises(BadInput, match="voxels"):
        add_segmentation(np.zeros((3, 3, 3), np.uint8), STRUCTURES, volume_node, "label")


def test_a_label_with_values_of_no_structure_is_refused(scene) -> None:
    volume_node = add_volume(scan(PLAIN), "scan")
    with pytest.raises(BadInput, match=r"values 7, which.*5 left kidney"):
        add_segmentation(np.full(PLAIN.shape, 7, np.uint8), STRUCTURES, volume_node, "label")


def test_a_surface_becomes_voxels_and_its_node_stays_a_surface(scene) -> None:
    """A segmentation that is a model, as from a planning program."""
    volume_node = add_volume(scan(PLAIN), "scan")
    own = add_segmentation(None, STRUCTURES, volume_node, "label")
    sphere = vtk.vtkSphereSource()
    sphere.SetRadius(6)
    sphere.SetThetaResolution(40)
    sphere.SetPhiResolution(40)
    sphere.Update()
    other = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "model")
    other.SetSourceRepresentationToClosedSurface()
    other.AddSegmentFromClosedSurfaceRepresentation(sphere.GetOutput(), "Left Kidney", [1, 0, 0])
    copy_from(other, own, STRUCTURES, volume_node)
    label = label_of(own, STRUCTURES, volume_node)
    centres = PLAIN.affine[:3, :3] @ np.indices(PLAIN.shape).reshape(3, -1) + PLAIN.affine[:3, 3:]
    ball = (np.linalg.norm(centres, axis=0) < 6).reshape(PLAIN.shape)
    assert np.count_nonzero((label == 5) != ball) < 0.15 * ball.sum()
    assert not other.GetSegmentation().ContainsRepresentation("Binary labelmap")
    assert affine_of(matrix_of(PLAIN.affine)) == pytest.approx(PLAIN.affine)
