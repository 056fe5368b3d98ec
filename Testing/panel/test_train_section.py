"""Asking for a training, following it and steering it. The worker's words are written into the journal by the test."""

from __future__ import annotations

import pytest
from support.benches import ToldWorkers
from support.predictions import tell

from DualSSLSegLib.methods.catalogue import CATALOGUE
from DualSSLSegLib.packages.probe import Probe

pytestmark = pytest.mark.panel

MACHINE = Probe("python", ok=True, versions={"torch": "2.9"}, free_memory_bytes=6 << 30, cores=8)


@pytest.fixture
def train(panel, scans):
    """The section with a study of four scans, two structures, one of the scans labelled."""
    panel.workbench.launcher = ToldWorkers()
    panel.workbench.probe = MACHINE
    panel.new_study(scans, "liver, tumour")
    section = next(section for section in panel.panel.sections if hasattr(section.ui, "trainButton"))
    panel.open_next()
    panel.paint("liver")
    assert not section.ui.trainButton.enabled
    panel.submit()
    panel.wait_until(lambda: section.ui.trainButton.enabled)
    return section


@pytest.fixture
def running(panel, train):
    """A training at work on step 40 of 100."""
    panel.click(train.ui.trainButton)
    panel.wait_until(lambda: panel.workbench.run is not None)
    events = [{"type": "phase", "name": "train", "total": 100}]
    for step in range(10, 50, 10):
        events.append({"type": "progress", "step": step, "total": 100, "loss": 3.0 / step, "eta_s": 400})
        measured = {"liver": step / 100, "tumour": None}
        events.append({"type": "validated", "step": step, "measure": "agreement", "agreement": measured})
    tell(panel.workbench.run, *events)
    panel.wait_until(lambda: train.run_view.progress.value == 400)
    return train


def test_before_the_start_it_says_what_will_happen(panel, train):
    ui = train.ui
    assert ui.expectedDevice.text == "processor, 8 cores"
    assert "6.0 GB free" in ui.expectedMemory.text
    assert ui.expectedTime.text.startswith("about 5 min of training, reading the scans included")
    assert ", then 3 other scans" in ui.expectedTime.text
    assert ui.expectedLabels.text == "1 label: scan_1"
    assert ui.whyNotLabel.isHidden() and train.run_view.part.isHidden()
    ui.minutesSpin.value = 90
    panel.wait_until(lambda: "1 h 30 min" in ui.expectedTime.text)
    ui.deviceCombo.setCurrentIndex(1)
    panel.wait_until(lambda: not ui.trainButton.enabled)
    assert "no graphics card" in ui.trainButton.toolTip and ui.whyNotLabel.text == ui.trainButton.toolTip


def test_without_a_study_the_button_says_what_to_do(panel):
    section = next(section for section in panel.panel.sections if hasattr(section.ui, "trainButton"))
    assert not section.ui.trainButton.enabled and "No study is open" in section.ui.trainButton.toolTip
    assert panel.workbench.probe is None  # nobody has asked for this machine yet


def test_the_request_is_what_the_form_shows(panel, train):
    ui = train.ui
    ui.minutesSpin.value = 7
    ui.acceptedCheckBox.checked = True
    ui.scratchCheckBox.checked = True
    train.form.options.set_value("keep", 0.5)
    assert "1 changed" in ui.advancedGroup.title
    panel.wait_until(lambda: not panel.workbench.busy)
    panel.click(ui.trainButton)
    panel.wait_until(lambda: panel.workbench.run is not None)
    spec = panel.workbench.run.spec()
    assert (spec["method"], spec["options"]["keep"], spec["use_accepted"]) == ("dual", 0.5, True)
    assert spec["budget"] == {"minutes": 7.0} and spec["parent"] is None


def test_options_are_put_back_by_one_button(panel, train):
    ui = train.ui
    ui.advancedGroup.collapsed = False
    assert not ui.resetButton.enabled and "defaults" in ui.resetButton.toolTip
    train.form.options.set_value("keep", 0.5)
    panel.click(ui.resetButton)
    assert train.form.options.values() == {} and ui.advancedGroup.title == "More options of the method"


