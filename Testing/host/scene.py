"""slicer.mrmlScene with what the application adds to it: application logic, readers, colours, orientations, modules."""

from __future__ import annotations

from pathlib import Path

from . import modules, subject_hierarchy

_kept: list[object] = []


def start(slicer, folder: Path):
    """Makes slicer.mrmlScene; returns the application logic."""
    scene = slicer.vtkMRMLScene()
    slicer.mrmlScene = scene
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetMRMLScene(scene)
    logic.SetHomeDirectory(str(folder))
    logic.SetShareDirectory("share")
    for factory in (
        slicer.vtkMRMLThreeDViewDisplayableManagerFactory,
        slicer.vtkMRMLSliceViewDisplayableManagerFactory,
    ):
        factory.GetInstance().SetMRMLApplicationLogic(logic)
    _start_file_access(slicer, scene, logic, folder)
    modules.add_logics(logic, scene, folder / "share")
    _kept.append(subject_hierarchy.Follower(scene))
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    return logic


def _start_file_access(slicer, scene, logic, folder: Path) -> None:
    """Scene bundles and storage nodes ask the scene's data IO manager."""
    remote = slicer.vtkMRMLRemoteIOLogic()
    remote.SetMRMLScene(scene)
    remote.SetMRMLApplicationLogic(logic)
    remote.GetCacheManager().SetRemoteCacheDirectory(str(folder / "cache"))
    local = slicer.vtkDataIOManagerLogic()
    local.SetMRMLScene(scene)
    local.SetMRMLApplicationLogic(logic)
    local.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    _kept.extend((remote, local))
