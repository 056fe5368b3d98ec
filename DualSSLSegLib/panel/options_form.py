"""The options of a method as a form, made from what the catalogue says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.methods.catalogue import describe, entry_of
from DualSSLSegLib.panel.wheel_guard import WheelGuard

_WIDEST_RANGE = 1_000_000


class OptionsForm:
    """Fills two QWidgets: `plain` with the options everybody may want, `advanced` with the others.

    `changed` is called when a value was changed. `advanced_names` and `names` list what there is.
    """

    def __init__(
        self,
        plain: Any,
        advanced: Any,
        guard: WheelGuard,
        changed: Callable[[], None],
        *,
        tab_after: Mapping[bool, Any] | None = None,
    ) -> None:
        """`tab_after`: by whether the options are advanced, the widget after which the Tab key reaches them."""
        self._parents = {False: plain, True: advanced}
        self._tab_after = tab_after or {}
        self._guard, self._changed = guard, changed
        self._filling = False
        self._pages: list[Any] = []
        self._rows: dict[str, dict[str, Any]] = {}
        self.editors: dict[str, Any] = {}
        self.method = ""
        for parent in self._parents.values():
            qt.QVBoxLayout(parent).setContentsMargins(0, 0, 0, 0)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._rows)

    @property
    def advanced_names(self) -> tuple[str, ...]:
        return tuple(name for name, row in self._rows.items() if row["advanced"])

    def show_method(self, method: str) -> None:
        """Show the options of a method with their defaults."""
        if method == self.method:
            return
        for page in self._pages:
            page.hide()
            page.deleteLater()
        self.method, self._pages, self.editors = method, [], {}
        self._rows = {row["name"]: row for row in describe(entry_of(method))["options"]}
        for advanced, parent in self._parents.items():
            rows = [row for row in self._rows.values() if row["advanced"] == advanced]
            page = qt.QWidget()
            parent.layout().addWidget(page)  # before the tab order, which is one of a window
            layout = qt.QFormLayout(page)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
            before = self._tab_after.get(advanced)
            for row in rows:
                editor = self._add(layout, row)
                if before is not None:
                    qt.QWidget.setTabOrder(before, editor)
                    before = editor
            self._pages.append(page)
        self._parents[False].setVisible(len(self.advanced_names) < len(self._rows))
        self.reset()

    def values(self) -> dict[str, Any]:
        """The values that differ from the defaults."""
        shown = {name: self._value(name) for name in self._rows}
        return {name: value for name, value in shown.items() if value != self._rows[name]["default"]}

    def reset(self) -> None:
        """Put all options back to their defaults."""
        self._filling = True
        for name, row in self._rows.items():
            self.set_value(name, row["default"])
        self._filling = False
        self._changed()

    def set_value(self, name: str, value: Any) -> None:
        """Show a value of an option."""
        editor, row = self.editors[name], self._rows[name]
        if row["type"] == "bool":
            editor.checked = bool(value)
        elif row["choices"]:
            editor.setCurrentIndex(list(row["choices"]).index(value))
        elif row["type"] in ("int", "float"):
            editor.value = value
        else:
            editor.text = str(value)

    def _value(self, name: str) -> Any:
        editor, row = self.editors[name], self._rows[name]
        if row["type"] == "bool":
            return bool(editor.checked)
        if row["choices"]:
            return row["choices"][editor.currentIndex]
        if row["type"] == "int":
            return int(editor.value)
        if row["type"] == "float":
            return round(float(editor.value), editor.decimals)
        return str(editor.text)

    def _add(self, layout: Any, row: dict[str, Any]) -> Any:
        title = row["name"].replace("_", " ").capitalize()
        editor = self.editors[row["name"]] = self._editor(row, title)
        editor.objectName = f"option_{row['name']}"
        editor.toolTip = _help(row)
        editor.accessibleDescription = row["help"]
        self._guard.watch(editor)
        if row["type"] == "bool":
            layout.addRow(editor)
            return editor
        label = qt.QLabel(f"{title}:")
        label.toolTip = editor.toolTip
        label.setBuddy(editor)
        layout.addRow(label, editor)
        return editor

    def _editor(self, row: dict[str, Any], title: str) -> Any:
        if row["type"] == "bool":
            editor = qt.QCheckBox(title)
            editor.toggled.connect(self._touched)
        elif row["choices"]:
            editor = qt.QComboBox()
            for choice in row["choices"]:
                editor.addItem(_choice_words(choice))
            editor.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
            editor.connect("currentIndexChanged(int)", self._touched)
        elif row["type"] in ("int", "float"):
            editor = qt.QSpinBox() if row["type"] == "int" else qt.QDoubleSpinBox()
            if row["type"] == "float":
                editor.decimals = _decimals(row)
                editor.singleStep = 0.05 if (row["high"] or _WIDEST_RANGE) <= 1 else 0.1
            editor.minimum = -_WIDEST_RANGE if row["low"] is None else row["low"]
            editor.maximum = _WIDEST_RANGE if row["high"] is None else row["high"]
            editor.suffix = f" {row['unit']}" if row["unit"] else ""
            editor.connect(
                "valueChanged(int)" if row["type"] == "int" else "valueChanged(double)", self._touched
            )
        else:
            editor = qt.QLineEdit()
            editor.textChanged.connect(self._touched)
        return editor

    def _touched(self, *_arguments: Any) -> None:
        if not self._filling:
            self._changed()


def _decimals(row: dict[str, Any]) -> int:
    """As many places as the numbers of the option have, at least two."""
    numbers = [f"{row[name]:g}" for name in ("default", "low", "high") if row[name] is not None]
    return max(2, *(len(number.partition(".")[2]) for number in numbers))


def _help(row: dict[str, Any]) -> str:
    """What an option does, between which numbers, and its default."""
    default = row["default"]
    if row["type"] == "bool":
        usual = _("on") if default else _("off")
    else:
        usual = (
            _choice_words(default)
            if row["choices"]
            else f"{default:g}"
            if row["type"] == "float"
            else str(default)
        )
    lines = [f"{row['help'][:1].upper()}{row['help'][1:]}."]
    if row["low"] is not None and row["high"] is not None:
        lines.append(_("From {low} to {high}.").format(low=f"{row['low']:g}", high=f"{row['high']:g}"))
    lines.append(_("Default: {value}.").format(value=usual))
    return "\n".join(lines)


def _choice_words(choice: str) -> str:
    return choice.replace("_", " ")
