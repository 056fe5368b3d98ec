"""Views draw with MRML's own managers and react to mouse and keys as in Slicer."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.panel


@pytest.fixture
def views(clean_host):
    """The layout manager, shown in a window of its own, with a bright cube in a dark volume."""
    import slicer
    import vtk

    voxels = np.zeros((20, 20, 20), dtype=np.int16)
    voxels[5:15, 5:15, 5:15] = 100
    volume = slicer.util.addVolumeFromArray(voxels, name="Cube")
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().AutoWindowLevelOff()
    volume.GetDisplayNode().SetWindowLevelMinMax(0, 100)
    manager = slicer.app.layoutManager()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    viewport = manager.viewport()
    viewport.resize(640, 480)
    viewport.show()
    clean_host.settle(50)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    clean_host.settle(100)
    yield manager, volume, vtk
    viewport.hide()


def middle(manager, name: str):
    view = manager.sliceWidget(name).sliceView()
    picture = view.grab().toImage()
    return picture.pixelColor(picture.width() // 2, picture.height() // 2), picture


def test_a_volume_is_seen_in_the_middle_of_each_slice_view(views, clean_host) -> None:
    manager = views[0]
    for name in ("Red", "Yellow", "Green"):
        colour, picture = middle(manager, name)
        assert colour.red() > 200, name
        assert picture.pixelColor(3, picture.height() // 2).red() < 50, name


def test_segment_foreground_and_jump_change_the_picture(views, clean_host) -> None:
    import slicer

    manager, volume, _vtk = views
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Label")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segment = node.GetSegmentation().AddEmptySegment("a", "A", (1.0, 0.0, 0.0))
    mask = np.zeros((20, 20, 20), dtype=np.uint8)
    mask[8:12, 8:12, 8:12] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment, volume)
    clean_host.settle(100)
    colour = middle(manager, "Red")[0]
    assert colour.red() > colour.blue() + 50
    node.GetDisplayNode().SetVisibility(False)
    slicer.vtkMRMLSliceNode.JumpAllSlices(
        slicer.mrmlScene, 2.0, 2.0, 2.0, slicer.vtkMRMLSliceNode.CenteredJumpSlice
    )
    clean_host.settle(100)
    assert middle(manager, "Red")[0].red() < 50  # outside the cube, and in the middle of the view


def test_the_wheel_moves_the_slice(views, clean_host) -> None:
    from PySide6 import QtCore, QtGui, QtWidgets

    widget = views[0].sliceWidget("Red")
    before = widget.sliceLogic().GetSliceOffset()
    point, turn = QtCore.QPointF(30, 30), QtCore.QPoint(0, 120)
    for _ in range(2):  # the first event tells the interactor style where the mouse is
        event = QtGui.QWheelEvent(
            point,
            point,
            QtCore.QPoint(),
            turn,
            QtCore.Qt.NoButton,
            QtCore.Qt.NoModifier,
            QtCore.Qt.NoScrollPhase,
            False,
        )
        QtWidgets.QApplication.sendEvent(widget.sliceView(), event)
    clean_host.settle(30)
    assert widget.sliceLogic().GetSliceOffset() != before


def test_layouts_are_slicers_own(views, clean_host) -> None:
    import slicer

    manager = views[0]
    heard: list[int] = []
    manager.connect("layoutChanged(int)", heard.append)
    manager.layout = slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView
    assert manager.sliceWidget("Red").visible
    assert not manager.sliceWidget("Green").visible
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    assert manager.sliceWidget("Green").visible
    assert manager.threeDWidget(0).visible
    assert heard == [6, 3]
    assert manager.sliceViewNames() == ("Red", "Green", "Yellow")
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView)
    assert "HostLimitation: a layout with a vtkMRMLPlotViewNode" in clean_host.errors.pop()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)


def test_views_survive_a_closed_scene(views, clean_host) -> None:
    import slicer

    slicer.mrmlScene.Clear(0)
    clean_host.settle(50)
    assert middle(views[0], "Red")[0].red() < 50
    volume = slicer.util.addVolumeFromArray(np.full((9, 9, 9), 7, dtype=np.int16), name="Next")
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    clean_host.settle(50)
    assert views[0].sliceWidget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID() == volume.GetID()
