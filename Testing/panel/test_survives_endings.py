"""The scene is closed, the module reloaded, Slicer quit: in any state, and nothing is lost."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from host import application
from support.benches import ToldWorkers
from support.clicking import Hand
from support.predictions import predicted_run, tell
from support.studies import GRID, label_of

from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder

pytestmark = pytest.mark.panel

DOOR = Path(__file__).parents[2] / "DualSSLSeg" / "DualSSLSeg.py"


def close_scene() -> None:
    import slicer

    slicer.mrmlScene.Clear(0)
    application.settle(300)


def ours_in_scene() -> list[str]:
    import slicer

    nodes = slicer.mrmlScene.GetNodes()
    found = [nodes.GetItemAsObject(number) for number in range(nodes.GetNumberOfItems())]
    return [node.GetName() for node in found if node.GetAttribute("DualSSLSeg.Role")]


def draft(folder, case) -> np.ndarray:
    study = StudyFolder.open(folder)
    return read_label(study.drafts.path(case), GRID, study.structures)


def revision(folder, case) -> np.ndarray:
    study = StudyFolder.open(folder)
    return read_label(study.latest(case).path, GRID, study.structures)


def go_on(hand) -> None:
    """The panel is as usable as before: a case is opened, drawn on and submitted."""
    case = hand.open_next()
    hand.paint("liver", size=2)
    hand.submit()
    assert revision(hand.workbench.study_path, case).sum() == 8


@pytest.fixture
def study(panel, scans):
    panel.workbench.launcher = ToldWorkers()
    panel.new_study(scans, "liver, tumour")
    panel.wait_until(lambda: not panel.workbench.busy)
    return panel


@pytest.fixture
def gate(monkeypatch):
    """Reading a scan and writing a label wait in the background until the gate is opened. `entered` says they are
    there."""
    from DualSSLSegLib.imaging import read, write

    opened, entered = threading.Event(), threading.Event()

    def waiting(real):
        def slow(*arguments, **options):
            entered.set()
            assert opened.wait(30)
            return real(*arguments, **options)

        return slow

    monkeypatch.setattr(read, "read_image", waiting(read.read_image))
    monkeypatch.setattr(write, "write_label", waiting(write.write_label))
    opened.set()
    opened.entered = entered
    yield opened
    opened.set()


def test_the_scene_is_closed_with_nothing_open(panel, scans):
    close_scene()
    panel.new_study(scans, "liver")
    close_scene()
    assert len(panel.workbench.rows) == 4
    go_on(panel)


def test_the_scene_is_closed_with_strokes(study, scans):
    case = study.open_next()
    strokes = study.paint("liver").transpose(2, 1, 0)
    close_scene()
    assert study.workbench.case is None and study.panel.annotate.ui.caseArea.isHidden()
    assert np.array_equal(draft(scans, case), strokes)
    assert study.open_next() == case  # unfinished work, and it is there again
    assert np.array_equal(study.workbench.case_scene.label(), strokes)
    study.submit()


def test_the_scene_is_closed_during_a_review(study, scans):
    waiting = [row.id for row in study.workbench.rows][1:]
    run = predicted_run(StudyFolder.open(scans), dict.fromkeys(waiting, label_of()))
    study.click(study.panel.study.ui.refreshButton)
    study.wait_until(lambda: study.workbench.run == run and not study.workbench.busy)
    review = study.panel.review
    study.click(review.ui.reviewNextButton)
    study.wait_until(lambda: study.workbench.map_shown == "uncertainty")
    study.click(review.ui.nextSpotButton)
    close_scene()
    assert study.workbench.prediction is None and review.ui.predictionPart.isHidden()
    assert ours_in_scene() == []
    study.click(review.ui.reviewNextButton)
    study.wait_until(lambda: study.workbench.map_shown == "uncertainty")
    study.click(review.ui.acceptButton)
    study.wait_until(lambda: study.workbench.counts["reviewed"] == 1)


def test_the_scene_is_closed_while_a_case_is_read(study, gate):
    gate.clear()
    study.workbench.open_case("scan_2")
    study.wait_until(gate.entered.is_set)
    close_scene()
    gate.set()
    study.wait_until(lambda: study.workbench.case == "scan_2" and not study.workbench.busy)
    assert study.workbench.case_scene.alive  # asked for, read, and now in the new scene
    study.paint("liver", size=2)
    study.submit()


def test_the_scene_is_closed_while_a_label_is_written(study, scans, gate):
    case = study.open_next()
    strokes = study.paint("liver").transpose(2, 1, 0)
    study.wait_until(lambda: not study.workbench.busy)
    gate.entered.clear()
    gate.clear()
    study.click(study.panel.annotate.ui.submitButton)
    study.wait_until(gate.entered.is_set)
    close_scene()
    gate.set()
    study.wait_until(lambda: not study.workbench.busy)
    assert np.array_equal(revision(scans, case), strokes)
    assert StudyFolder.open(scans).drafts.ids() == set() and study.workbench.case is None
    go_on(study)


def test_the_scene_is_closed_while_a_draft_is_written_and_strokes_came_since(study, scans, gate):
    case = study.open_next()
    study.paint("liver")
    study.wait_until(lambda: not study.workbench.busy)
    gate.entered.clear()
    gate.clear()
    study.click(study.panel.annotate.ui.saveButton)
    study.wait_until(gate.entered.is_set)
    newer = study.paint("liver", size=2).transpose(2, 1, 0)
    threading.Timer(0.3, gate.set).start()  # closing the scene waits for the disk
    close_scene()
    study.wait_until(lambda: not study.workbench.busy)
    assert np.array_equal(draft(scans, case), newer)


@pytest.fixture
def training(study):
    """A training on its fifth step, with a case open and strokes on it."""
    study.open_next()
    study.paint("liver")
    study.submit()
    study.wait_until(lambda: study.panel.train.ui.trainButton.enabled)
    study.click(study.panel.train.ui.trainButton)
    study.wait_until(lambda: study.workbench.run_words is not None)
    tell(study.workbench.run, {"type": "phase", "name": "train", "total": 10})
    for step in range(1, 6):
        tell(study.workbench.run, {"type": "progress", "step": step, "total": 10, "loss": 1 / step})
    study.wait_until(lambda: study.panel.train.run_view.progress.value == 500)
    study.strokes = study.paint("liver").transpose(2, 1, 0)
    return study


def test_the_scene_is_closed_during_training_and_the_plot_goes_on(training):
    run = training.workbench.run
    close_scene()
    assert training.workbench.run == run and not training.panel.train.plot.isHidden()
    tell(run, {"type": "progress", "step": 6, "total": 10, "loss": 0.1})
    training.wait_until(lambda: training.panel.train.run_view.progress.value == 600)
    assert len(training.workbench.curves[0].points) == 6


def test_the_module_is_reloaded_during_training_and_finds_its_run_again(training, clean_host):
    import slicer

    run, case, folder = training.workbench.run, training.workbench.case, training.workbench.study_path
    clean_host.reload("DualSSLSeg")
    again = Hand(slicer.modules.DualSSLSegWidget)
    assert again.panel is not training.panel
    again.click(again.panel.study.ui.reopenButton)
    again.wait_until(
        lambda: again.workbench.run is not None and again.panel.train.run_view.progress.value == 500
    )
    assert again.workbench.run.path == run.path and again.workbench.read_only == ""
    assert len(again.workbench.curves[0].points) == 5 and again.workbench.used_labels
    tell(run, {"type": "progress", "step": 7, "total": 10, "loss": 0.1})
    again.wait_until(lambda: again.panel.train.run_view.progress.value == 700)
    assert len(again.workbench.curves[0].points) == 6
    assert np.array_equal(draft(folder, case), training.strokes)
    tell(run, {"type": "finished"})
    again.wait_until(lambda: any("finished" in text for text in again.said()))


def test_the_module_is_reloaded_twice_while_it_opens_the_study(study, clean_host):
    import slicer

    study.workbench.open_case("scan_2")
    clean_host.reload("DualSSLSeg")
    Hand(slicer.modules.DualSSLSegWidget).panel.study.ui.reopenButton.click()
    clean_host.reload("DualSSLSeg")
    again = Hand(slicer.modules.DualSSLSegWidget)
    again.click(again.panel.study.ui.reopenButton)
    again.wait_until(lambda: len(again.workbench.rows) == 4 and not again.workbench.busy)
    assert again.workbench.read_only == "" and ours_in_scene() == []
    go_on(again)


def test_after_quitting_with_strokes_the_next_start_offers_them(study, scans, clean_host):
    import slicer

    case = study.open_next()
    strokes = study.paint("liver").transpose(2, 1, 0)
    clean_host.unload("DualSSLSeg")
    assert np.array_equal(draft(scans, case), strokes)
    clean_host.load_module(DOOR)
    again = Hand(slicer.modules.DualSSLSegWidget)
    again.click(again.panel.study.ui.reopenButton)
    again.wait_until(lambda: again.workbench.counts["in_progress"] == 1 and not again.workbench.busy)
    assert "unfinished work" in again.panel.annotate.ui.reasonLabel.text
    assert case in again.panel.annotate.ui.reasonLabel.text
    assert again.open_next() == case
    assert np.array_equal(again.workbench.case_scene.label(), strokes)
    assert "unfinished" in again.panel.annotate.ui.sourceLabel.text


def test_quitting_while_a_label_is_written_waits_for_it(study, scans, gate, clean_host):
    case = study.open_next()
    strokes = study.paint("liver").transpose(2, 1, 0)
    study.wait_until(lambda: not study.workbench.busy)
    gate.entered.clear()
    gate.clear()
    study.click(study.panel.annotate.ui.submitButton)
    study.wait_until(gate.entered.is_set)
    threading.Timer(0.3, gate.set).start()
    clean_host.unload("DualSSLSeg")
    assert np.array_equal(revision(scans, case), strokes)
