"""What would be installed, from where and whereto, with sizes and licences; nothing happens before the click."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.packages.offer import compute_choices
from DualSSLSegLib.packages.plan import InstallPlan, install_plan
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.packages.setting import WorkerSetting, our_folder

_INTERNET, _WHEELS = 0, 1


class InstallOffer:
    """Behaviour of the part `offerPart` of SetUp.ui; `why_not()` says why installing is not possible now."""

    def __init__(self, ui: Any, why_not: Callable[[], str], install: Callable[[InstallPlan], None]) -> None:
        self.ui, self._why_not_now, self._begin = ui, why_not, install
        self._seen: Probe | None = None
        self._setting = WorkerSetting()
        self._help = str(ui.installButton.toolTip)
        self.plan: InstallPlan | None = None
        ui.offerWords.textFormat = qt.Qt.PlainText
        for compute in compute_choices(sys.platform):
            words = _("an NVIDIA graphics card") if compute == "cuda" else _("the processor")
            ui.computeCombo.addItem(words, compute)
        ui.sourceCombo.addItem(_("the internet"))
        ui.sourceCombo.addItem(_("a folder of wheels"))
        for combo in (ui.computeCombo, ui.sourceCombo):
            combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
            combo.connect("currentIndexChanged(int)", self._refresh)
        for edit in (ui.wheelsEdit, ui.targetEdit):
            edit.connect("currentPathChanged(QString)", self._refresh)
        ui.installButton.clicked.connect(lambda *_arguments: self._install())

    def show(self, seen: Probe | None, setting: WorkerSetting, active: bool) -> None:
        """Offer what the worker's Python lacks; hidden when nothing is missing or it is being installed."""
        new = seen is not None and seen is not self._seen
        self._seen, self._setting = seen, setting
        wanted = seen is not None and (
            bool(seen.missing) or (bool(seen.private) and bool(seen.note or seen.problem))
        )
        self.ui.offerPart.setVisible(wanted and not active)
        if seen is None or not wanted:
            return
        if new:
            self._suggest(seen, setting)
        self._refresh()

    def _install(self) -> None:
        if self.plan is not None:
            self._begin(self.plan)

    def _suggest(self, seen: Probe, setting: WorkerSetting) -> None:
        """A build for the card that is there, and the usual folder."""
        choices = compute_choices(sys.platform)
        suited = "cuda" if seen.card is not None and "cuda" in choices else "cpu"
        self.ui.computeCombo.setCurrentIndex(choices.index(suited))
        if not str(self.ui.targetEdit.currentPath).strip():
            self.ui.targetEdit.currentPath = str(setting.packages or our_folder() / "packages")

    def _refresh(self, *_arguments: Any) -> None:
        ui = self.ui
        offline = ui.sourceCombo.currentIndex == _WHEELS
        ui.wheelsEdit.setVisible(offline)
        # not isVisible: the section may be folded or the panel off screen
        if self._seen is None or ui.offerPart.isHidden():
            return
        wheels = str(ui.wheelsEdit.currentPath).strip()
        reason, self.plan = "", None
        if offline and not wheels:
            reason = _("Choose the folder of wheels first.")
        else:
            try:
                self.plan = self._plan(self._seen, wheels if offline else "")
            except BadInput as error:
                reason = f"{error.message[:1].upper()}{error.message[1:]} {error.hint}".strip()
        ui.offerWords.text = reason if self.plan is None else _words(self.plan, offline)
        reason = reason or self._why_not_now()
        ui.installButton.enabled = not reason
        ui.installButton.toolTip = reason or self._help

    def _plan(self, seen: Probe, wheels: str) -> InstallPlan:
        target = str(self.ui.targetEdit.currentPath).strip()
        return install_plan(
            self._setting,
            seen,
            compute=compute_choices(sys.platform)[self.ui.computeCombo.currentIndex],
            wheels=Path(wheels) if wheels else None,
            folder=Path(target) if target else None,
        )


def _words(plan: InstallPlan, offline: bool) -> str:
    size = _("Nothing is downloaded.") if offline else plan.offer.words
    licences = "\n".join(f"• {licence}" for licence in plan.offer.licences)
    return f"{size}\n{plan.where}\n" + _("Licences:") + f"\n{licences}"
