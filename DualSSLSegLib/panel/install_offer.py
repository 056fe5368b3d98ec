"""What would be installed, from where and whereto, with sizes and licences; nothing happens before the click."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.packages.offer import compute_choices
from DualSSLSegLib.packages.plan import InstallPlan
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.packages.setting import our_folder

_INTERNET, _WHEELS = 0, 1
_TYPING_PAUSE_MS = 300


class InstallOffer:
    """Behaviour of the part `offerPart` of SetUp.ui. Whether the chosen folders will do is found out by the
    workbench, in the background: they may lie on a drive that does not answer."""

    def __init__(self, ui: Any, workbench: Any) -> None:
        self.ui, self._workbench = ui, workbench
        self._seen: Probe | None = None
        self._asked: tuple[object, ...] = ()  # what the plan was asked for
        self._help = str(ui.installButton.toolTip)
        ui.offerWords.textFormat = qt.Qt.PlainText
        for compute in compute_choices(sys.platform):
            words = _("an NVIDIA graphics card") if compute == "cuda" else _("the processor")
            ui.computeCombo.addItem(words, compute)
        ui.sourceCombo.addItem(_("the internet"))
        ui.sourceCombo.addItem(_("a folder of wheels"))
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(_TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._refresh)
        for combo in (ui.computeCombo, ui.sourceCombo):
            combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
            combo.connect("currentIndexChanged(int)", self._refresh)
        for edit in (ui.wheelsEdit, ui.targetEdit):
            edit.connect("currentPathChanged(QString)", self._typed)
        ui.installButton.clicked.connect(lambda *_arguments: self._install())

    @property
    def plan(self) -> InstallPlan | None:
        """What the button would do; None while that is not known, or when it cannot be done."""
        return self._workbench.plan if self._asked == self._wish() else None

    def show(self, active: bool) -> None:
        """Offer what the worker's Python lacks; hidden when nothing is missing or it is being installed."""
        seen = self._workbench.probe
        new = seen is not None and seen is not self._seen
        self._seen = seen
        wanted = seen is not None and (
            bool(seen.missing) or (bool(seen.private) and bool(seen.note or seen.problem))
        )
        self.ui.offerPart.setVisible(wanted and not active)
        if seen is None or not wanted:
            return
        if new:
            self._suggest(seen)
        self._refresh()

    def close(self) -> None:
        """Stop the timer."""
        self._pause.stop()

    def _install(self) -> None:
        if self.plan is not None:
            self._workbench.install(self.plan)

    def _suggest(self, seen: Probe) -> None:
        """A build for the card that is there, and the usual folder."""
        choices = compute_choices(sys.platform)
        suited = "cuda" if seen.card is not None and "cuda" in choices else "cpu"
        self.ui.computeCombo.setCurrentIndex(choices.index(suited))
        if not str(self.ui.targetEdit.currentPath).strip():
            packages = self._workbench.setting.packages
            self.ui.targetEdit.currentPath = str(packages or our_folder() / "packages")
            self._pause.stop()

    def _typed(self, *_arguments: Any) -> None:
        self._pause.start()
        self._show_plan()

    def _wish(self) -> tuple[object, ...]:
        """What the plan depends on: what is there, the setting, build, folder of wheels, folder to install into."""
        ui = self.ui
        offline = ui.sourceCombo.currentIndex == _WHEELS
        wheels = str(ui.wheelsEdit.currentPath).strip() if offline else None
        compute = compute_choices(sys.platform)[ui.computeCombo.currentIndex]
        return self._seen, self._workbench.setting, compute, wheels, str(ui.targetEdit.currentPath).strip()

    def _refresh(self, *_arguments: Any) -> None:
        ui = self.ui
        ui.wheelsEdit.setVisible(ui.sourceCombo.currentIndex == _WHEELS)
        # not isVisible: the section may be folded or the panel off screen
        if self._seen is None or ui.offerPart.isHidden():
            return
        wish = self._wish()
        if wish != self._asked and wish[3] != "":
            self._pause.stop()
            self._asked = wish
            _seen, _setting, compute, wheels, target = wish
            self._workbench.plan_installation(
                compute=compute,
                wheels=Path(str(wheels)) if wheels else None,
                folder=Path(str(target)) if target else None,
            )
        self._show_plan()

    def _show_plan(self) -> None:
        ui, plan = self.ui, self.plan
        offline = ui.sourceCombo.currentIndex == _WHEELS
        if plan is not None:
            reason = ""
        elif offline and not str(ui.wheelsEdit.currentPath).strip():
            reason = _("Choose the folder of wheels first.")
        else:
            known = self._asked == self._wish() and self._workbench.plan_problem
            reason = known or _("Looking at the folders; choose others if this takes long.")
        ui.offerWords.text = reason if plan is None else _words(plan, offline)
        reason = reason or str(self._workbench.why_not("install"))
        ui.installButton.enabled = not reason
        ui.installButton.toolTip = reason or self._help


def _words(plan: InstallPlan, offline: bool) -> str:
    size = _("Nothing is downloaded.") if offline else plan.offer.words
    licences = "\n".join(f"• {licence}" for licence in plan.offer.licences)
    return f"{size}\n{plan.where}\n" + _("Licences:") + f"\n{licences}"
