"""The section Set-up: what training needs, what is there, and installing or removing the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from DualSSLSegLib.packages.installation import InstallState
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.panel.install_offer import InstallOffer

_FULL = 1000
_OWN, _OTHER = 0, 1
_GIB = 1 << 30


class SetUpSection:
    """`widget` holds the section; `update` shows what the workbench says. It looks at nothing before it is unfolded."""

    def __init__(self, workbench: Any, resource_path: Callable[[str], str]) -> None:
        self.workbench = workbench
        self.widget = slicer.util.loadUI(resource_path("UI/SetUp.ui"))
        self.ui = ui = slicer.util.childWidgetVariables(self.widget)
        self._shown_problem: Probe | None = None
        self._said: tuple[str, ...] = ()
        self._box: Any = None
        for name in ("found", "card", "computer", "versions", "place"):
            label = getattr(ui, "foundLabel" if name == "found" else f"{name}Words")
            label.textFormat = qt.Qt.PlainText
            label.setTextInteractionFlags(qt.Qt.TextSelectableByMouse | qt.Qt.TextSelectableByKeyboard)
        ui.installWords.textFormat = qt.Qt.PlainText
        self.offer = InstallOffer(ui, workbench)
        self._helps = {
            name: str(getattr(ui, name).toolTip)
            for name in ("checkButton", "cancelInstallButton", "removeButton", "pythonButton")
        }
        ui.pythonCombo.addItem(_("Slicer's own Python"))
        ui.pythonCombo.addItem(_("another Python"))
        ui.pythonCombo.connect("currentIndexChanged(int)", self._show_python_choice)
        ui.pythonEdit.connect("currentPathChanged(QString)", self._show_python_choice)
        ui.checkButton.clicked.connect(lambda *_arguments: workbench.check_setup())
        ui.cancelInstallButton.clicked.connect(lambda *_arguments: workbench.cancel_installation())
        ui.removeButton.clicked.connect(lambda *_arguments: self._remove())
        ui.pythonButton.clicked.connect(lambda *_arguments: workbench.set_python(self._wanted_python()))
        ui.setUpSection.connect("contentsCollapsed(bool)", self._folded)
        self._show_setting()
        self.update("setup")

    def update(self, topic: str) -> None:
        """Show the part of the workbench's state that `topic` names."""
        if topic not in ("setup", "run", "folder", "message"):
            return
        workbench = self.workbench
        state = workbench.install_state
        if topic == "setup":
            self._show_found(workbench.probe)
            self._show_installation(state)
            self.offer.show(state is not None and state.active)
            self._show_setting()
        self._show_buttons()

    def enter(self) -> None:
        """What training lacks is found out when the section is unfolded, or when there is a label to train on."""

    def exit(self) -> None:
        """Nothing goes on here while the panel is not seen."""

    def close(self) -> None:
        """An installation under way belongs to the workbench."""
        self.offer.close()

    # --- what was found -----------------------------------------------------------------------------------

    def _show_found(self, seen: Probe | None) -> None:
        ui = self.ui
        for name in ("card", "computer", "versions"):
            for part in ("Label", "Words"):
                getattr(ui, name + part).setVisible(seen is not None)
        if seen is None:
            ui.foundLabel.text = _("Not checked yet.")
            return
        if seen.ok:
            ui.foundLabel.text = f"{_('✓ Everything that training needs is installed.')} {seen.note}".strip()
        else:
            ui.foundLabel.text = f"⚠ {seen.problem} {seen.hint}".strip()
        ui.cardWords.text = _card_words(seen)
        ui.computerWords.text = _processor_words(seen)
        versions = [f"{name} {version}" for name, version in seen.versions.items()]
        ui.versionsWords.text = ", ".join(versions) or "–"
        if not seen.ok and seen is not self._shown_problem:
            ui.setUpSection.collapsed = False  # nothing can be trained before this is done
        self._shown_problem = seen

    def _show_setting(self) -> None:
        setting, ui = self.workbench.setting, self.ui
        for widget in (ui.placeLabel, ui.placeWords):
            widget.setVisible(setting.packages is not None)
        ui.placeWords.text = str(setting.packages or "")
        if str(self.ui.pythonEdit.currentPath).strip() in ("", setting.python or ""):
            ui.pythonCombo.setCurrentIndex(_OWN if setting.python is None else _OTHER)
            ui.pythonEdit.currentPath = setting.python or ""
        self._show_python_choice()

    # --- the installation ---------------------------------------------------------------------------------

    def _show_installation(self, state: InstallState | None) -> None:
        ui = self.ui
        ui.installPart.setVisible(state is not None)
        if state is None:
            return
        ui.installProgress.setVisible(state.active)
        ui.cancelInstallButton.setVisible(state.active)
        if state.fraction is None:
            ui.installProgress.setRange(0, 0)
        else:
            ui.installProgress.setRange(0, _FULL)
            ui.installProgress.value = round(state.fraction * _FULL)
        if state.done:
            ui.installWords.text = _("Installed. Training can start, no restart is needed.")
        elif state.failed:
            ui.installWords.text = f"{state.failed} {state.hint}".strip()
        else:
            ui.installWords.text = _("Installing; you can go on working.")
        if state.lines != self._said:
            self._said = state.lines
            ui.installLog.plainText = "\n".join(state.lines)
            bar = ui.installLog.verticalScrollBar()
            bar.value = bar.maximum

    def _remove(self) -> None:
        question = _(
            "Delete {folder}, with everything that was installed there? Studies, labels and models stay. "
            "Training needs it to be installed again."
        ).format(folder=self.workbench.setting.packages)
        if slicer.util.confirmOkCancelDisplay(question, _("Remove what was installed")):
            self.workbench.remove_installation()

    # --- buttons ------------------------------------------------------------------------------------------

    def _wanted_python(self) -> str | None:
        if self.ui.pythonCombo.currentIndex == _OWN:
            return None
        return str(self.ui.pythonEdit.currentPath).strip()

    def _show_python_choice(self, *_arguments: Any) -> None:
        ui, wanted = self.ui, self._wanted_python()
        ui.pythonEdit.setVisible(ui.pythonCombo.currentIndex == _OTHER)
        reason = str(self.workbench.why_not("set_python"))
        if not reason and wanted == "":
            reason = _("Choose the program python of an environment first.")
        elif not reason and wanted == self.workbench.setting.python:
            reason = _("This Python is in use already.")
        self._show_button("pythonButton", reason)

    def _show_buttons(self) -> None:
        why_not = self.workbench.why_not
        self._show_button("cancelInstallButton", str(why_not("cancel_installation")))
        self._show_button("removeButton", str(why_not("remove_installation")))
        self._show_button("checkButton", str(why_not("check_setup")))
        self._show_python_choice()

    def _show_button(self, name: str, reason: str) -> None:
        button = getattr(self.ui, name)
        button.enabled = not reason
        button.toolTip = reason or self._helps[name]

    def _folded(self, folded: bool) -> None:
        if not folded and self.workbench.probe is None:
            self.workbench.check_setup()


def _card_words(seen: Probe) -> str:
    if seen.cuda:
        memory = _memory_words(seen.gpu_memory_bytes) if seen.gpu_memory_bytes else ""
        return f"{seen.cuda}" + (_(", {size} free").format(size=memory) if memory else "")
    if seen.card is not None:
        words = _("{name}, {size}, not used yet")
        return words.format(name=seen.card.name, size=_memory_words(seen.card.memory_bytes))
    return _("none that can be used; the processor works, only slower")


def _processor_words(seen: Probe) -> str:
    if not seen.cores:
        return "–"
    if not seen.free_memory_bytes:
        return _("{count} cores").format(count=seen.cores)
    memory = _memory_words(seen.free_memory_bytes)
    return _("{count} cores, {memory} of memory free").format(count=seen.cores, memory=memory)


def _memory_words(size: int) -> str:
    """As memory is sold: a card of "16 GB" has 16 times 2^30 bytes."""
    return f"{size / _GIB:.1f}".removesuffix(".0") + " GB"
