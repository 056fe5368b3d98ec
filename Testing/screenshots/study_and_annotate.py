"""Pictures of the sections Study and Annotate, to be looked at.

python Testing/screenshots/study_and_annotate.py [FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
DARK = {
    "Window": "#353535",
    "WindowText": "#ffffff",
    "Base": "#232323",
    "AlternateBase": "#2c2c2c",
    "Text": "#ffffff",
    "PlaceholderText": "#909090",
    "Button": "#353535",
    "ButtonText": "#ffffff",
    "Highlight": "#2a82da",
    "HighlightedText": "#ffffff",
}


def take(pictures: Path, home: Path) -> None:
    """Go through the steps of a study of generated scans and write a picture of each."""
    os.environ["HOME"] = os.environ["DUALSSLSEG_SETTINGS"] = str(home)
    from host import application

    application.start()
    import slicer
    from support.clicking import Hand

    from DualSSLSegLib.demo.phantom import STRUCTURES, write_cohort

    cohort = home / "Hippocampus MR"
    write_cohort(cohort, 12)
    module = application.load_module(REPOSITORY / "DualSSLSeg" / "DualSSLSeg.py")
    window = application.MainWindow(module)
    window.show()
    hand = Hand(slicer.modules.DualSSLSegWidget)
    study, annotate = hand.panel.study, hand.panel.annotate
    hand.choose_folder(cohort / "images")
    window.grab(pictures / "study-1-new.png")
    hand.press_enter(study.ui.namesEdit, ", ".join(STRUCTURES))
    hand.wait_until(lambda: hand.workbench.rows)
    for _ in range(2):
        case = hand.open_next() if hand.workbench.case is None else hand.workbench.case
        _draw(hand, cohort / "labels" / f"{case}.nii.gz")
        window.scroll_to(annotate.ui.saveAsButton)
        window.grab(pictures / "annotate-1-drawn.png", 500)
        hand.submit()
    study.ui.structuresBox.collapsed = False
    window.scroll_to(hand.panel.messages.widget)
    window.grab(pictures / "study-2-open.png", 300)
    _darken(slicer.app)
    window.grab(pictures / "study-3-dark.png", 300)
    for picture in (*pictures.glob("study-*.png"), *pictures.glob("annotate-*.png")):
        _shrink(picture)
    if application.errors:
        sys.exit("\n".join(application.errors))


def _draw(hand: Any, reference: Path) -> None:
    """Put a reference label into the segments, as if drawn."""
    import slicer

    scene = hand.workbench.case_scene
    labels = slicer.util.loadLabelVolume(str(reference), {"show": False})
    array = slicer.util.arrayFromVolume(labels).copy()
    slicer.mrmlScene.RemoveNode(labels)
    for value, segment in enumerate(scene.segmentation_node.GetSegmentation().GetSegmentIDs(), 1):
        mask = (array == value).astype("uint8")
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask, scene.segmentation_node, segment, scene.volume_node
        )


def _shrink(picture: Path) -> None:
    """Keep 32 steps of each colour: nobody sees the difference, and the file is half as large."""
    import numpy as np
    import qt

    image = qt.QImage(str(picture)).convertToFormat(qt.QImage.Format_RGB32)
    size = image.width(), image.height()
    values = np.frombuffer(image.constBits(), np.uint8) & 0xF8
    values |= values >> 5
    rounded = qt.QImage(values.tobytes(), *size, qt.QImage.Format_RGB32)
    if not rounded.save(str(picture), "PNG", 0):
        raise OSError(f"{picture} could not be written")


def _darken(app: Any) -> None:
    import qt

    palette = qt.QPalette()
    for role, color in DARK.items():
        palette.setColor(getattr(qt.QPalette, role), qt.QColor(color))
    app.setPalette(palette)


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "Testing")]
    with tempfile.TemporaryDirectory() as folder:
        take(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent, Path(folder))
