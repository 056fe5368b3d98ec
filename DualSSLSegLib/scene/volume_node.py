"""Scans as volume nodes of the scene, voxel for voxel as they were read."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk

from DualSSLSegLib.imaging.geometry import Volume
from DualSSLSegLib.scene.arrays import fill_image, matrix_of
from DualSSLSegLib.scene.nodes import SCAN, add_node
from DualSSLSegLib.scene.window_level import window


def add_volume(volume: Volume, name: str) -> Any:
    """Add the first channel of a scan (C, X, Y, Z) as a vtkMRMLScalarVolumeNode; returns the node.

    A channel in Fortran order is not copied; the node then shows the very voxels of `volume`.
    """
    return _add(_channel(volume, 0), volume.affine, name)


def add_channels(volume: Volume, name: str) -> list[Any]:
    """As `add_volume` for every channel: the first is called `name`, the others "name (channel 2)" and so on."""
    count = volume.array.shape[0] if volume.array.ndim == 4 else 1
    names = [name, *(f"{name} (channel {number})" for number in range(2, count + 1))]
    return [_add(_channel(volume, channel), volume.affine, title) for channel, title in enumerate(names)]


def _channel(volume: Volume, channel: int) -> np.ndarray:
    return volume.array[channel] if volume.array.ndim == 4 else volume.array


def add_scalar_volume(
    array: np.ndarray, affine: np.ndarray, name: str, role: str, ends: tuple[float, float]
) -> Any:
    """Add array (X, Y, Z) as a volume node that shows grey values from `ends[0]` to `ends[1]`; returns the node."""
    display = slicer.vtkMRMLScalarVolumeDisplayNode()
    # Before the image arrives: Slicer would otherwise look at every voxel for a window of its own.
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(*ends)
    display = slicer.mrmlScene.AddNode(display)
    display.SetDefaultColorMap()
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetIJKToRASMatrix(matrix_of(affine))
    node.SetAndObserveImageData(fill_image(vtk.vtkImageData(), array, share=True))
    node = add_node(node, name, role)
    node.SetAndObserveDisplayNodeID(display.GetID())
    return node


def _add(array: np.ndarray, affine: np.ndarray, name: str) -> Any:
    return add_scalar_volume(array, affine, name, SCAN, window(array))
