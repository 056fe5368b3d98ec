"""Picking a terminology code from the lists that Slicer has loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from DualSSLSegLib.workbench.for_widgets import codes_of, entry_of


def can_pick() -> bool:
    """Whether this application has Slicer's terminology navigator; one built on Slicer may go without."""
    return hasattr(slicer, "qSlicerTerminologyNavigatorWidget")


class CodePicker:
    """Slicer's terminology navigator in a dialog; `picked(codes)` is called when one was chosen."""

    def __init__(
        self, codes: Mapping[str, Any] | None, picked: Callable[[dict[str, Any]], None], parent: Any
    ) -> None:
        self._picked = picked
        self.dialog = qt.QDialog(parent)
        self.dialog.windowTitle = _("Pick a code")
        self.navigator = slicer.qSlicerTerminologyNavigatorWidget()
        self.navigator.overrideSectionVisible = False  # name and colour are chosen in the panel
        self._buttons = qt.QDialogButtonBox()
        self.ok_button = self._buttons.addButton(qt.QDialogButtonBox.Ok)
        self._buttons.addButton(qt.QDialogButtonBox.Cancel)
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(lambda: self.dialog.reject())
        self._layout = qt.QVBoxLayout(self.dialog)
        self._layout.addWidget(self.navigator)
        self._layout.addWidget(self._buttons)
        self.dialog.resize(800, 500)
        self.navigator.selectionValidityChanged.connect(self._allow)
        self.navigator.typeDoubleClicked.connect(self._accept)
        self._allow(False)
        self._start(codes)

    def open(self) -> None:
        """Show the dialog; nothing waits for it but its parent."""
        self.dialog.open()

    def close(self) -> None:
        self.dialog.close()

    def _start(self, codes: Mapping[str, Any] | None) -> None:
        written = entry_of(codes)
        entry = slicer.vtkSlicerTerminologyEntry()
        if written and slicer.vtkSlicerTerminologiesModuleLogic.DeserializeTerminologyEntry(written, entry):
            self.navigator.setTerminologyEntry(entry)

    def _allow(self, valid: bool) -> None:
        self.ok_button.enabled = valid
        self.ok_button.toolTip = "" if valid else _("Choose a category and a type first")

    def _accept(self) -> None:
        entry = slicer.vtkSlicerTerminologyEntry()
        if not self.navigator.terminologyEntry(entry):
            return
        codes = codes_of(slicer.vtkSlicerTerminologiesModuleLogic.SerializeTerminologyEntry(entry))
        self.dialog.accept()
        if codes:
            self._picked(codes)
