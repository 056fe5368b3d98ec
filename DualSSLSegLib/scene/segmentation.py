"""Labels as segmentation nodes of the scene, with the study's structures as segments; and back (`label_of`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.labels import describe_values, present_values
from DualSSLSegLib.scene.arrays import bounding_box, fill_image, matrix_of, voxels_of
from DualSSLSegLib.scene.label_reading import LABELMAP, label_of, label_on, merge, share_outside
from DualSSLSegLib.scene.matching import match, plain_name, tag_segment
from DualSSLSegLib.scene.nodes import SEGMENTATION, add_node
from DualSSLSegLib.scene.placement import follow, grid_of, linear_between
from DualSSLSegLib.scene.terminology import codes_of, entry_of, key_of, set_terminology, terminology_of
from DualSSLSegLib.study.model import Structure

__all__ = ["add_segmentation", "adopt_structures", "copy_from", "label_of", "label_on"]

_FILL, _OUTLINE = 0.3, 1.0  # the anatomy below stays visible


def add_segmentation(
    label: np.ndarray | None,
    structures: Sequence[Structure],
    volume_node: Any,
    name: str,
    role: str = SEGMENTATION,
) -> Any:
    """Add a vtkMRMLSegmentationNode with one segment for each structure, in their order; returns the node.

    label (X, Y, Z) uint8 on the voxels of `volume_node`, or None for empty segments; it is copied. The node lies under
    the volume's parent transform. Raises BadInput for a label of another size or with values of no structure.
    """
    grid = grid_of(volume_node)
    image = None if label is None else _shared_labelmap(label, grid, structures)
    node = slicer.vtkMRMLSegmentationNode()
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName(LABELMAP)
    for structure in structures:
        _add_segment(segmentation, structure, image)
    node = add_node(node, name, role)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetOpacity2DFill(_FILL)
    display.SetOpacity2DOutline(_OUTLINE)
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    follow(node, volume_node)
    return node


def adopt_structures(segmentation_node: Any, structures: Sequence[Structure]) -> None:
    """Add segments for structures that have none, and give the others their structure's name, colour and codes.

    No voxel changes, no segment is removed.
    """
    segmentation = segmentation_node.GetSegmentation()
    owners: dict[int, str] = {}
    for segment_id, structure in match(segmentation, structures).items():
        owners.setdefault(structure.value, segment_id)
    for structure in structures:
        if structure.value in owners:
            _describe(segmentation.GetSegment(owners[structure.value]), structure)
        else:
            _add_segment(segmentation, structure, None)


def copy_from(other: Any, segmentation_node: Any, structures: Sequence[Structure], volume_node: Any) -> None:
    """Make what another segmentation or label map node of the scene shows the label of `segmentation_node`.

    Segments are matched by name, then by terminology code. A label map is read by its values, or by the names of its
    own colour table when each of its values has the name of a structure there. `other` is not changed.
    Raises BadInput for another kind of node, what is no structure of the study, and what lies outside the scan.
    """
    grid, parent = grid_of(volume_node), volume_node.GetParentTransformNode()
    if other is None or other is segmentation_node:
        raise BadInput(
            "this is the label itself.", hint="Choose a segmentation or label map of another module."
        )
    if other.IsA("vtkMRMLSegmentationNode"):
        label = label_on(other, structures, grid, parent, tags=False, inside=True)
    elif other.IsA("vtkMRMLLabelMapVolumeNode"):
        label = _label_of_labelmap(other, structures, grid, parent)
    else:
        raise BadInput(
            f"{other.GetName()!r} is neither a segmentation nor a label map.",
            hint="Choose a segmentation or label map of another module.",
        )
    adopt_structures(segmentation_node, structures)
    _replace(segmentation_node, label, structures, grid)


def _replace(segmentation_node: Any, label: np.ndarray, structures: Sequence[Structure], grid: Grid) -> None:
    """Put a label into the segments there are; segments of no structure keep their voxels."""
    segmentation = segmentation_node.GetSegmentation()
    owners = match(segmentation, structures)
    for segment_id in owners:
        segmentation.ClearSegment(segment_id)
    filled = set()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    for segment_id, structure in owners.items():
        if structure.value in filled:
            continue
        filled.add(structure.value)
        box = bounding_box(label == structure.value)
        if box is not None:
            mask = (label[box] == structure.value).astype(np.uint8)
            image = _oriented(mask, tuple(part.start for part in box), grid)
            logic.SetBinaryLabelmapToSegment(image, segmentation_node, segment_id)


def _label_of_labelmap(
    node: Any, structures: Sequence[Structure], grid: Grid, parent: Any | None
) -> np.ndarray:
    """A label map node as (X, Y, Z) uint8 on `grid`, through a segmentation that is in no scene."""
    own = grid_of(node)
    voxels = voxels_of(node.GetImageData())
    if voxels is None:
        raise BadInput(f"the label map {node.GetName()!r} is empty.", hint="Choose another one.")
    values = [int(value) for value in np.unique(voxels) if value != 0]
    meaning = _by_color_name(node, values, structures) or {s.value: s for s in structures}
    unknown = [str(value) for value in values if value not in meaning]
    if unknown:
        raise BadInput(
            f"the label map {node.GetName()!r} holds the values {', '.join(unknown)}, which the study does not know; "
            f"its values are {describe_values(structures)}.",
            hint="Add the structure to the study, or choose a label map with the study's values.",
        )
    to_grid = linear_between(node.GetParentTransformNode(), parent)
    translated = np.zeros(voxels.shape, np.uint8, order="F")
    for value in values:
        translated[voxels == value] = meaning[value].value
    if to_grid is not None:
        step = max(1, round((voxels.size / 500_000) ** (1 / 3)))
        lost = share_outside(translated[::step, ::step, ::step] != 0, to_grid @ own.affine, step, grid)
        if lost > 0.05:
            raise BadInput(
                f"{lost:.0%} of the label map {node.GetName()!r} lies outside the scan.",
                hint="Take a label map that was drawn on this scan.",
            )
    carrier = slicer.vtkSegmentation()
    carrier.SetSourceRepresentationName(LABELMAP)
    image = _shared_labelmap(translated, own, structures)
    for structure in structures:
        _add_segment(carrier, structure, image)
    return merge(carrier, node.GetParentTransformNode(), structures, grid, parent)


def _by_color_name(node: Any, values: Sequence[int], structures: Sequence[Structure]) -> dict[int, Structure]:
    """Value -> structure by the label map's own colour table; {} unless every value is named there like a structure."""
    display = node.GetDisplayNode()
    colors = display.GetColorNode() if display is not None else None
    if colors is None or colors.GetSingletonTag():  # Slicer's built-in tables name values that nobody chose
        return {}
    by_name = {plain_name(structure.name): structure for structure in structures}
    named = {value: by_name.get(plain_name(colors.GetColorName(value))) for value in values}
    return (
        {value: structure for value, structure in named.items() if structure} if all(named.values()) else {}
    )


