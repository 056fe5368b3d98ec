"""What runs inside Slicer without pytest, run here too: the module's own test, scripts, the sample study, reloading."""

from __future__ import annotations

import sys
import types
import unittest
from pathlib import Path

import numpy as np
import pytest
from host.fixtures import clean_host, slicer_host  # noqa: F401 - fixtures
from support.file_lists import ROOT
from support.studies import label_of, tiny_study

from DualSSLSegLib.errors import DualSSLSegError

pytestmark = pytest.mark.panel
DOOR = ROOT / "DualSSLSeg" / "DualSSLSeg.py"


@pytest.fixture
def module(clean_host, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    """The module, loaded and not opened; the user's folders are temporary ones."""
    home = tmp_path / "home"
    (home / "Documents").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DUALSSLSEG_SETTINGS", str(home))
    import slicer

    yield clean_host.load_module(DOOR, panel=False)
    if hasattr(slicer.modules, "dualsslseg"):
        clean_host.unload("DualSSLSeg")


def test_the_modules_own_test_passes(module) -> None:
    sys.modules["DualSSLSeg"].DualSSLSegTest().runTest()


def test_the_modules_own_test_passes_as_slicers_ctest_runs_it(module) -> None:
    suite = unittest.TestLoader().loadTestsFromTestCase(sys.modules["DualSSLSeg"].DualSSLSegTest)
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun == 2 and result.wasSuccessful(), result.failures + result.errors


def test_a_script_labels_and_a_closed_scene_loses_nothing(module, tmp_path: Path) -> None:
    import slicer

    module.widgetRepresentation()
    logic = slicer.util.getModuleLogic("DualSSLSeg")
    tiny_study(tmp_path / "study")
    logic.open_study(tmp_path / "study")
    logic.open_case("b")
    scene = logic.case_scene
    segmentation = scene.segmentation_node
    segment = segmentation.GetSegmentation().GetNthSegmentID(0)
    drawn = (label_of(1) > 0).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(drawn.T, segmentation, segment, scene.volume_node)
    slicer.mrmlScene.Clear(0)
    logic.refresh()
    assert [row.state for row in logic.rows if row.id == "b"] == ["in_progress"]
    logic.open_case("b")
    np.testing.assert_array_equal(logic.case_scene.label(), label_of(1))
    with pytest.raises(DualSSLSegError):
        logic.open_case("no such case")
    with pytest.raises(AttributeError):
        _ = logic.no_such_verb


def test_the_sample_study_is_registered_generated_and_opened(module, monkeypatch) -> None:
    import slicer

    registered: dict = {}
    sample_data = types.ModuleType("SampleData")  # Slicer's own needs the network and a main window
    sample_data.SampleDataLogic = types.SimpleNamespace(registerCustomSampleDataSource=registered.update)
    monkeypatch.setitem(sys.modules, "SampleData", sample_data)
    monkeypatch.setattr(slicer.modules, "sampledata", object(), raising=False)
    door = sys.modules["DualSSLSeg"]
    monkeypatch.setattr(door, "PHANTOM_SCANS", 2)
    door.register_sample_data()
    assert Path(registered["thumbnailFileName"]).is_file() and registered["category"] == "DualSSLSeg"
    workbench = module.widgetRepresentation().self().workbench
    for _ in range(2):  # generated and made a study; then found and opened
        registered["customDownloader"](None)
        workbench.background.close(30)
        workbench.poll()
    (study,) = Path.home().rglob("images")
    assert len(list(study.glob("*.nii.gz"))) == 2 and Path.home() in study.parents
