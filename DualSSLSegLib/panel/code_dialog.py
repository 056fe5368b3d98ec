"""Entering the terminology code of a structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.panel.code_picker import CodePicker, can_pick
from DualSSLSegLib.study.model import Structure

_FIELDS = ("meaning", "value", "scheme")
_ANATOMY = {"scheme": "SCT", "value": "123037004", "meaning": "Anatomical Structure"}
_NO_CODE = {"scheme": "SCT", "value": "", "meaning": ""}


def code_words(codes: Mapping[str, Any] | None) -> str:
    """The meaning of a structure's code, with the body region where there is one; "" when it has no code."""
    meanings = [
        (codes or {}).get(part, {}).get("meaning", "") for part in ("type", "type_modifier", "region")
    ]
    return ", ".join(meaning for meaning in meanings if meaning)


class CodeDialog:
    """Asks for category, type and body region of one structure; `chosen(codes)` is called when all are complete."""

    def __init__(self, structure: Structure, chosen: Callable[[dict[str, Any]], None], parent: Any) -> None:
        self._chosen = chosen
        self._codes = dict(structure.codes or {})
        self.edits: dict[tuple[str, str], Any] = {}
        self.dialog = qt.QDialog(parent)
        self.dialog.windowTitle = _("Code of {name}").format(name=structure.name)
        self._layout = qt.QVBoxLayout(self.dialog)
        self._help = qt.QLabel(
            _(
                "The code by which other programs know this structure, such as liver, 10200004, SCT "
                "(SNOMED CT). It is written into segmentations that leave Slicer."
            )
        )
        self._help.wordWrap = True
        self._layout.addWidget(self._help)
        self._grid = qt.QGridLayout()
        self._layout.addLayout(self._grid)
        for column, heading in enumerate((_("Meaning"), _("Code"), _("Scheme"))):
            self._grid.addWidget(qt.QLabel(heading), 0, column + 1)
        start = {"category": _ANATOMY, "type": {**_NO_CODE, "meaning": structure.name}, "region": _NO_CODE}
        rows = (("category", _("Category:")), ("type", _("Type:")), ("region", _("Body region (optional):")))
        for number, (part, words) in enumerate(rows, 1):
            label = qt.QLabel(words)
            self._grid.addWidget(label, number, 0)
            code = self._codes.get(part) or start[part]
            for column, field in enumerate(_FIELDS):
                edit = qt.QLineEdit(str(code.get(field, "")))
                edit.accessibleName = f"{words} {field}"
                edit.textChanged.connect(lambda *_arguments: self._update())
                self._grid.addWidget(edit, number, column + 1)
                self.edits[part, field] = edit
            label.setBuddy(self.edits[part, "meaning"])
        self._grid.setColumnStretch(1, 3)
        self._grid.setColumnStretch(2, 2)
        self._grid.setColumnStretch(3, 1)
        self._picker: CodePicker | None = None
        self._buttons = qt.QDialogButtonBox()
        self.pick_button: Any = None
        if can_pick():
            self.pick_button = self._buttons.addButton(
                _("From Slicer's lists..."), qt.QDialogButtonBox.ActionRole
            )
            self.pick_button.clicked.connect(lambda *_arguments: self._pick())
        self.ok_button = self._buttons.addButton(qt.QDialogButtonBox.Ok)
        self._buttons.addButton(qt.QDialogButtonBox.Cancel)
        self._layout.addWidget(self._buttons)
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(lambda: self.dialog.reject())
        self.dialog.resize(480, self.dialog.height)
        self._update()

    def open(self) -> None:
        """Show the dialog; Slicer's window waits for it, nothing else does."""
        self.dialog.open()

    def close(self) -> None:
        if self._picker is not None:
            self._picker.close()
        self.dialog.close()

    def _pick(self) -> None:
        self._picker = CodePicker(self._all_entered(), self._picked, self.dialog)
        self._picker.open()

    def _picked(self, codes: dict[str, Any]) -> None:
        """Show what was picked; a person may still change it."""
        self._codes = codes
        for part, field in self.edits:
            self.edits[part, field].text = str(codes.get(part, _NO_CODE).get(field, ""))
        self._update()

    def _entered(self, part: str) -> dict[str, str]:
        return {field: str(self.edits[part, field].text).strip() for field in _FIELDS}

    def _why_not(self) -> str:
        for part in ("category", "type"):
            if not all(self._entered(part).values()):
                return _("Category and type need a meaning, a code and a scheme")
        region = self._entered("region")
        if (region["meaning"] or region["value"]) and not all(region.values()):
            return _("A body region needs a meaning, a code and a scheme")
        return ""

    def _update(self) -> None:
        why_not = self._why_not()
        self.ok_button.enabled = not why_not
        self.ok_button.toolTip = why_not

    def _accept(self) -> None:
        self.dialog.accept()
        self._chosen(self._all_entered())

    def _all_entered(self) -> dict[str, Any]:
        """What is entered, with the modifiers that the fields do not show."""
        codes = {**self._codes, "category": self._entered("category"), "type": self._entered("type")}
        region = self._entered("region")
        codes.pop("region", None)
        if region["value"]:
            codes["region"] = region
        return codes
