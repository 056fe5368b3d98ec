"""Set-up: what is said of this computer, what is offered, and that nothing happens before the click."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from host import dialogs
from support.tiny_wheels import write_wheel

from DualSSLSegLib.packages.graphics_card import GraphicsCard
from DualSSLSegLib.packages.installation import InstallState
from DualSSLSegLib.packages.private_folder import Mark, write_mark
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.packages.setting import WorkerSetting, load_setting, save_setting

pytestmark = pytest.mark.panel

FOUND = {"python": "3.12.10", "numpy": "2.0.1"}
CARD = GraphicsCard("NVIDIA RTX A4000", 16 << 30, (8, 6))
LACKS_TORCH = Probe(
    sys.executable, missing=("torch",), versions=FOUND, cores=8, free_memory_bytes=9 << 30, card=CARD, pip=True,
    problem="PyTorch is not installed.", hint="Install it here.", tag=str(sys.implementation.cache_tag),
)  # fmt: skip
READY = Probe(
    sys.executable, ok=True, versions={**FOUND, "torch": "2.9.1"}, cores=8, cuda=CARD.name,
    gpu_memory_bytes=15 << 30, card=CARD, private=("torch",), pip=True,
)  # fmt: skip


@pytest.fixture
def set_up(panel):
    return next(section for section in panel.panel.sections if hasattr(section.ui, "installButton"))


def show(panel, **state) -> None:
    """Give the workbench what its background would have found."""
    for name, value in state.items():
        setattr(panel.workbench, name, value)
    panel.workbench._tell("setup")


def test_nothing_is_looked_at_before_somebody_wants_to_know(panel, set_up, clean_host):
    clean_host.settle(300)
    assert panel.workbench.probe is None and not panel.workbench.busy
    assert set_up.ui.setUpSection.collapsed and set_up.ui.foundLabel.text == "Not checked yet."
    assert set_up.ui.offerPart.isHidden() and set_up.ui.installPart.isHidden()


def test_unfolding_asks_the_python_that_would_train(panel, set_up, tmp_path):
    panel.workbench.setting = WorkerSetting(str(tmp_path / "no python"))
    set_up.ui.setUpSection.collapsed = False
    panel.wait_until(lambda: panel.workbench.probe is not None)
    assert "could not be started" in set_up.ui.foundLabel.text


def test_what_is_missing_is_said_and_offered_with_its_price(panel, set_up):
    show(panel, probe=LACKS_TORCH)
    ui = set_up.ui
    assert not ui.setUpSection.collapsed  # nothing can be trained before
    assert ui.foundLabel.text == "⚠ PyTorch is not installed. Install it here."
    assert ui.cardWords.text == "NVIDIA RTX A4000, 16 GB, not used yet"
    assert ui.computerWords.text == "8 cores, 9 GB of memory free"
    assert ui.versionsWords.text == "python 3.12.10, numpy 2.0.1"
    assert not ui.offerPart.isHidden() and "Looking at the folders" in ui.installButton.toolTip
    panel.wait_until(lambda: ui.installButton.enabled)
    words = ui.offerWords.text
    assert "to download" in words and str(set_up.offer.plan.target) in words and "BSD-3-Clause" in words
    if ui.computeCombo.count == 2:  # a Mac has no CUDA
        assert ui.computeCombo.currentIndex == 1 and "NVIDIA's own licence" in words
        ui.computeCombo.setCurrentIndex(0)
        panel.wait_until(lambda: ui.installButton.enabled)
        assert "NVIDIA" not in ui.offerWords.text
    assert panel.workbench.install_state is None


def test_without_internet_a_folder_of_wheels_is_asked_for(panel, set_up, tmp_path):
    show(panel, probe=LACKS_TORCH)
    ui = set_up.ui
    assert ui.wheelsEdit.isHidden()
    ui.sourceCombo.setCurrentIndex(1)
    assert not ui.wheelsEdit.isHidden() and not ui.installButton.enabled
    assert "Choose the folder of wheels" in ui.installButton.toolTip
    ui.wheelsEdit.currentPath = str(tmp_path)
    panel.wait_until(lambda: ui.installButton.toolTip.startswith("This folder holds no wheels"))
    write_wheel(tmp_path, "torch", "2.9.0")
    ui.wheelsEdit.currentPath = f"{tmp_path}/"
    panel.wait_until(lambda: ui.installButton.enabled)
    assert "Nothing is downloaded." in ui.offerWords.text


def test_another_folder_is_installed_into_when_it_is_named(panel, set_up, tmp_path):
    show(panel, probe=LACKS_TORCH)
    set_up.ui.targetEdit.currentPath = str(tmp_path / "big disk")
    assert not set_up.ui.installButton.enabled  # until it is known whether that will do
    panel.wait_until(lambda: set_up.ui.installButton.enabled)
    assert set_up.offer.plan.target == tmp_path / "big disk"


def test_an_installation_is_followed_and_its_end_is_told(panel, set_up):
    ui = set_up.ui
    show(panel, probe=LACKS_TORCH, install_state=InstallState(("Collecting torch",), 0.4))
    assert ui.installProgress.value == 400 and ui.installLog.plainText == "Collecting torch"
    assert ui.offerPart.isHidden() and ui.cancelInstallButton.enabled
    show(
        panel, install_state=InstallState(("No space",), 0.5, failed="The disk is full.", hint="Free space.")
    )
    assert ui.installWords.text == "The disk is full. Free space." and ui.cancelInstallButton.isHidden()
    assert not ui.offerPart.isHidden()  # to try again
    show(panel, probe=READY, install_state=InstallState((), 1.0, True))
    assert "Installed" in ui.installWords.text and ui.offerPart.isHidden()
    assert ui.foundLabel.text == "✓ Everything that training needs is installed."
    assert ui.cardWords.text == "NVIDIA RTX A4000, 15 GB free"


def test_another_python_is_used_from_now_on(panel, set_up, tmp_path):
    ui = set_up.ui
    assert not ui.pythonButton.enabled and "in use already" in ui.pythonButton.toolTip
    ui.pythonGroup.collapsed = False
    ui.pythonCombo.setCurrentIndex(1)
    assert not ui.pythonEdit.isHidden() and "Choose the program" in ui.pythonButton.toolTip
    ui.pythonEdit.currentPath = str(tmp_path / "python")
    panel.click(ui.pythonButton)
    panel.wait_until(lambda: panel.workbench.probe is not None)
    assert load_setting().python == str(tmp_path / "python")
    assert "could not be started" in ui.foundLabel.text and not ui.pythonButton.enabled
    ui.pythonCombo.setCurrentIndex(0)
    assert ui.pythonButton.enabled and ui.pythonEdit.isHidden()


def test_removing_asks_first_and_takes_our_folder_only(panel, set_up, tmp_path):
    ui = set_up.ui
    assert not ui.removeButton.enabled and "Nothing was installed" in ui.removeButton.toolTip
    ours = tmp_path / "packages"
    ours.mkdir()
    write_mark(ours, Mark(str(tmp_path / "no python"), "cpython-312", {"torch": "2.9"}))
    save_setting(WorkerSetting(str(tmp_path / "no python"), ours))
    show(panel, setting=load_setting(), probe=READY)
    assert ui.placeWords.text == str(ours) and ui.removeButton.toolTip
    ui.pythonGroup.collapsed = False
    dialogs.answer("message", "Cancel")
    panel.click(ui.removeButton)
    assert str(ours) in dialogs.shown[-1].text and ours.exists()
    dialogs.answer("message", "Ok")
    panel.click(ui.removeButton)
    panel.wait_until(lambda: panel.workbench.setting.packages is None and not panel.workbench.busy)
    assert not ours.exists() and ui.placeWords.isHidden()


@pytest.mark.slow
def test_one_click_installs_from_wheels_and_one_removes(panel, set_up, tmp_path):
    """pip runs for real; this Python has torch already, so that nothing comes, and the folder is ours all the same."""
    write_wheel(tmp_path / "wheels", "torch", "2.9.0")
    show(panel, probe=LACKS_TORCH)
    ui = set_up.ui
    ui.sourceCombo.setCurrentIndex(1)
    ui.wheelsEdit.currentPath = str(tmp_path / "wheels")
    ui.targetEdit.currentPath = str(tmp_path / "mine")
    panel.wait_until(lambda: ui.installButton.enabled)
    panel.click(ui.installButton)
    panel.wait_until(lambda: not panel.workbench.install_state.active and not panel.workbench.busy)
    assert panel.workbench.install_state.done, panel.workbench.install_state
    assert Path(load_setting().packages) == tmp_path / "mine" and ui.placeWords.text == str(tmp_path / "mine")
    assert f"Installed in {tmp_path / 'mine'}." in ui.installLog.plainText
    assert panel.workbench.probe.ok
    ui.pythonGroup.collapsed = False
    dialogs.answer("message", "Ok")
    panel.click(ui.removeButton)
    panel.wait_until(lambda: not (tmp_path / "mine").exists())