def test_another_method_brings_its_own_options(panel, train):
    ui = train.ui
    ui.methodCombo.setCurrentIndex(list(CATALOGUE).index("labels_only"))
    assert (
        train.form.options.names == ("strong_views", "networks", "residual_network", "optimiser")
        and "baseline" in ui.methodSummary.text
    )
    panel.wait_until(lambda: not panel.workbench.busy)
    panel.click(ui.trainButton)
    panel.wait_until(lambda: panel.workbench.run is not None)
    assert panel.workbench.run.spec()["method"] == "labels_only"


def test_a_run_is_followed_in_words_and_curves(panel, running):
    view = running.run_view
    assert running.ui.requestPart.isHidden() and not view.part.isHidden()
    assert view.text("Title") == "Training, round 1" and view.text("Status") == "Training the networks"
    assert view.text("TimeLeft") == "about 7 min left" and "Step 40 of 100" in view.text("Detail")
    assert [curve.name for curve in running.plot.curves] == ["loss", "liver"]
    assert not running.ui.plotHolder.isHidden()
    assert running.ui.usedLabels.text == "Learns from 1 label: scan_1"
    assert running.run_view._labels["Warnings"].isHidden()


def test_warnings_and_a_plateau_are_told(panel, running):
    tell(
        panel.workbench.run,
        {"type": "warning", "code": "bad_scan", "text": "scan_2 cannot be read."},
        {"type": "warning", "code": "plateau", "text": "Nothing more is gained; stopping now is fine."},
    )
    panel.wait_until(lambda: running.run_view.text("Plateau"))
    assert "stopping now is fine" in running.run_view.text("Plateau")
    assert running.run_view.text("Warnings") == "⚠ scan_2 cannot be read."


def test_pause_resume_stop(panel, running):
    ui, run = running.ui, panel.workbench.run
    assert not ui.resumeButton.enabled and "No run is paused" in ui.resumeButton.toolTip
    panel.click(ui.pauseButton)
    panel.wait_until(lambda: running.run_view.text("Status") == "Pausing")
    tell(run, {"type": "phase", "name": "paused"})
    panel.wait_until(lambda: ui.resumeButton.enabled)
    assert running.run_view.text("Status") == "Paused" and not ui.pauseButton.enabled
    panel.click(ui.resumeButton)
    tell(run, {"type": "phase", "name": "train", "total": 100})
    panel.wait_until(lambda: ui.pauseButton.enabled)
    panel.click(ui.stopButton)
    panel.wait_until(lambda: "Stopping" in running.run_view.text("Status"))
    tell(run, {"type": "checkpoint", "path": "last.pt", "step": 40}, {"type": "stopped"})
    panel.wait_until(lambda: "work is kept" in running.run_view.text("Status"))
    assert ui.resumeButton.enabled and not ui.requestPart.isHidden()
    panel.click(ui.resumeButton)  # a new attempt of the same run
    panel.wait_until(lambda: len(panel.workbench.launcher.launched) == 2)
    assert panel.workbench.launcher.launched == [run, run]


def test_a_failed_run_says_why_and_can_be_taken_up(panel, running):
    words = {"text": "The graphics card is out of memory.", "hint": "Close other programs."}
    tell(panel.workbench.run, {"type": "failed", "code": "out_of_memory", **words})
    panel.wait_until(lambda: running.run_view.text("Status") == "Failed")
    assert running.run_view.text("Detail") == "The graphics card is out of memory. Close other programs."
    assert running.ui.resumeButton.enabled and not running.ui.stopButton.enabled
    assert [curve.name for curve in running.plot.curves] == [
        "loss",
        "liver",
    ]  # what was learned stays in view


def test_a_finished_run_leaves_no_buttons_and_another_round_can_start(panel, running):
    run = panel.workbench.run
    run.checkpoints.mkdir()
    run.model_path.write_bytes(b"networks")
    tell(run, {"type": "finished", "predicted": 3})
    panel.wait_until(lambda: running.run_view.text("Status") == "Finished")
    assert running.ui.stopButton.isHidden() and running.run_view.text("Detail") == "3 scans were predicted."
    panel.wait_until(lambda: running.ui.trainButton.enabled)
    assert running.ui.predictButton.enabled
    panel.click(running.ui.predictButton)
    panel.wait_until(lambda: panel.workbench.run != run)
    assert panel.workbench.run.spec()["kind"] == "predict"
    assert running.ui.plotHolder.isHidden()  # nothing is learned by predicting


