"""Scans written by other programs' libraries (SimpleITK, nibabel), so that reading is checked against
them.
"""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import SimpleITK as sitk

from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS, Grid


def itk_image(array: np.ndarray, grid: Grid) -> sitk.Image:
    """A SimpleITK image of (X, Y, Z) on `grid`."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    lps = LPS_FROM_RAS @ grid.affine
    image.SetOrigin([float(v) for v in lps[:3, 3]])
    image.SetSpacing(list(grid.spacing_mm))
    image.SetDirection([float(v) for v in (lps[:3, :3] / grid.spacing_mm).ravel()])
    return image


def write_with_itk(path: Path, array: np.ndarray, grid: Grid, *, compress: bool = True) -> None:
    sitk.WriteImage(itk_image(array, grid), str(path), useCompression=compress)


def read_with_itk(path: Path) -> tuple[np.ndarray, Grid]:
    """(X, Y, Z) and its grid, as SimpleITK understands the file."""
    image = sitk.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    array = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
    x, y, z = array.shape
    return array, Grid((x, y, z), LPS_FROM_RAS @ affine)


def write_with_nibabel(
    path: Path,
    array: np.ndarray,
    sform: np.ndarray | None,
    qform: np.ndarray | None = None,
    slope: tuple[float, float] | None = None,
) -> None:
    """NIfTI with exactly the positions given; None leaves that one out (code 0). `slope` is (scl_slope,
    scl_inter).
    """
    image = nibabel.Nifti1Image(array, None)
    image.header.set_sform(sform, 1 if sform is not None else 0)
    image.header.set_qform(qform, 1 if qform is not None else 0)
    if sform is not None and qform is None:
        image.header["pixdim"][1:4] = np.linalg.norm(sform[:3, :3], axis=0)
    if slope is not None:
        image.header.set_slope_inter(*slope)
    nibabel.save(image, path)
