"""The slice views: what they show, how it is fitted, and jumping to a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import slicer
import vtk

from DualSSLSegLib.imaging.geometry import closest_axes
from DualSSLSegLib.scene.arrays import affine_of, matrix_of
from DualSSLSegLib.scene.nodes import ROLE, SCAN, is_there
from DualSSLSegLib.scene.placement import grid_of

KEEP = "keep-current"
_MARGIN = 0.1  # of the field: a point closer to its edge than that counts as out of view
_OBLIQUE_DEGREES = 0.5
_TURNED = "DualSSLSeg.Turned"  # attribute of a slice node that we have turned to the axes of a scan


def slice_nodes() -> list[Any]:
    """The slice nodes of the scene."""
    return list(_nodes("vtkMRMLSliceNode"))


def composite_nodes() -> list[Any]:
    """The nodes that say which volumes the slice views show."""
    return list(_nodes("vtkMRMLSliceCompositeNode"))


def show_layers(
    background: Any | None = KEEP, foreground: Any | None = KEEP, foreground_opacity: float | None = None
) -> None:
    """Show volume nodes in every slice view; None empties a layer, KEEP leaves it."""
    slicer.util.setSliceViewerLayers(
        background=background, foreground=foreground, foregroundOpacity=foreground_opacity
    )


def make_active(volume_node: Any) -> None:
    """Make a volume the one that Slicer's modules begin with; the views are not touched."""
    selection = slicer.app.applicationLogic().GetSelectionNode()
    if selection is not None:
        selection.SetActiveVolumeID(volume_node.GetID())


def shown_scan() -> Any | None:
    """The scan of ours that the slice views show in the background; None when they show none."""
    for composite in composite_nodes():
        node = slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "")
        if node is not None and node.GetAttribute(ROLE) == SCAN:
            return node
    return None


def fit(volume_node: Any | None = None) -> None:
    """Fit the slices to the background; with `volume_node` they are first turned to its axes when it lies oblique, so
    that each slice shows one layer of voxels.
    """
    if volume_node is not None:
        _align(volume_node)
    logics = slicer.app.applicationLogic().GetSliceLogics()
    for number in range(logics.GetNumberOfItems() if logics is not None else 0):
        logic = logics.GetItemAsObject(number)
        logic.FitSliceToBackground()
        logic.SnapSliceOffsetToIJK()


def jump_to(ras_mm: Sequence[float]) -> None:
    """Scroll every slice view to a point in RAS of the world, in mm; a view that does not show the point is moved
    sideways as little as needed, and its zoom stays.
    """
    for node in slice_nodes():
        node.JumpSliceByOffsetting(*(float(value) for value in ras_mm))
        _pan(node, ras_mm)


def _pan(node: Any, ras_mm: Sequence[float]) -> None:
    xy_to_ras = affine_of(node.GetXYToRAS())
    width, height = node.GetDimensions()[:2]
    if width < 1 or height < 1 or abs(np.linalg.det(xy_to_ras)) < 1e-12:
        return
    x, y = np.linalg.solve(xy_to_ras, np.array([*ras_mm, 1.0]))[:2]
    shift = np.zeros(4)
    for axis, (place, size) in enumerate(((x, width), (y, height))):
        if not _MARGIN * size <= place <= (1 - _MARGIN) * size:
            shift[axis] = place - np.clip(place, 2 * _MARGIN * size, (1 - 2 * _MARGIN) * size)
    if shift.any():
        slice_to_ras = affine_of(node.GetSliceToRAS())
        slice_to_ras[:3, 3] += (xy_to_ras @ shift)[:3]
        node.GetSliceToRAS().DeepCopy(matrix_of(slice_to_ras))
        node.UpdateMatrices()


def _align(volume_node: Any) -> None:
    oblique = _angle(volume_node) > _OBLIQUE_DEGREES
    for node in slice_nodes():
        if oblique:
            node.RotateToVolumePlane(volume_node)
            node.SetAttribute(_TURNED, "1")
        elif node.GetAttribute(_TURNED):
            node.SetOrientationToDefault()
            node.RemoveAttribute(_TURNED)


def _angle(volume_node: Any) -> float:
    """How far the axes of a volume point away from those of the world, in degrees."""
    affine = grid_of(volume_node).affine
    parent = volume_node.GetParentTransformNode()
    if parent is not None and parent.IsTransformToWorldLinear():
        matrix = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(matrix)
        affine = affine_of(matrix) @ affine
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    _, world, _ = closest_axes(affine)
    cosines = np.abs([directions[w, axis] for axis, w in enumerate(world)])
    return float(np.degrees(np.arccos(np.clip(cosines, 0, 1))).max())


def _nodes(kind: str) -> Iterator[Any]:
    found = slicer.mrmlScene.GetNodesByClass(kind)
    found.UnRegister(None)
    for number in range(found.GetNumberOfItems()):
        node = found.GetItemAsObject(number)
        if is_there(node):
            yield node
