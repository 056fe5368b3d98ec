"""What is seen of the heat map and its legend, from the pixels of a slice view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scene.examples import MAP

pytestmark = pytest.mark.panel
pytest.importorskip("slicer")
import slicer  # noqa: E402
import vtk  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

from DualSSLSegLib.scene.views import fit  # noqa: E402


def _picture(view, folder: Path) -> np.ndarray:
    """What a slice view shows, (height, width, 3), the first row on top."""
    path = folder / "view.png"
    assert view.grab().save(str(path))
    reader = vtk.vtkPNGReader()
    reader.SetFileName(str(path))
    reader.Update()
    image = reader.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return pixels[::-1, :, :3].astype(int)


@pytest.fixture
def red_view(case, clean_host):
    """The axial view, with the scan alone: the segmentation is switched off."""
    case.segmentation_node.GetDisplayNode().SetVisibility(False)
    views = slicer.app.layoutManager().viewport()
    views.resize(808, 800)
    views.show()
    clean_host.settle(200)
    yield slicer.app.layoutManager().sliceWidget("Red").sliceView()
    views.hide()


def test_map_and_legend_are_seen_and_the_legend_leaves_the_middle_free(
    case, heat_map, clean_host, red_view, tmp_path
) -> None:
    fit()
    clean_host.settle(200)
    scan_alone = _picture(red_view, tmp_path)
    heat_map.legend = False
    heat_map.show(MAP * 0 + 0.8, case.volume_node, "Disagreement of the two networks")
    clean_host.settle(200)
    without = _picture(red_view, tmp_path)
    heat_map.legend = True
    clean_host.settle(200)
    with_legend = _picture(red_view, tmp_path)
    height, width = without.shape[:2]
    middle = (slice(height // 5, 3 * height // 5), slice(width // 5, 3 * width // 5))
    colorful = np.ptp(without[middle], axis=2) > 40
    assert colorful.mean() > 0.9, "the map covers the scan"
    assert np.ptp(scan_alone[middle], axis=2).max() < 40, "the scan is grey"
    changed = np.argwhere((without != with_legend).any(axis=2))
    assert len(changed) > 300, "the legend is drawn"
    assert changed[:, 1].min() > 0.6 * width
    assert changed[:, 0].min() > 0.5 * height


def test_below_the_threshold_the_scan_shines_through(case, heat_map, clean_host, red_view, tmp_path) -> None:
    fit()
    heat_map.legend = False
    heat_map.threshold = 0.9
    heat_map.show(MAP * 0 + 0.8, case.volume_node, "Uncertainty")
    clean_host.settle(200)
    picture = _picture(red_view, tmp_path)
    height, width = picture.shape[:2]
    middle = picture[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    assert np.ptp(middle, axis=2).max() < 40
    assert middle.max() > 60
