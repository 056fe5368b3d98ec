"""A picture of every step of one person's way through the panel, to be looked at.

    python Testing/screenshots/persons_path.py [FOLDER] [--minutes 5] [--home FOLDER]

Generated scans are shown, or those of $DUALSSLSEG_DATA. With `--home` the study stays there, and a second call begins
where its training has ended.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
SCANS, LABELLED = 14, 6
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


def take(pictures: Path, home: Path, minutes: float) -> Any:
    """Go the way and write a picture of each step; the person at its end."""
    from support.person import Person
    from support.persons_path import after_training
    from support.persons_scans import lay_out

    trained = home / "trained"
    temporary = home / "scans"
    shutil.rmtree(temporary, ignore_errors=True)

    def grab(name: str, _widget: Any) -> None:
        picture = pictures / f"{name}.png"
        person.window.grab(picture, 400)
        _shrink(picture)
        print(picture, flush=True)

    if trained.exists():
        shutil.copytree(trained, temporary)
        shutil.rmtree(temporary / "Library", ignore_errors=True)
    references, structures = lay_out(temporary, SCANS)
    person = Person(temporary, references, structures, grab)
    if trained.exists():
        person.hand.choose_folder(person.study)
        person.wait_until(lambda: person.workbench.counts["predicted"])
        person.look("train-3-finished", person.panel.train.widget)
    else:
        person.make_study()
        person.label(LABELLED)
        person.train(minutes)
        shutil.copytree(temporary, trained)
    after_training(person)
    _darken()
    grab("study-4-dark", None)
    return person


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


def _darken() -> None:
    import qt
    import slicer

    palette = qt.QPalette()
    for role, color in DARK.items():
        palette.setColor(getattr(qt.QPalette, role), qt.QColor(color))
    slicer.app.setPalette(palette)


def main() -> None:
    from host import ending

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    given.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        person = take(given.pictures, given.home or Path(folder), given.minutes)
        person.application.unload("DualSSLSeg")
        print("\n".join(person.application.errors))
        ending.finish(int(bool(person.application.errors)))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "Testing")]
    main()