def _add_segment(segmentation: Any, structure: Structure, image: Any | None) -> None:
    segment_id = segmentation.GenerateUniqueSegmentID(f"structure_{structure.value}")
    if image is None:
        segmentation.AddEmptySegment(segment_id, structure.name)
        _describe(segmentation.GetSegment(segment_id), structure)
        return
    segment = slicer.vtkSegment()
    segment.SetLabelValue(structure.value)
    segment.AddRepresentation(LABELMAP, image)
    _describe(segment, structure)
    segmentation.AddSegment(segment, segment_id)


def _describe(segment: Any, structure: Structure) -> None:
    """Tag, name, colour and codes of a segment; only what differs is written, so that nothing is told for nothing."""
    tag_segment(segment, structure)
    if segment.GetName() != structure.name:
        segment.SetName(structure.name)
    color = tuple(int(structure.color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    if tuple(segment.GetColor()) != color:
        segment.SetColor(*color)
    segment.SetNameAutoGenerated(False)
    segment.SetColorAutoGenerated(False)
    if structure.codes and key_of(codes_of(terminology_of(segment))) != key_of(structure.codes):
        set_terminology(segment, entry_of(structure.codes))


def _shared_labelmap(label: np.ndarray, grid: Grid, structures: Sequence[Structure]) -> Any | None:
    """What is labelled, cut out, as the one label map that all segments share; None when nothing is.

    Raises BadInput for a label of another size or with values of no structure.
    """
    if label.shape != grid.shape:
        raise BadInput(
            f"the label has {label.shape} voxels and the scan {grid.shape}.", hint="Open the case again."
        )
    box = bounding_box(label)
    if box is None:
        return None
    cut = label[box].astype(np.uint8, copy=False)
    in_memory_order = cut if label.flags.c_contiguous else cut.T
    unknown = set(present_values(in_memory_order)) - {structure.value for structure in structures}
    if unknown:
        listed = ", ".join(str(value) for value in sorted(unknown))
        raise BadInput(
            f"the label holds the values {listed}, which the study does not know; "
            f"its values are {describe_values(structures)}.",
            hint="Add the structure to the study.",
        )
    return _oriented(cut, tuple(part.start for part in box), grid)


def _oriented(array: np.ndarray, start: tuple[int, int, int], grid: Grid) -> Any:
    """A copy of array (i, j, k), whose first voxel is voxel `start` of `grid`, as vtkOrientedImageData."""
    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(matrix_of(grid.affine))
    return fill_image(image, array, start, share=False)
