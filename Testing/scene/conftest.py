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
