"""A map of uncertainty as a coloured layer over the scan, with a legend."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
import vtk

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.scene import color_maps, nodes
from DualSSLSegLib.scene.arrays import fill_image, matrix_of
from DualSSLSegLib.scene.case_folder import put_beside
from DualSSLSegLib.scene.placement import follow, grid_of
from DualSSLSegLib.scene.views import composite_nodes, slice_nodes

_LEGEND_PLACE = (0.97, 0.03)  # of the free width and height: the lower right corner, away from the anatomy
_LEGEND_SIZE = (0.06, 0.24)
_LEGEND_WIDTH = 14  # letters of a line of its title
_LABELS = 3


class HeatMap:
    """One map at a time, values 0..1 on the voxels of the scan; the range is fixed, so that maps stay comparable.

    `opacity` 0..1; `threshold` 0..1, below which the scan shines through; `visible`; `legend`; `colors`, one of
    `color_maps.NAMES`. They stay from map to map, also while there is none.
    """

    def __init__(self) -> None:
        self._opacity, self._threshold, self._legend, self._visible = 0.6, 0.3, True, False
        self._colors = color_maps.DEFAULT
        self._node: Any = None
        self._display: Any = None
        self._color_node: Any = None
        self._legend_node: Any = None
        self._before: dict[
            str, tuple[str | None, float]
        ] = {}  # slice composite: foreground and opacity before ours

    @property
    def node(self) -> Any | None:
        """The volume node of the map; None when there is none (any more)."""
        return self._node if nodes.is_there(self._node) else None

    def show(self, array: np.ndarray, volume_node: Any, title: str) -> None:
        """Show array (X, Y, Z), 0..1, over the scan `volume_node` in every slice view, under the name `title`.

        Raises BadInput when the scan is gone or has another size.
        """
        if not nodes.is_there(volume_node):
            raise BadInput("the scan is not in the scene any more.", hint="Open the case again.")
        grid = grid_of(volume_node)
        if array.shape != grid.shape:
            raise BadInput(
                f"the map has {array.shape} voxels and the scan {grid.shape}.", hint="Predict again."
            )
        with slicer.util.RenderBlocker():
            if not all(nodes.is_there(part) for part in self._parts()):
                self._remove_nodes()
                self._create(title)
            self._node.SetName(title)
            self._node.SetIJKToRASMatrix(matrix_of(grid.affine))
            values = array.astype(np.float32, copy=False)
            self._node.SetAndObserveImageData(fill_image(vtk.vtkImageData(), values, share=True))
            follow(self._node, volume_node)
            put_beside(self._node, volume_node)
            self._legend_node.SetTitleText("\n".join(textwrap.wrap(title, _LEGEND_WIDTH)))
            self._visible = True
            self._update()

    def hide(self) -> None:
        """Take the map out of the views; it stays in the scene."""
        self.visible = False

    def remove(self) -> None:
        """Remove everything of the map from the scene, whatever the user has deleted already."""
        self.visible = False
        self._remove_nodes()

    @property
    def visible(self) -> bool:
        return self._visible and self.node is not None

    @visible.setter
    def visible(self, shown: bool) -> None:
        self._visible = bool(shown)
        self._update()

    @property
    def opacity(self) -> float:
        return self._opacity

    @opacity.setter
    def opacity(self, value: float) -> None:
        self._opacity = _share(value)
        self._update()

    @property
    def threshold(self) -> float:
        return self._threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        self._threshold = _share(value)
        self._update()

    @property
    def legend(self) -> bool:
        return self._legend

    @legend.setter
    def legend(self, shown: bool) -> None:
        self._legend = bool(shown)
        self._update()

    @property
    def colors(self) -> str:
        return self._colors

    @colors.setter
    def colors(self, name: str) -> None:
        if name not in color_maps.NAMES:
            raise BadInput(
                f"there is no colour map {name!r}.", hint=f"Choose one of: {', '.join(color_maps.NAMES)}."
            )
        self._colors = name
        if nodes.is_there(self._color_node):
            _paint(self._color_node, name)

    def _parts(self) -> tuple[Any, ...]:
        """The legend first: it complains when what it explains goes before it."""
        return self._legend_node, self._node, self._display, self._color_node

    def _remove_nodes(self) -> None:
        for part in self._parts():
            nodes.remove(part)
        self._node = self._display = self._color_node = self._legend_node = None

    def _create(self, title: str) -> None:
        colors = slicer.vtkMRMLProceduralColorNode()
        self._color_node = nodes.add_node(colors, "Uncertainty colors", nodes.HEAT_MAP_COLORS)
        self._color_node.SetSaveWithScene(False)
        _paint(self._color_node, self._colors)
        display = slicer.mrmlScene.AddNode(slicer.vtkMRMLScalarVolumeDisplayNode())
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(0.0, 1.0)
        display.SetAndObserveColorNodeID(self._color_node.GetID())
        display.InterpolateOn()
        self._node = nodes.add_node(slicer.vtkMRMLScalarVolumeNode(), title, nodes.HEAT_MAP)
        self._node.SetAndObserveDisplayNodeID(display.GetID())
        self._display = display
        for node in (self._node, display):
            node.SetSaveWithScene(False)
        self._create_legend()

    def _create_legend(self) -> None:
        legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(self._node)
        legend.SetAttribute(nodes.ROLE, nodes.LEGEND)
        legend.SetSaveWithScene(False)
        legend.SetOrientation(legend.Vertical)
        legend.SetPosition(*_LEGEND_PLACE)
        legend.SetSize(*_LEGEND_SIZE)
        legend.SetLabelFormat("%.1f")
        legend.SetNumberOfLabels(_LABELS)
        legend.SetVisibility3D(False)
        self._legend_node = legend

    def _update(self) -> None:
        """Bring the scene in line with the settings."""
        if self.node is None:
            self._give_back()
            return
        if nodes.is_there(self._display):
            self._display.SetThreshold(self._threshold, 1.0)
            self._display.ApplyThresholdOn()
        if self._visible:
            self._take(self._node.GetID())
        else:
            self._give_back()
        if nodes.is_there(self._legend_node):
            self._legend_node.SetViewNodeIDs([node.GetID() for node in slice_nodes()])
            self._legend_node.SetVisibility(self._visible and self._legend)
            self._legend_node.Modified()  # the views draw a legend only after they show its volume

    def _take(self, node_id: str) -> None:
        for composite in composite_nodes():
            shown = composite.GetForegroundVolumeID()
            if shown != node_id:
                self._before[composite.GetID()] = (shown, composite.GetForegroundOpacity())
                composite.SetForegroundVolumeID(node_id)
            composite.SetForegroundOpacity(self._opacity)

    def _give_back(self) -> None:
        """Put back what the views showed in the foreground, unless the user has chosen something else since."""
        ours = None if self.node is None else self._node.GetID()
        for composite in composite_nodes():
            before, opacity = self._before.pop(composite.GetID(), (None, 0.0))
            if composite.GetForegroundVolumeID() in (ours, None):
                there = before is not None and slicer.mrmlScene.GetNodeByID(before) is not None
                if ours is not None or there:
                    composite.SetForegroundVolumeID(before if there else None)
                    composite.SetForegroundOpacity(opacity)
        self._before.clear()


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value)))


def _paint(color_node: Any, name: str) -> None:
    rgb: Sequence[Sequence[float]] = color_maps.colors(name).tolist()
    transfer = color_node.GetColorTransferFunction()
    transfer.RemoveAllPoints()
    for number, color in enumerate(rgb):
        transfer.AddRGBPoint(number / (len(rgb) - 1), *color)
    color_node.Modified()
