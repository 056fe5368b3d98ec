"""Shows the panel without Slicer: in a window, or, where there is no display, in pictures of its sections.

    python Testing/host/show.py [study folder] [--pictures folder]

Without a folder it takes the study of the demo, and where that is not there a generated one.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = REPOSITORY / "demo"
GENERATED_SCANS = 6


def has_display() -> bool:
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def open_study(workbench, folder: Path | None) -> None:
    """Open this study, or the demo's, or one of generated scans."""
    from DualSSLSegLib.demo.phantom import STRUCTURES, write_cohort

    if folder is None:
        folder = DEMO / "study"
    if not workbench.is_study(folder) and folder == DEMO / "study":
        write_cohort(DEMO / "panel", GENERATED_SCANS)
        folder = DEMO / "panel" / "images"
    if workbench.is_study(folder):
        workbench.open_study(folder)
    else:
        workbench.create_study(folder, list(STRUCTURES))


def wait(workbench, application) -> None:
    """Until nothing goes on in the background, and the views have drawn."""
    application.settle(300)
    while workbench.busy:
        application.settle(100)
    application.settle(500)


def take_pictures(window, widget, application, folder: Path) -> None:
    """One picture of the start, and one of each section, unfolded alone, with a case open."""
    import slicer

    folder.mkdir(parents=True, exist_ok=True)
    workbench = widget.workbench
    if any(row.state == "predicted" for row in workbench.rows):
        workbench.review(next(row.id for row in workbench.rows if row.state == "predicted"))
    else:
        workbench.open_next()
    wait(workbench, application)
    buttons = [
        slicer.util.findChildren(s.widget, className="ctkCollapsibleButton")[0] for s in widget.panel.sections
    ]
    for number, section in enumerate(widget.panel.sections):
        for button in buttons:
            button.collapsed = button is not buttons[number]
        window.scroll_to(section.widget)
        path = folder / f"{number + 1}-{type(section).__name__.removesuffix('Section').lower()}.png"
        window.grab(path, 400)
        print(path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Show the panel of DualSSLSeg without Slicer.")
    parser.add_argument("study", nargs="?", type=Path, help="folder of scans")
    parser.add_argument("--pictures", type=Path, help="write pictures there instead of opening a window")
    given = parser.parse_args()
    pictures = given.pictures or (None if has_display() else DEMO / "pictures")
    if pictures is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.path[:0] = [str(REPOSITORY / "Testing"), str(REPOSITORY)]
    from host import application, dialogs, ending
    from host.fixtures import missing_packages

    if missing_packages():
        print(
            f"The panel needs {' and '.join(missing_packages())}; `make setup` installs them.",
            file=sys.stderr,
        )
        return 2
    app = application.start()
    import slicer

    module = application.load_module(REPOSITORY / "DualSSLSeg" / "DualSSLSeg.py")
    window = application.MainWindow(module)
    window.show()
    widget = slicer.modules.DualSSLSegWidget
    open_study(widget.workbench, given.study)
    wait(widget.workbench, application)
    if pictures is None:
        dialogs.by_hand = True
        app.exec()
    else:
        take_pictures(window, widget, application, pictures)
    application.unload("DualSSLSeg")
    ending.finish(int(bool(application.errors)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
