"""Uncertain places as numbered marks in the views."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import slicer
import vtk

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.scene import nodes
from DualSSLSegLib.scene.case_folder import put_beside
from DualSSLSegLib.scene.placement import follow, to_world
from DualSSLSegLib.scene.views import jump_to, shown_scan

_CURRENT, _OTHERS = (1.0, 0.85, 0.1), (0.3, 0.85, 1.0)
_GLYPH_PERCENT, _TEXT_PERCENT = 1.6, 2.6
_NAME = "Hot spots"


class Spot(Protocol):
    """What is read of a hot spot; its centre is in the scan's own RAS, in mm."""

    @property
    def number(self) -> int: ...
    @property
    def sentence(self) -> str: ...
    @property
    def centre_ras_mm(self) -> tuple[float, float, float]: ...


class HotSpotMarks:
    """One locked mark for each hot spot, labelled with its number; the one that was selected has another colour."""

    def __init__(self) -> None:
        self._node: Any = None
        self._volume_node: Any = None
        self._spots: dict[int, Spot] = {}

    @property
    def node(self) -> Any | None:
        """The markups node; None when there is none (any more)."""
        return self._node if nodes.is_there(self._node) else None

    def show(self, spots: Iterable[Spot], volume_node: Any | None = None) -> None:
        """Mark hot spots of a scan, in place of those shown before; without `volume_node` of the scan on screen."""
        self._spots = {spot.number: spot for spot in spots}
        self._volume_node = volume_node if volume_node is not None else shown_scan()
        if not self._spots:
            self._remove_node()
            return
        with slicer.util.RenderBlocker():
            if self.node is None:
                self._create()
            with slicer.util.NodeModify(self._node):
                self._node.RemoveAllControlPoints()
                for number, spot in self._spots.items():
                    at = self._node.AddControlPoint(vtk.vtkVector3d(*spot.centre_ras_mm), str(number))
                    self._node.SetNthControlPointDescription(at, spot.sentence)
                    self._node.SetNthControlPointSelected(at, False)
                    self._node.SetNthControlPointLocked(at, True)
            self._stay_with_scan()

    def select(self, number: int) -> None:
        """Show a hot spot in every slice view and colour its mark. Raises BadInput for a number there is not."""
        if number not in self._spots:
            raise BadInput(f"there is no hot spot {number}.", hint="Choose one of the list.")
        self._stay_with_scan()
        if self.node is not None:
            for at, other in enumerate(self._spots):
                if at < self._node.GetNumberOfControlPoints():
                    self._node.SetNthControlPointSelected(at, other == number)
        jump_to(self.world_position(number))

    def world_position(self, number: int) -> tuple[float, float, float]:
        """Where a hot spot is in RAS of the world, in mm, through the parent transforms of the scan."""
        scan = self._volume_node if nodes.is_there(self._volume_node) else None
        return to_world(scan, self._spots[number].centre_ras_mm)

    def remove(self) -> None:
        """Remove the marks from the scene, whatever the user has deleted already."""
        self._remove_node()
        self._spots = {}
        self._volume_node = None

    def _create(self) -> None:
        self._node = nodes.add_node(slicer.vtkMRMLMarkupsFiducialNode(), _NAME, nodes.HOT_SPOTS)
        self._node.CreateDefaultDisplayNodes()
        self._node.SetLocked(True)
        display = self._node.GetDisplayNode()
        display.SetColor(*_OTHERS)
        display.SetSelectedColor(*_CURRENT)
        display.SetGlyphTypeFromString("Circle2D")
        display.SetGlyphScale(_GLYPH_PERCENT)
        display.SetUseGlyphScale(True)
        display.SetTextScale(_TEXT_PERCENT)
        display.SetPointLabelsVisibility(True)
        display.SetPropertiesLabelVisibility(False)
        for node in (self._node, display):
            node.SetSaveWithScene(False)

    def _stay_with_scan(self) -> None:
        """The marks lie under the scan's transform, also when the user has changed that since."""
        if self.node is not None and nodes.is_there(self._volume_node):
            follow(self._node, self._volume_node)
            put_beside(self._node, self._volume_node)

    def _remove_node(self) -> None:
        nodes.remove(self._node)
        self._node = None
