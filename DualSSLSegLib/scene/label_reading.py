"""A segmentation node as one label array on the grid of a scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
import vtk

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid, nearest_rotation
from DualSSLSegLib.imaging.placing import lattice, paste
from DualSSLSegLib.scene.arrays import affine_of, matrix_of, voxels_of
from DualSSLSegLib.scene.matching import match, refuse_ambiguous, segment_ids, unknown_segments
from DualSSLSegLib.scene.placement import grid_of, linear_between, transform_between
from DualSSLSegLib.study.model import Structure

LABELMAP = "Binary labelmap"
_LARGEST_LOSS = 0.05
_SAMPLES = 500_000
_SHEAR_TOLERANCE = 1e-3


def label_of(segmentation_node: Any, structures: Sequence[Structure], volume_node: Any) -> np.ndarray:
    """The label (X, Y, Z) uint8, in Fortran order, that a segmentation node is on the voxels of a volume node.

    Segments are matched by tag, then name, then terminology code. A structure without a segment is empty; where two
    segments overlap, the later one of the list wins. Segments on another grid are resampled (nearest voxel) by Slicer;
    parent transforms of both nodes count. Empty segments that are no structure are passed over.
    Raises BadInput, listing both sides, for a segment that is no structure.
    """
    return label_on(segmentation_node, structures, grid_of(volume_node), volume_node.GetParentTransformNode())


def label_on(
    segmentation_node: Any,
    structures: Sequence[Structure],
    grid: Grid,
    parent: Any | None = None,
    *,
    tags: bool = True,
    inside: bool = False,
) -> np.ndarray:
    """As `label_of`, on a grid under the transform node `parent`, or None.

    `tags=False` for a segmentation that is not ours. With `inside`, raises BadInput, too, when more than a twentieth of
    a segment lies outside the grid.
    """
    own_parent = segmentation_node.GetParentTransformNode()
    try:
        return merge(
            segmentation_node.GetSegmentation(),
            own_parent,
            structures,
            grid,
            parent,
            tags=tags,
            inside=inside,
        )
    except BadInput as error:
        raise BadInput(f"{segmentation_node.GetName()!r}: {error.message}", hint=error.hint) from error


def merge(
    segmentation: Any,
    own_parent: Any | None,
    structures: Sequence[Structure],
    grid: Grid,
    parent: Any | None,
    *,
    tags: bool = True,
    inside: bool = False,
) -> np.ndarray:
    """As `label_on`, for a vtkSegmentation under the transform node `own_parent`, or None."""
    to_grid = linear_between(own_parent, parent)
    segmentation = _with_labelmaps(segmentation, grid, to_grid)
    if tags:
        refuse_ambiguous(segmentation, structures)
    known = match(segmentation, structures, tags=tags)
    strangers = [
        segmentation.GetSegment(name).GetName()
        for name in segment_ids(segmentation)
        if name not in known and _mask_of(segmentation, name) is not None
    ]
    if strangers:
        raise unknown_segments(strangers, structures)
    result = np.zeros(grid.shape, np.uint8, order="F")
    bent = None if to_grid is not None else transform_between(own_parent, parent)
    layers = _Layers(grid, to_grid, bent)
    for name, structure in known.items():
        segment = segmentation.GetSegment(name)
        image = segment.GetRepresentation(LABELMAP)
        if voxels_of(image) is not None:
            if inside:
                _check_inside(layers, image, segment, grid)
            layers.paste(image, segment.GetLabelValue(), structure.value, result)
    return result


class _Layers:
    """Label maps that several segments share, resampled onto the grid once each."""

    def __init__(self, grid: Grid, to_grid: np.ndarray | None, bent: Any | None) -> None:
        self._grid, self._to_grid, self._bent = grid, to_grid, bent
        self._resampled: dict[str, Any] = {}

    def affine(self, image: Any) -> np.ndarray | None:
        """4x4 from the voxels of a label map (the first is 0, 0, 0) to the grid's millimetres; None when bent."""
        if self._to_grid is None:
            return None
        affine = affine_of(_index_to_world(image))
        affine[:3, 3] += affine[:3, :3] @ np.array(image.GetExtent()[::2])
        return self._to_grid @ affine

    def paste(self, image: Any, label_value: int, value: int, result: np.ndarray) -> None:
        affine = self.affine(image)
        shape = image.GetDimensions()
        step = None if affine is None else lattice(Grid(shape, affine), self._grid)
        if step is None:
            key = image.GetAddressAsString("vtkObject")
            if key not in self._resampled:
                self._resampled[key] = self._resample(image)
            own = voxels_of(self._resampled[key])
            if own is not None:
                np.copyto(result, np.uint8(value), where=own == label_value)
            return
        own = voxels_of(image)
        assert own is not None
        paste(np.broadcast_to(np.uint8(value), shape), result, step, own == label_value)

    def _resample(self, image: Any) -> Any:
        """The label map on the grid, by Slicer, nearest voxel."""
        target = slicer.vtkOrientedImageData()
        target.SetExtent(*(end for n in self._grid.shape for end in (0, n - 1)))
        target.SetImageToWorldMatrix(matrix_of(self._grid.affine))
        source = image
        transform = self._bent
        if self._to_grid is not None:
            moved = self._to_grid @ affine_of(_index_to_world(image))
            if _is_sheared(moved):
                transform = vtk.vtkTransform()
                transform.SetMatrix(matrix_of(self._to_grid))
            else:
                source = slicer.vtkOrientedImageData()
                source.ShallowCopy(image)
                source.SetImageToWorldMatrix(matrix_of(moved))
        result = slicer.vtkOrientedImageData()
        done = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
            source, target, result, False, False, transform
        )
        if not done:
            raise BadInput(
                "Slicer could not bring this segmentation onto the voxels of the scan.",
                hint="Harden its transforms (module Transforms), or draw it on this scan.",
            )
        return result


