"""Arrays (i, j, k) and affines of ours as VTK has them, and back.

VTK counts i fastest, so its voxels are a NumPy array (k, j, i) in C order, which is ours in Fortran order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from vtk.util import numpy_support

_SLABS_AT_ONCE = 16


def matrix_of(affine: np.ndarray) -> vtk.vtkMatrix4x4:
    """A 4x4 array as vtkMatrix4x4."""
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy([float(value) for value in np.asarray(affine, dtype=np.float64).ravel()])
    return matrix


def affine_of(matrix: vtk.vtkMatrix4x4) -> np.ndarray:
    """A vtkMatrix4x4 as 4x4 float64."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def fill_image(image: Any, array: np.ndarray, start: tuple[int, int, int] = (0, 0, 0), *, share: bool) -> Any:
    """Give `image` (vtkImageData) the voxels of array (i, j, k), the first at index `start`; returns it.

    With `share` a writable array in Fortran order is used as it is, without a copy: who changes the one, changes the
    other. Else it is copied once.
    """
    last = (first + count - 1 for first, count in zip(start, array.shape, strict=True))
    image.SetExtent(*(end for pair in zip(start, last, strict=True) for end in pair))
    if share and array.flags.f_contiguous and array.flags.writeable:
        scalars = numpy_support.numpy_to_vtk(array.T.reshape(-1), deep=False)
    else:
        scalars = vtk.vtkDataArray.CreateDataArray(numpy_support.get_vtk_array_type(array.dtype))
        scalars.SetNumberOfTuples(array.size)
        target = numpy_support.vtk_to_numpy(scalars).reshape(array.shape[::-1]).T
        _copy(array, target)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    return image


def in_slicers_order(array: np.ndarray) -> np.ndarray:
    """An array (..., i, j, k) in the order in which Slicer shows it without another copy; itself when it has it.

    Copying a large scan takes a second: call this in the background, before the scan is shown.
    """
    axes = (*range(array.ndim - 3), array.ndim - 1, array.ndim - 2, array.ndim - 3)
    turned = array.transpose(axes)
    if turned.flags.c_contiguous and array.flags.writeable:
        return array
    result = np.empty(turned.shape, array.dtype).transpose(axes)
    for channel in np.ndindex(array.shape[:-3]):
        _copy(array[channel], result[channel])
    return result


def _copy(source: np.ndarray, target: np.ndarray) -> None:
    """Copy (i, j, k) in slabs: both sides then stay in the processor's cache, which is faster when orders differ."""
    for first in range(0, source.shape[0], _SLABS_AT_ONCE):
        target[first : first + _SLABS_AT_ONCE] = source[first : first + _SLABS_AT_ONCE]


def voxels_of(image: Any) -> np.ndarray | None:
    """The voxels of a vtkImageData as a view (i, j, k) in Fortran order; None when it has none."""
    scalars = image.GetPointData().GetScalars() if image is not None else None
    if scalars is None or scalars.GetNumberOfTuples() == 0 or scalars.GetNumberOfComponents() != 1:
        return None
    return numpy_support.vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1]).T


def bounding_box(mask: np.ndarray) -> tuple[slice, slice, slice] | None:
    """The smallest box around what is not 0 in (i, j, k); None when there is nothing."""
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        hits = np.flatnonzero(mask.any(axis=others))
        if hits.size == 0:
            return None
        box.append(slice(int(hits[0]), int(hits[-1]) + 1))
    return box[0], box[1], box[2]
