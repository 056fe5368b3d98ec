"""The structures of a study: colour, name and terminology code, to be added and changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.panel.code_dialog import CodeDialog, code_words
from DualSSLSegLib.study.model import Structure

_COLOR, _NAME, _CODE = range(3)
_SWATCH = 14


class StructuresTable:
    """Behaviour of a QTableWidget with one row per structure and of the line that adds one.

    `added(name)`, `renamed(old, new)`, `recolored(name, "#rrggbb")`, `coded(name, codes)` are called for what a
    person does; the table shows a change only when the study says so.
    """

    def __init__(
        self,
        table: Any,
        name_edit: Any,
        add_button: Any,
        *,
        added: Callable[[str], None],
        renamed: Callable[[str, str], None],
        recolored: Callable[[str, str], None],
        coded: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self.table, self.name_edit, self.add_button = table, name_edit, add_button
        self._added, self._renamed, self._recolored, self._coded = added, renamed, recolored, coded
        self._structures: tuple[Structure, ...] = ()
        self._why_not = ""
        self._filling = False
        self.color_buttons: list[Any] = []
        self.code_buttons: list[Any] = []
        self._dialog: CodeDialog | None = None
        table.setColumnCount(3)
        table.setHorizontalHeaderLabels([_("Colour"), _("Name"), _("Code")])
        header = table.horizontalHeader()
        header.setSectionResizeMode(_COLOR, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(_NAME, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(_CODE, qt.QHeaderView.Stretch)
        table.verticalHeader().hide()
        table.toolTip = _(
            "Double-click a name to change it. Structures are not removed: their values are in labels and "
            "in trained models, which would then mean something else. Leave out what you no longer need."
        )
        table.itemChanged.connect(self._item_changed)
        add_button.clicked.connect(lambda *_arguments: self._add())
        name_edit.returnPressed.connect(self._add)
        name_edit.textChanged.connect(lambda *_arguments: self._update_add())
        self._update_add()

    def set_structures(self, structures: Sequence[Structure], why_not: str = "") -> None:
        """Show the structures; `why_not` says why they cannot be changed, "" when they can."""
        structures = tuple(structures)
        if structures != self._structures or why_not != self._why_not:
            self._structures, self._why_not = structures, why_not
            self._fill()
        self._update_add()

    def close(self) -> None:
        """Close the dialog, where one is open."""
        if self._dialog is not None:
            self._dialog.close()

    def _fill(self) -> None:
        self._filling = True
        self.table.setRowCount(len(self._structures))
        self.color_buttons, self.code_buttons = [], []
        for row, structure in enumerate(self._structures):
            item = qt.QTableWidgetItem(structure.name)
            if self._why_not:
                item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
            self.table.setItem(row, _NAME, item)
            self.table.setCellWidget(row, _COLOR, self._color_button(row, structure))
            self.table.setCellWidget(row, _CODE, self._code_button(row, structure))
        self.table.resizeRowsToContents()
        self._filling = False
        self._fit_height()

    def _fit_height(self) -> None:
        """As high as its rows, up to six: a table within a panel should not scroll for two structures."""
        rows = min(max(len(self._structures), 1), 6)
        row_height = self.table.rowHeight(0) if self._structures else self.table.fontMetrics().height() + 10
        height = self.table.horizontalHeader().height + rows * row_height + 4
        self.table.setFixedHeight(height)

    def _color_button(self, row: int, structure: Structure) -> Any:
        button = qt.QToolButton()
        button.autoRaise = True
        button.icon = _swatch(structure.color)
        button.toolTip = self._why_not or _("Change the colour of {name}").format(name=structure.name)
        button.accessibleName = _("Colour of {name}").format(name=structure.name)
        button.enabled = not self._why_not
        button.clicked.connect(lambda *_arguments: self._choose_color(row))
        self.color_buttons.append(button)
        return button

    def _code_button(self, row: int, structure: Structure) -> Any:
        button = qt.QToolButton()
        button.autoRaise = True
        button.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Preferred)
        button.text = code_words(structure.codes) or _("choose...")
        button.toolTip = self._why_not or _(
            "Terminology code of {name}: what other programs know this structure by"
        ).format(name=structure.name)
        button.enabled = not self._why_not
        button.clicked.connect(lambda *_arguments: self._choose_code(row))
        self.code_buttons.append(button)
        return button

    def _choose_color(self, row: int) -> None:
        structure = self._structures[row]
        title = _("Colour of {name}").format(name=structure.name)
        color = qt.QColorDialog.getColor(qt.QColor(structure.color), self.table, title)
        if color.isValid() and color.name() != structure.color:
            self._recolored(structure.name, color.name())

    def _choose_code(self, row: int) -> None:
        structure = self._structures[row]
        self._dialog = CodeDialog(structure, lambda codes: self._coded(structure.name, codes), self.table)
        self._dialog.open()

    def _item_changed(self, item: Any) -> None:
        if self._filling or item.column() != _NAME:
            return
        structure, name = self._structures[item.row()], str(item.text()).strip()
        if name != structure.name:
            self._filling = True
            item.setText(structure.name)  # until the study has taken the new one
            self._filling = False
            if name:
                self._renamed(structure.name, name)

    def _add(self) -> None:
        name = str(self.name_edit.text).strip()
        if name and not self._why_not:
            self.name_edit.clear()
            self._added(name)

    def _update_add(self) -> None:
        name = str(self.name_edit.text).strip()
        self.name_edit.enabled = not self._why_not
        self.add_button.enabled = bool(name) and not self._why_not
        if self._why_not:
            self.add_button.toolTip = self._why_not
        elif not name:
            self.add_button.toolTip = _("Type the name of the new structure first")
        else:
            self.add_button.toolTip = _(
                "Add the structure. In cases labelled before, it counts as not looked at."
            )


def _swatch(color: str) -> Any:
    pixmap = qt.QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(qt.QColor(color))
    return qt.QIcon(pixmap)
