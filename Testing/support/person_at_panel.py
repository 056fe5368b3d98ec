"""A person at the panel: opens the module, looks, waits, draws, and reads from the files what became of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from support.persons_scans import STUDY

REPOSITORY = Path(__file__).parents[2]
FORBIDDEN = ("torch", "nibabel", "monai", "pydicom")


def nothing_forbidden() -> None:
    """Slicer's process holds nothing that Slicer does not ship."""
    loaded = sorted({name.partition(".")[0] for name in sys.modules} & set(FORBIDDEN))
    assert not loaded, f"imported into the panel's process: {', '.join(loaded)}"


class PersonAtPanel:
    """Somebody with a window of Slicer. `references` are the true labels, which this person draws."""

    def __init__(
        self,
        home: Path,
        references: dict[str, Path],
        structures: Sequence[str],
        look: Callable[[str, Any], None] = lambda _name, _widget: None,
    ) -> None:
        from host import application

        os.environ["HOME"] = os.environ["DUALSSLSEG_SETTINGS"] = str(home)
        os.environ["LOGNAME"] = "Reader"  # whose labels these are
        self.home, self.references, self.structures, self._look = home, references, structures, look
        self.application = application
        application.start()
        import qt

        qt.QSettings().remove("DualSSLSeg")
        self.window: Any = None
        self.open_module()

    def open_module(self) -> None:
        """As at Slicer's start."""
        import slicer

        from support.clicking import Hand

        module = self.application.load_module(REPOSITORY / "DualSSLSeg" / "DualSSLSeg.py")
        self.window = self.application.MainWindow(module)
        self.window.show()
        self.hand = Hand(slicer.modules.DualSSLSegWidget)
        self.workbench, self.panel = self.hand.workbench, self.hand.panel

    @property
    def study(self) -> Path:
        """The folder of scans that becomes a study."""
        return self.home / STUDY

    def look(self, name: str, widget: Any = None) -> None:
        """Something can be seen; `widget` is where to look in the panel."""
        nothing_forbidden()
        assert not self.application.errors, "\n".join(self.application.errors)
        if widget is not None:
            self.window.scroll_to(widget)
        self._look(name, widget)

    def wait_until(self, happened: Callable[[], Any], patience_s: float = 300.0) -> None:
        self.hand.wait_until(lambda: happened() and not self.workbench.busy, patience_s)

    def reference(self, case: str) -> np.ndarray:
        """The true label of a case, (X, Y, Z)."""
        from DualSSLSegLib.imaging.read import read_voxels

        return read_voxels(self.references[case])[0].astype(np.uint8)

    def draw(self, label: np.ndarray) -> None:
        """Fill the segments through their arrays, as scripts and other modules do."""
        import slicer

        scene = self.workbench.case_scene
        segmentation = scene.segmentation_node.GetSegmentation()
        for value, name in enumerate(self.structures, 1):
            slicer.util.updateSegmentBinaryLabelmapFromArray(
                np.ascontiguousarray((label == value).transpose(2, 1, 0)).astype(np.uint8),
                scene.segmentation_node,
                segmentation.GetSegmentIdBySegmentName(name),
                scene.volume_node,
            )
        assert self.workbench.changed
        self.application.settle(50)

    def newest_label(self, case: str) -> np.ndarray:
        """The revision in force, from its file."""
        from DualSSLSegLib.imaging.read import read_voxels

        return read_voxels(self.workbench.controller.study.latest(case).path)[0]

    def predicted(self, case: str) -> np.ndarray:
        """The newest prediction of a case, from its file."""
        from DualSSLSegLib.imaging.read import read_voxels

        return read_voxels(self.workbench.controller.prediction(case).label)[0]
