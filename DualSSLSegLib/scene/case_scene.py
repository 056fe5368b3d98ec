"""The case on screen: its scan, its segmentation and, for review, a prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import slicer

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid, Volume
from DualSSLSegLib.scene import case_folder, nodes
from DualSSLSegLib.scene.label_reading import LABELMAP, label_on
from DualSSLSegLib.scene.placement import grid_of
from DualSSLSegLib.scene.segmentation import add_segmentation
from DualSSLSegLib.scene.views import fit, make_active, show_layers
from DualSSLSegLib.scene.volume_node import add_channels
from DualSSLSegLib.study.model import Structure

_OUTLINE_PIXELS = 2
_WORK = "label"
_PREDICTION = "prediction"


class CaseToShow(Protocol):
    """What is read of an opened case: `volume` (C, X, Y, Z) and `label` (X, Y, Z) uint8, or None."""

    @property
    def id(self) -> str: ...
    @property
    def volume(self) -> Volume: ...
    @property
    def label(self) -> np.ndarray | None: ...
    @property
    def structures(self) -> tuple[Structure, ...]: ...


class CaseScene:
    """Shows one case at a time and knows whether its label was changed.

    Every method may be called in any state: before a case is shown, after the user deleted nodes, after the scene was
    closed. `on_change` is called whenever the label changes (many times during a stroke: it must be quick).
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._channels: list[Any] = []
        self._segmentation: Any = None
        self._prediction: Any = None
        self._grid: Grid | None = None
        self._structures: tuple[Structure, ...] = ()
        self._folder = case_folder.NO_ITEM
        self._observed: list[tuple[Any, int]] = []
        self._voxels: tuple[tuple[object, ...], ...] = ()  # see _voxels_now
        self._changed = False

    @property
    def volume_node(self) -> Any | None:
        """The scan's node (of its first channel); None when it is not in the scene."""
        return next((node for node in self._channels[:1] if nodes.is_there(node)), None)

    @property
    def volume_nodes(self) -> list[Any]:
        """The nodes of all channels that are in the scene."""
        return [node for node in self._channels if nodes.is_there(node)]

    @property
    def segmentation_node(self) -> Any | None:
        """The segmentation that is drawn on; None when it is not in the scene."""
        return self._segmentation if nodes.is_there(self._segmentation) else None

    @property
    def prediction_node(self) -> Any | None:
        """The segmentation of `show_prediction`; None when there is none."""
        return self._prediction if nodes.is_there(self._prediction) else None

    @property
    def alive(self) -> bool:
        """Whether scan and segmentation are both in the scene. When one is not, `label` still gives what was drawn."""
        return self.volume_node is not None and self.segmentation_node is not None

    @property
    def changed(self) -> bool:
        """Whether the label was changed since the case was shown or `mark_saved` was called."""
        return self._changed

    def mark_saved(self) -> None:
        """What is on screen now counts as unchanged."""
        self._changed = False

    def show(self, opened: CaseToShow) -> None:
        """Show a case in place of the one before: scan in the background, the study's structures as segments.

        Raises BadInput for a label that does not fit; the scene is then as empty of ours as after `remove`.
        """
        self.remove()
        with slicer.util.RenderBlocker():
            try:
                self._add(opened)
            except BadInput:
                self.remove()
                raise
            show_layers(background=self.volume_node)
            make_active(self.volume_node)
            fit(self.volume_node)
        self._observe()

    def _add(self, opened: CaseToShow) -> None:
        self._folder = case_folder.create_folder(opened.id)
        self._channels = add_channels(opened.volume, opened.id)
        self._grid, self._structures = opened.volume.grid, tuple(opened.structures)
        name = f"{opened.id} {_WORK}"
        self._segmentation = add_segmentation(opened.label, self._structures, self._channels[0], name)
        for node in (*self._channels, self._segmentation):
            case_folder.put_into(self._folder, node)

    def adopt(self, structures: Sequence[Structure]) -> None:
        """From now on `label` reads these structures, as after the study got another one."""
        self._structures = tuple(structures)

    def label(self) -> np.ndarray:
        """What is drawn, (X, Y, Z) uint8 on the voxels of the scan as it was opened, also when nodes were deleted.

        Raises BadInput when no case was shown, and for a segment that is no structure of the study.
        """
        if self._segmentation is None or self._grid is None:
            raise BadInput("no case is open.", hint="Open one first.")
        return label_on(self._segmentation, self._structures, self._reference(), self._parent())

    def _reference(self) -> Grid:
        """The grid of the scan's node, which the user may have moved, as long as it still has the scan's voxels."""
        assert self._grid is not None
        scan = self.volume_node
        if scan is None or scan.GetImageData() is None:
            return self._grid
        now = grid_of(scan)
        return now if now.shape == self._grid.shape else self._grid

    def _parent(self) -> Any | None:
        """The transform of the scan; where the scan is gone, the segmentation counts as lying on it."""
        node = self.volume_node or self._segmentation
        return node.GetParentTransformNode()

    def show_prediction(self, label: np.ndarray, structures: Sequence[Structure]) -> None:
        """Show a prediction as outlines. It is kept out of editors, so that nobody draws on it.

        Raises BadInput when the scan is gone or the label does not fit.
        """
        self.hide_prediction()
        if self.volume_node is None:
            raise BadInput("the scan is not in the scene any more.", hint="Open the case again.")
        with slicer.util.RenderBlocker():
            name = f"{self.volume_node.GetName()} {_PREDICTION}"
            node = add_segmentation(label, structures, self.volume_node, name, nodes.PREDICTION)
            self._prediction = node
            case_folder.put_into(self._folder, node)
            display = node.GetDisplayNode()
            display.SetVisibility2DFill(False)
            display.SetSliceIntersectionThickness(_OUTLINE_PIXELS)
            node.SetHideFromEditors(True)
            for part in (node, display):
                part.SetSaveWithScene(False)

    def hide_prediction(self) -> None:
        """Remove the prediction from the scene; nothing when there is none."""
        nodes.remove(self._prediction)
        self._prediction = None

    def remove(self) -> None:
        """Remove everything of the case from the scene, whatever the user has deleted already."""
        self._stop_observing()
        with slicer.util.RenderBlocker():
            self.hide_prediction()
            nodes.remove(self._segmentation)
            for node in self._channels:
                nodes.remove(node)
            case_folder.remove_folder(self._folder)
        self._channels, self._segmentation, self._grid = [], None, None
        self._folder = case_folder.NO_ITEM
        self._structures = ()
        self._changed = False

    def _observe(self) -> None:
        """Names, colours and surfaces are no part of a label: only voxels and the order of segments count.

        Undo and redo exchange voxels and tell it as any other news of a segment, so those are looked at.
        """
        segmentation = self._segmentation.GetSegmentation()
        kind = slicer.vtkSegmentation
        self._voxels = self._voxels_now()
        for event in (
            kind.SourceRepresentationModified,
            kind.SegmentAdded,
            kind.SegmentRemoved,
            kind.SegmentsOrderModified,
        ):
            self._observed.append((segmentation, segmentation.AddObserver(event, self._on_event)))
        self._observed.append(
            (segmentation, segmentation.AddObserver(kind.SegmentModified, self._on_segment_news))
        )

    def _stop_observing(self) -> None:
        for watched, tag in self._observed:
            watched.RemoveObserver(tag)
        self._observed = []

    def _voxels_now(self) -> tuple[tuple[object, ...], ...]:
        """Which label map each segment has, and since when; no voxel is looked at."""
        segmentation = self._segmentation.GetSegmentation()
        segments = [segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())]
        images = [segment.GetRepresentation(LABELMAP) for segment in segments]
        return tuple(
            (segment.GetLabelValue(), image and (image.GetAddressAsString(""), image.GetMTime()))
            for segment, image in zip(segments, images, strict=True)
        )

    def _on_event(self, *_: Any) -> None:
        self._voxels = self._voxels_now()
        self._changed = True
        self._on_change()

    def _on_segment_news(self, *_: Any) -> None:
        if self._voxels_now() != self._voxels:
            self._on_event()
