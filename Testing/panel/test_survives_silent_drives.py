"""A folder on a network drive that does not answer is chosen or typed: the window goes on, and so does other work."""

from __future__ import annotations

import sys

import pytest
from support.benches import ToldWorkers
from support.drives import silent
from support.studies import tiny_study, write_scan
from support.tiny_wheels import write_wheel

from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.packages.private_folder import Mark, write_mark
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.packages.setting import WorkerSetting, load_setting, save_setting

pytestmark = pytest.mark.panel

LACKS_TORCH = Probe(
    sys.executable, missing=("torch",), pip=True, problem="PyTorch is not installed.",
    tag=str(sys.implementation.cache_tag),
)  # fmt: skip


@pytest.fixture
def network(tmp_path):
    """The folder where the drive is mounted."""
    folder = tmp_path / "network"
    folder.mkdir()
    return folder


def label_one(panel, study) -> None:
    """Everything that matters works: a case is opened, drawn on and submitted."""
    case = panel.open_next()
    strokes = panel.paint("liver").transpose(2, 1, 0)
    panel.click(panel.panel.annotate.ui.submitButton)
    panel.wait_until(lambda: panel.workbench.case not in (None, case))  # whatever else is waited for
    revision, grid = study.latest(case), panel.workbench.opened.grid
    assert (read_label(revision.path, grid, study.structures) == strokes).all()


def test_another_folder_can_be_chosen_when_the_drive_of_the_first_does_not_answer(panel, network, tmp_path):
    study = tiny_study(tmp_path / "here")
    tiny_study(network / "there")
    with silent(network):
        panel.choose(network / "there")
        panel.wait_until(lambda: "Looking into there" in panel.panel.messages.busy_text)
        assert "choose another folder" in panel.panel.messages.busy_text
        panel.choose_folder(tmp_path / "here")
        panel.wait_until(lambda: panel.workbench.study_path == tmp_path / "here")
        panel.wait_until(lambda: not panel.workbench.busy and not panel.workbench.background.busy)
        label_one(panel, study)
    panel.wait_until(lambda: not panel.workbench.busy)
    assert panel.workbench.study_path == tmp_path / "here" and not panel.said()[1:]


def test_a_study_opened_last_on_a_drive_that_is_gone_does_not_hold_up_the_start(panel, network, tmp_path):
    study = tiny_study(tmp_path / "here")
    tiny_study(network / "there")
    for folder in (tmp_path / "here", network / "there"):
        panel.choose_folder(folder)
        panel.wait_until(lambda folder=folder: panel.workbench.study_path == folder)
    panel.workbench.close_study()
    panel.wait_until(lambda: panel.workbench.study_path is None and not panel.workbench.busy)
    with silent(network):
        panel.panel.enter()
        panel.click(panel.panel.study.ui.reopenButton)
        panel.wait_until(lambda: "Looking into there" in panel.panel.messages.busy_text)
        panel.panel.study.recent_actions[1].trigger()
        panel.wait_until(lambda: panel.workbench.study_path == tmp_path / "here")
        label_one(panel, study)


def test_scans_and_results_on_such_a_drive_do_not_hold_up_the_labels(panel, network, tmp_path):
    study = tiny_study(tmp_path / "here")
    write_scan(network / "scans" / "a.nii.gz")
    (network / "results").mkdir()
    (tmp_path / "model.pt").write_bytes(b"networks")
    panel.workbench.launcher = ToldWorkers()
    panel.choose_folder(study.path)
    panel.wait_until(lambda: panel.workbench.rows)
    ui = panel.panel.folder.ui
    ui.folderSection.collapsed = False
    with silent(network):
        ui.scansEdit.currentPath = str(network / "scans")
        ui.outputEdit.currentPath = str(network / "results")
        panel.wait_until(lambda: "Looking for results in results" in panel.panel.messages.busy_text)
        ui.modelCombo.setCurrentIndex(1)
        ui.modelEdit.currentPath = str(tmp_path / "model.pt")
        panel.click(ui.segmentButton)
        label_one(panel, study)
        case = panel.workbench.case
        strokes = panel.paint("liver").transpose(2, 1, 0)
        panel.workbench.save_label_as(network / "mine.nii.gz")
        panel.open_next()  # it is not waited for
    panel.wait_until(lambda: not panel.workbench.busy)
    # the drive is back
    label = read_label(network / "mine.nii.gz", panel.workbench.opened.grid, study.structures)
    assert panel.workbench.case != case and (label == strokes).all()


def test_the_offer_to_install_looks_at_folders_beside_everything_else(panel, network, tmp_path):
    ui, offer = panel.panel.set_up.ui, panel.panel.set_up.offer
    write_wheel(tmp_path / "wheels", "torch", "2.9.0")
    with silent(network):
        panel.workbench.probe = LACKS_TORCH
        panel.workbench._tell("setup")
        panel.wait_until(lambda: ui.installButton.enabled)
        ui.targetEdit.currentPath = str(network / "packages")
        panel.wait_until(lambda: "plan" in {str(key) for key in _asked(panel)})
        assert not ui.installButton.enabled and "Looking at the folders" in ui.installButton.toolTip
        assert "choose others" in ui.offerWords.text
        ui.targetEdit.currentPath = str(tmp_path / "packages")
        ui.sourceCombo.setCurrentIndex(1)
        ui.wheelsEdit.currentPath = str(network / "wheels")
        assert not ui.installButton.enabled
        ui.wheelsEdit.currentPath = str(tmp_path / "wheels")
        panel.wait_until(lambda: ui.installButton.enabled)
        assert offer.plan.target == tmp_path / "packages"


def _asked(panel) -> list[object]:
    return [lane._now.key for lane in panel.workbench.background._aside if lane._now is not None]


def test_an_installation_onto_such_a_drive_can_be_cancelled(panel, network):
    ui = panel.panel.set_up.ui
    panel.workbench.probe = LACKS_TORCH
    panel.workbench._tell("setup")
    ui.targetEdit.currentPath = str(network / "packages")
    panel.wait_until(lambda: ui.installButton.enabled)
    with silent(network):
        panel.click(ui.installButton)
        panel.click(ui.cancelInstallButton)
        panel.wait_until(lambda: any("Cancelled" in text for text in panel.said()))
        assert panel.workbench.install_state is None and ui.installPart.isHidden()
    panel.wait_until(lambda: not panel.workbench.background.busy)
    assert not load_setting().packages and not (network / "packages").exists()


def test_packages_on_such_a_drive_do_not_hold_up_slicers_start(
    clean_host, library, network, tmp_path, monkeypatch
):
    from DualSSLSegLib.loop.background import Threaded
    from DualSSLSegLib.workbench.workbench import Workbench

    monkeypatch.setenv("DUALSSLSEG_SETTINGS", str(tmp_path / "settings"))
    write_mark(network, Mark(None, str(sys.implementation.cache_tag), {"torch": "2.9"}))
    save_setting(WorkerSetting(packages=network))
    with silent(network):
        workbench = Workbench(Threaded(), author="Ada")
    assert workbench.launcher._find_path() == (str(network),)
    workbench.close()