def test_the_tab_key_goes_through_the_form_from_top_to_bottom(panel, train):
    names = []
    widget = train.ui.methodCombo
    while str(widget.objectName) != "trainButton":
        names.append(str(widget.objectName))
        widget = widget.nextInFocusChain()
    known = [
        name for name in names if name in ("methodCombo", "minutesSpin", "deviceCombo", "scratchCheckBox")
    ]
    assert known == ["methodCombo", "minutesSpin", "deviceCombo", "scratchCheckBox"]
    options = [name.removeprefix("option_") for name in names if name.startswith("option_")]
    plain = [name for name in train.form.options.names if name not in train.form.options.advanced_names]
    assert options == [*plain, *train.form.options.advanced_names]
    assert names.index("scratchCheckBox") < names.index(f"option_{options[0]}") < names.index("resetButton")


def test_before_anything_is_trained_it_suggests_what_to_label(panel, train):
    ui = train.ui
    assert ui.predictButton.isHidden()
    panel.click(ui.rankButton)
    panel.wait_until(lambda: panel.workbench.run is not None)
    assert panel.workbench.run.spec()["kind"] == "rank"
    assert ui.rankButton.isHidden()


@pytest.mark.parametrize("afresh", [False, True])
def test_another_round_goes_on_from_the_last_one_unless_told_otherwise(panel, running, afresh):
    first = panel.workbench.run
    first.checkpoints.mkdir()
    first.model_path.write_bytes(b"networks")
    tell(first, {"type": "finished", "predicted": 3})
    panel.wait_until(lambda: running.ui.trainButton.enabled and not panel.workbench.busy)
    running.ui.scratchCheckBox.checked = afresh
    panel.click(running.ui.trainButton)
    panel.wait_until(lambda: panel.workbench.run != first)
    assert (panel.workbench.run.spec()["parent"] is None) == afresh


def test_how_a_study_was_trained_last_is_in_the_form_when_it_is_opened_again(panel, train, scans, tmp_path):
    from support.studies import tiny_study

    ui, workbench = train.ui, panel.workbench
    ui.minutesSpin.value = 7
    ui.deviceCombo.setCurrentIndex(2)
    ui.methodCombo.setCurrentIndex(list(CATALOGUE).index("labels_only"))
    panel.click(ui.trainButton)
    panel.wait_until(lambda: workbench.run is not None and not workbench.busy)
    tiny_study(tmp_path / "other")
    panel.choose_folder(tmp_path / "other")
    panel.wait_until(lambda: workbench.study_path == tmp_path / "other" and not workbench.busy)
    assert (train.form.minutes, train.form.device) == (7, "cpu")  # as the last time anywhere
    ui.minutesSpin.value = 30
    panel.choose_folder(scans)
    panel.wait_until(lambda: workbench.study_path == scans and not workbench.busy)
    assert train.form.choices == {"method": "labels_only", "minutes": 7, "device": "cpu"}


def test_what_another_program_wrote_among_the_choices_is_ignored(panel, train, scans):
    import qt

    from DualSSLSegLib.panel.training_choices import last_choices

    before = train.form.choices
    for stored in (
        "no JSON",
        "[]",
        '{"x": 3}',
        '{"x": {"method": "gone", "minutes": "ten", "device": null}}',
    ):
        qt.QSettings().setValue("DualSSLSeg/TrainingChoices", stored)
        train.form.take(last_choices(scans))
        assert train.form.choices == before


def test_the_model_is_saved_to_a_file_of_the_users(panel, running, tmp_path):
    from host import dialogs

    ui, run = running.ui, panel.workbench.run
    run.checkpoints.mkdir(exist_ok=True)
    run.model_path.write_bytes(b"networks")
    tell(run, {"type": "finished", "predicted": 0})
    panel.wait_until(lambda: ui.exportButton.enabled and not ui.requestPart.isHidden())
    dialogs.answer("file", str(tmp_path / "mine.pt"))
    panel.click(ui.exportButton)
    panel.wait_until(lambda: any(str(tmp_path / "mine.pt") in text for text in panel.said()))
    assert (tmp_path / "mine.pt").read_bytes() == b"networks"


def test_without_a_training_there_is_no_model_to_save(panel, train):
    assert train.ui.exportButton.isHidden()
    assert panel.workbench.why_not("export_model") == "Nothing has been trained in this study yet."
