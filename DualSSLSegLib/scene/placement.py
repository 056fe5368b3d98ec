"""Where nodes lie: the grid of a volume node, parent transforms between nodes, positions in the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
import vtk

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.scene.arrays import affine_of


def grid_of(volume_node: Any) -> Grid:
    """The grid of a volume node without its parent transforms. Raises BadInput when it holds no image."""
    image = volume_node.GetImageData()
    if image is None or min(image.GetDimensions()) < 1:
        raise BadInput(f"the volume {volume_node.GetName()!r} holds no image.", hint="Open the case again.")
    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    return Grid(image.GetDimensions(), affine_of(matrix))


def follow(node: Any, volume_node: Any) -> None:
    """Put a node under the same parent transform as the volume whose coordinates it has."""
    wanted = volume_node.GetTransformNodeID()
    if node.GetTransformNodeID() != wanted:
        node.SetAndObserveTransformNodeID(wanted)


def to_world(volume_node: Any | None, ras_mm: Sequence[float]) -> tuple[float, float, float]:
    """A point in the volume's own RAS, in RAS of the world (through its parent transforms, also bent ones)."""
    x, y, z = (float(value) for value in ras_mm)
    if volume_node is None or volume_node.GetParentTransformNode() is None:
        return x, y, z
    moved = [0.0, 0.0, 0.0]
    volume_node.TransformPointToWorld([x, y, z], moved)
    return moved[0], moved[1], moved[2]


def linear_between(parent: Any | None, target_parent: Any | None) -> np.ndarray | None:
    """4x4 from coordinates under `parent` (a transform node or None) to those under `target_parent`; None when the way
    is not linear.
    """
    if parent is target_parent:
        return np.eye(4)
    if not all(node is None or node.IsTransformToWorldLinear() for node in (parent, target_parent)):
        return None
    matrix = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(parent, target_parent, matrix)
    return affine_of(matrix)


def transform_between(parent: Any | None, target_parent: Any | None) -> vtk.vtkGeneralTransform:
    """As `linear_between`, for any transform."""
    general = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(parent, target_parent, general)
    return general
