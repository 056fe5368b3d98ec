"""The scene's tests run in the host's process, on Slicer's compiled core."""

from __future__ import annotations

import pytest
from host.fixtures import clean_host, slicer_host  # noqa: F401 - fixtures


@pytest.fixture
def scene(clean_host):  # noqa: F811
    """slicer.mrmlScene, empty but for what the application puts there.

    As in Slicer, the subject hierarchy forgets a node that is removed.
    """
    import slicer
    import vtk

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def forget(_scene, _event, node) -> None:
        tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        item = tree.GetItemByDataNode(node) if tree is not None else 0
        if item:
            tree.RemoveItem(item, False, False)

    tag = slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, forget)
    yield slicer.mrmlScene
    slicer.mrmlScene.RemoveObserver(tag)


@pytest.fixture
def case(scene):
    """A labelled case on screen."""
    from DualSSLSegLib.scene.case_scene import CaseScene
    from scene.examples import opened

    shown = CaseScene(lambda: None)
    shown.show(opened())
    yield shown
    shown.remove()


@pytest.fixture
def heat_map(case):
    """A heat map that is not shown yet."""
    from DualSSLSegLib.scene.heat_map import HeatMap

    shown = HeatMap()
    yield shown
    shown.remove()
