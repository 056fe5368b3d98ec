"""Runs another extension's module and its own widget tests, unmodified, in a process of their own.

    python third_party_run.py <folder of SlicerNNUNet.py>

Its tests fetch a scan through Slicer's Sample Data module; a small volume of the same name stands in for the download.
"""

from __future__ import annotations

import importlib
import sys
import types
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from host import application, ending


def _sample_data() -> types.ModuleType:
    import numpy as np
    import slicer

    class SampleDataLogic:
        def downloadDentalSurgery(self):
            voxels = np.zeros((8, 8, 8), dtype=np.int16)
            return slicer.util.addVolumeFromArray(voxels, name="PostDentalSurgery")

    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic
    return module


def run(folder: Path) -> int:
    application.start()
    sys.modules["SampleData"] = _sample_data()
    module = application.load_module(folder / "SlicerNNUNet.py")
    window = application.MainWindow(module)
    window.show()
    application.settle(200)
    import slicer

    slicer.mrmlScene.Clear()
    case = importlib.import_module("Testing.WidgetTestCase").WidgetTestCase
    result = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    application.settle(50)
    print(f"panel: {len(slicer.util.findChildren(module.widgetRepresentation()))} objects")
    window.close()
    for error in application.errors:
        print(error, file=sys.stderr)
    return int(not result.wasSuccessful() or result.testsRun == 0 or bool(application.errors))


if __name__ == "__main__":
    ending.finish(run(Path(sys.argv[1])))