def _with_labelmaps(segmentation: Any, grid: Grid, to_grid: np.ndarray | None) -> Any:
    """The segmentation, or, when it has no label maps, a copy whose surfaces were made voxels of `grid`."""
    if segmentation.GetNumberOfSegments() == 0 or segmentation.ContainsRepresentation(LABELMAP):
        return segmentation
    copy = slicer.vtkSegmentation()
    copy.DeepCopy(segmentation)
    geometry = slicer.vtkOrientedImageData()
    geometry.SetExtent(*(end for n in grid.shape for end in (0, n - 1)))
    affine = grid.affine if to_grid is None else np.linalg.solve(to_grid, grid.affine)
    geometry.SetImageToWorldMatrix(matrix_of(grid.affine if _is_sheared(affine) else affine))
    converter = slicer.vtkSegmentationConverter
    copy.SetConversionParameter(
        converter.GetReferenceImageGeometryParameterName(), converter.SerializeImageGeometry(geometry)
    )
    if not copy.CreateRepresentation(LABELMAP):
        raise BadInput(
            "its segments could not be made voxels.",
            hint="Create their binary labelmap in the module Segmentations, and look whether it is as you wish.",
        )
    return copy


def _mask_of(segmentation: Any, name: str) -> np.ndarray | None:
    """Where a segment is, on its own label map; None when it is empty."""
    segment = segmentation.GetSegment(name)
    own = voxels_of(segment.GetRepresentation(LABELMAP))
    if own is None:
        return None
    mask = own == segment.GetLabelValue()
    return mask if mask.any() else None


def _check_inside(layers: _Layers, image: Any, segment: Any, grid: Grid) -> None:
    """Raises BadInput when much of a segment lies outside the grid. Bent transforms are not looked at."""
    affine, own = layers.affine(image), voxels_of(image)
    if affine is None or own is None:
        return
    step = max(1, round((own.size / _SAMPLES) ** (1 / 3)))
    lost = share_outside(own[::step, ::step, ::step] == segment.GetLabelValue(), affine, step, grid)
    if lost > _LARGEST_LOSS:
        raise BadInput(
            f"{lost:.0%} of segment {segment.GetName()!r} lies outside the scan.",
            hint="Take a segmentation that was drawn on this scan.",
        )


def share_outside(sample: np.ndarray, affine: np.ndarray, step: int, grid: Grid) -> float:
    """The share of a mask's voxels (every `step`-th one; `affine` is that of all) that lie outside `grid`."""
    where = np.argwhere(sample).T * step
    if where.size == 0:
        return 0.0
    matrix = np.linalg.solve(grid.affine, affine)
    index = matrix[:3, :3] @ where + matrix[:3, 3:]
    ends = np.array(grid.shape)[:, None] - 0.5
    slack = 1e-6
    return 1 - float(((index >= -0.5 - slack) & (index <= ends + slack)).all(axis=0).mean())


def _index_to_world(image: Any) -> Any:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return matrix


def _is_sheared(affine: np.ndarray) -> bool:
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(directions - nearest_rotation(affine)).max() > _SHEAR_TOLERANCE)
