"""The heat map's switch, what it shows, and how."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

_MAPS = ("uncertainty", "disagreement")


class HeatMapControls:
    """Behaviour of the widgets of Review.ui that belong to the heat map."""

    def __init__(self, ui: Any, workbench: Any) -> None:
        self.ui, self.workbench = ui, workbench
        self._filling = True
        for name in (_("the uncertainty"), _("the disagreement of the networks")):
            ui.mapCombo.addItem(name)
        ui.mapCombo.toolTip = _(
            "Uncertainty: how evenly the mean of both networks is divided between the structures, 0 sure, 1 undecided. "
            "Disagreement: where the two networks answer differently."
        )
        heat_map = workbench.heat_map
        ui.opacitySlider.value = heat_map.opacity
        ui.thresholdSlider.value = heat_map.threshold
        ui.legendCheckBox.checked = bool(heat_map.legend)
        ui.mapCheckBox.toggled.connect(self._switched)
        ui.mapCombo.connect("currentIndexChanged(int)", self._switched)
        ui.opacitySlider.connect("valueChanged(double)", self._set_opacity)
        ui.thresholdSlider.connect("valueChanged(double)", self._set_threshold)
        ui.legendCheckBox.toggled.connect(self._set_legend)
        self._filling = False
        self.show()

    def show(self) -> None:
        """Show which map is on screen."""
        ui, shown = self.ui, self.workbench.map_shown
        self._filling = True
        ui.mapCheckBox.checked = bool(shown)
        if shown:
            ui.mapCombo.setCurrentIndex(_MAPS.index(shown))
        for widget in (ui.opacitySlider, ui.thresholdSlider, ui.legendCheckBox):
            widget.enabled = bool(shown)
        self._filling = False

    def _switched(self, *_arguments: Any) -> None:
        if self._filling:
            return
        wanted = _MAPS[self.ui.mapCombo.currentIndex] if self.ui.mapCheckBox.checked else ""
        if wanted != self.workbench.map_shown:
            self.workbench.show_map(wanted)

    def _set_opacity(self, value: float) -> None:
        if not self._filling:
            self.workbench.heat_map.opacity = float(value)

    def _set_threshold(self, value: float) -> None:
        if not self._filling:
            self.workbench.heat_map.threshold = float(value)

    def _set_legend(self, shown: bool) -> None:
        if not self._filling:
            self.workbench.heat_map.legend = bool(shown)
