"""A hand goes through the whole panel, step by step, while a stopwatch times the calls that this makes."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.callback_stopwatch import Stopwatch

ROOT = Path(__file__).resolve().parent.parent


def click_through(study: Path, more: Path, home: Path) -> dict[str, Any]:
    """One run in this process: the calls, one by one."""
    os.environ["HOME"] = os.environ["DUALSSLSEG_SETTINGS"] = str(home)
    from host import application, dialogs

    application.start()
    import slicer
    from support.clicking import Hand
    from support.quick_worker import QuickLauncher

    for name in ("panel.panel", "workbench.workbench", "workbench.author"):
        importlib.import_module(f"DualSSLSegLib.{name}")
    watch = Stopwatch()
    watch.watch()
    gc.collect()
    module = application.load_module(ROOT / "DualSSLSeg" / "DualSSLSeg.py")
    window = application.MainWindow(module)
    window.show()
    watch.calls.clear()  # loading the module is Slicer's start
    hand = Hand(slicer.modules.DualSSLSegWidget)
    panel, workbench = hand.panel, hand.workbench
    workbench.launcher = QuickLauncher(at_most=50)

    def wait(happened: Callable[[], Any] = lambda: True) -> None:
        hand.wait_until(lambda: happened() and not workbench.busy, 600.0)
        application.settle(600)  # two ticks more, and the painting

    watch.step = "open the study"
    hand.choose_folder(study)
    wait(lambda: workbench.rows)
    cases = panel.study.cases
    watch.step = "find and sort"
    for text in ("case 00", "case 0012", "liver", ""):
        cases.filter_edit.text = text
        wait()
    for column in (1, 2, 3, 4, 0, 0):
        cases._header.sectionClicked.emit(column)
        wait()
    for state in (1, 0):
        cases.state_combo.setCurrentIndex(state)
        wait()
    watch.step = "label"
    hand.open_next()
    for _ in range(3):
        hand.paint("liver")
        hand.submit()
        wait()
    watch.step = "leave and come back"
    hand.paint("liver")
    left = workbench.case
    hand.open_next()
    wait()
    workbench.open_case(left)
    wait(lambda: workbench.case == left)
    watch.step = "structures"
    panel.study.ui.structuresBox.collapsed = False
    hand.press_enter(panel.study.ui.newStructureEdit, "tumour")
    wait(lambda: len(workbench.structures) == 2)
    watch.step = "train"
    wait(lambda: panel.train.ui.trainButton.enabled)
    hand.click(panel.train.ui.trainButton)
    wait(lambda: workbench.run_state is not None and not workbench.run_state.active)
    assert workbench.run_state.status == "finished"
    watch.step = "review"
    for verdict in ("acceptButton", "rejectButton", "correctButton"):
        wait(lambda: panel.review.ui.reviewNextButton.enabled)
        hand.click(panel.review.ui.reviewNextButton)
        wait(lambda: workbench.prediction is not None)
        hand.click(panel.review.ui.nextSpotButton)
        wait()
        panel.review.ui.mapCombo.setCurrentIndex(1)
        wait()
        panel.review.ui.opacitySlider.value = 0.4
        hand.click(getattr(panel.review.ui, verdict))
        wait(lambda: workbench.prediction is None)
    hand.submit()
    wait()
    watch.step = "segment a folder"
    ui = panel.folder.ui
    ui.folderSection.collapsed = False
    ui.scansEdit.currentPath = str(more)
    wait()
    watch.step = "look again"
    hand.click(panel.study.ui.refreshButton)
    wait()
    watch.step = "close the scene"
    hand.paint("liver")
    slicer.mrmlScene.Clear(0)
    wait(lambda: workbench.case is None)
    watch.step = "open again"
    workbench.open_study(study)
    wait(lambda: workbench.rows)
    watch.step = "close"
    application.unload("DualSSLSeg")
    problems = [*application.errors, *dialogs.unused()]
    return {"calls": watch.calls, "problems": problems}
