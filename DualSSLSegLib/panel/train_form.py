"""What is asked for before a training: method, time, device, options, and what is to be expected of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from DualSSLSegLib.methods.catalogue import CATALOGUE, DEFAULT_METHOD, entry_of
from DualSSLSegLib.panel.options_form import OptionsForm
from DualSSLSegLib.panel.wheel_guard import WheelGuard

_NAMED = 6


class TrainForm:
    """Behaviour of the part `requestPart` of Train.ui; `changed` is called when the expectation may be another one."""

    def __init__(self, ui: Any, changed: Callable[[], None]) -> None:
        self.ui = ui
        self._changed = changed
        self._guard = WheelGuard()
        self._filling = True
        self.options = OptionsForm(
            ui.plainOptions,
            ui.advancedOptions,
            self._guard,
            self._options_changed,
            tab_after={False: ui.scratchCheckBox, True: ui.advancedGroup},
        )
        for label in (
            ui.expectedDevice,
            ui.expectedMemory,
            ui.expectedTime,
            ui.expectedLabels,
            ui.whyNotLabel,
        ):
            label.textFormat = qt.Qt.PlainText
        for method, entry in CATALOGUE.items():
            ui.methodCombo.addItem(entry.title, method)
        for name, device in (
            (_("Automatic: the graphics card, if there is one"), "auto"),
            (_("Graphics card"), "cuda"),
            (_("Processor"), "cpu"),
        ):
            ui.deviceCombo.addItem(name, device)
        self._guard.watch(ui.methodCombo, ui.minutesSpin, ui.deviceCombo)
        ui.methodCombo.connect("currentIndexChanged(int)", self._method_chosen)
        ui.deviceCombo.connect("currentIndexChanged(int)", self._touched)
        ui.minutesSpin.connect("valueChanged(double)", self._touched)
        ui.acceptedCheckBox.toggled.connect(self._touched)
        ui.resetButton.clicked.connect(lambda *_arguments: self.options.reset())
        ui.methodCombo.setCurrentIndex(list(CATALOGUE).index(DEFAULT_METHOD))
        self._method_chosen()
        self._filling = False

    @property
    def method(self) -> str:
        return list(CATALOGUE)[self.ui.methodCombo.currentIndex]

    @property
    def minutes(self) -> float:
        return float(self.ui.minutesSpin.value)

    @property
    def device(self) -> str:
        return str(self.ui.deviceCombo.itemData(self.ui.deviceCombo.currentIndex))

    @property
    def use_accepted(self) -> bool:
        return bool(self.ui.acceptedCheckBox.checked)

    @property
    def from_scratch(self) -> bool:
        return bool(self.ui.scratchCheckBox.checked)

    @property
    def choices(self) -> dict[str, Any]:
        """What is remembered for the next time: method, minutes, device."""
        return {"method": self.method, "minutes": self.minutes, "device": self.device}

    def take(self, choices: Mapping[str, Any]) -> None:
        """Fill the form with earlier `choices`; what is not among them, or not known any more, stays as it is."""
        ui, minutes = self.ui, choices.get("minutes")
        if choices.get("method") in CATALOGUE:
            ui.methodCombo.setCurrentIndex(list(CATALOGUE).index(choices["method"]))
        if isinstance(minutes, int | float) and not isinstance(minutes, bool):
            ui.minutesSpin.value = float(minutes)
        row = ui.deviceCombo.findData(str(choices.get("device", "")))
        if row >= 0:
            ui.deviceCombo.setCurrentIndex(row)

    def show_expectation(self, expectation: Any) -> None:
        """Say what a training would be like; None as long as that is not known."""
        ui = self.ui
        ui.expectedDevice.text = expectation.device if expectation is not None else "–"
        ui.expectedMemory.text = expectation.memory if expectation is not None else "–"
        ui.expectedTime.text = expectation.time if expectation is not None else "–"
        ui.expectedLabels.text = labels_words(expectation.labels) if expectation is not None else "–"
        ui.expectedLabels.toolTip = ", ".join(expectation.labels) if expectation is not None else ""

    def _method_chosen(self, *_arguments: Any) -> None:
        entry = entry_of(self.method)
        self.ui.methodSummary.text = entry.summary
        self.ui.methodSummary.toolTip = entry.citation
        self.ui.methodCombo.toolTip = entry.citation
        self.options.show_method(self.method)
        self.ui.advancedGroup.setVisible(bool(self.options.advanced_names))
        self._touched()

    def _options_changed(self) -> None:
        changed = self.options.values()
        self.ui.resetButton.enabled = bool(changed)
        self.ui.resetButton.toolTip = (
            _("Put all options of the method back")
            if changed
            else _("All options of the method have their defaults")
        )
        count = sum(name in self.options.advanced_names for name in changed)
        title = _("More options of the method")
        self.ui.advancedGroup.title = (
            _("{title} ({count} changed)").format(title=title, count=count) if count else title
        )

    def _touched(self, *_arguments: Any) -> None:
        if not self._filling:
            self._changed()


def labels_words(labels: Sequence[str]) -> str:
    """Such as "3 labels: a, b, c"; long lists end with how many more there are."""
    if not labels:
        return _("no label yet")
    named = ", ".join(labels[:_NAMED])
    if len(labels) > _NAMED:
        named = _("{names} and {count} more").format(names=named, count=len(labels) - _NAMED)
    if len(labels) == 1:
        return _("1 label: {names}").format(names=named)
    return _("{count} labels: {names}").format(count=len(labels), names=named)
