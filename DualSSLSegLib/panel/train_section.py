"""The section Train: ask for a training, follow it, steer it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from DualSSLSegLib.panel.curve_plot import CurvePlot
from DualSSLSegLib.panel.run_view import RunView
from DualSSLSegLib.panel.train_form import TrainForm, labels_words
from DualSSLSegLib.panel.training_choices import last_choices, remember_choices

_STEERING = {"pauseButton": "pause", "resumeButton": "resume", "stopButton": "stop"}


class TrainSection:
    """`widget` holds the section; `update` shows what the workbench says."""

    def __init__(self, workbench: Any, resource_path: Callable[[str], str]) -> None:
        self.workbench = workbench
        self.widget = slicer.util.loadUI(resource_path("UI/Train.ui"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self._filled_for: Path | None = None  # the study whose last choices are in the form
        self._asked = False  # whether the machine was looked at for this section
        self.form = TrainForm(self.ui, self._expect)
        self.run_view = RunView(
            self.ui, "run", _STEERING, workbench.why_not, lambda verb: getattr(workbench, verb)()
        )
        self.plot = CurvePlot()
        self.ui.plotHolder.layout().addWidget(self.plot)
        self._train_help = str(self.ui.trainButton.toolTip)
        self._predict_help = str(self.ui.predictButton.toolTip)
        self._rank_help = str(self.ui.rankButton.toolTip)
        self.ui.trainButton.clicked.connect(lambda *_arguments: self._train())
        self.ui.predictButton.clicked.connect(
            lambda *_arguments: workbench.start_prediction(self.form.device)
        )
        self._export_help = str(self.ui.exportButton.toolTip)
        self.ui.exportButton.clicked.connect(lambda *_arguments: self._export())
        self.ui.rankButton.clicked.connect(lambda *_arguments: workbench.start_ranking())
        self.ui.trainSection.connect("contentsCollapsed(bool)", self._folded)
        for topic in ("cases", "run"):
            self.update(topic)

    def update(self, topic: str) -> None:
        """Show the part of the workbench's state that `topic` names."""
        if topic == "study":
            self._asked = False
            self._fill()
            self._expect()
        if topic in ("study", "cases", "setup", "run", "message"):
            self._show_request()
        if topic in ("study", "run"):
            self._show_run()

    def enter(self) -> None:
        self._look_at_machine()

    def exit(self) -> None:
        """Nothing goes on here while the panel is not seen."""

    def close(self) -> None:
        """Nothing is held."""

    def _fill(self) -> None:
        """The form as it was when this study, else any other, was trained last."""
        study = self.workbench.study_path
        if study is not None and study != self._filled_for:
            self.form.take(last_choices(study))
        self._filled_for = study

    def _export(self) -> None:
        study = self.workbench.study_path
        path = qt.QFileDialog.getSaveFileName(
            self.widget, _("Save the model as"), f"{study.name if study else 'model'}.pt", _("Model (*.pt)")
        )
        if path:
            self.workbench.export_model(str(path))

    def _train(self) -> None:
        form = self.form
        if self.workbench.study_path is not None:
            remember_choices(self.workbench.study_path, form.choices)
        self.workbench.start_training(
            method=form.method,
            options=form.options.values(),
            minutes=form.minutes,
            device=form.device,
            use_accepted=form.use_accepted,
            from_scratch=form.from_scratch,
        )

    def _expect(self) -> None:
        form = self.form
        if self.workbench.controller is not None:
            self.workbench.expect(minutes=form.minutes, device=form.device, use_accepted=form.use_accepted)

    def _show_request(self) -> None:
        workbench, ui = self.workbench, self.ui
        state = workbench.run_state
        ui.requestPart.setVisible(state is None or not state.active)
        expectation = workbench.expectation if workbench.controller is not None else None
        self.form.show_expectation(expectation)
        reason = workbench.why_not("start_training") or (
            expectation.problem if expectation is not None else ""
        )
        ui.trainButton.enabled = not reason
        ui.trainButton.toolTip = reason or self._train_help
        ui.whyNotLabel.text = reason
        ui.whyNotLabel.setVisible(bool(reason))
        reason = workbench.why_not("start_prediction")
        ui.predictButton.enabled = not reason
        ui.predictButton.toolTip = reason or self._predict_help
        reason = workbench.why_not("export_model")
        ui.exportButton.enabled = not reason
        ui.exportButton.toolTip = reason or self._export_help
        ui.exportButton.setVisible(workbench.run is not None)
        reason = workbench.why_not("start_ranking")
        ui.rankButton.enabled = not reason
        ui.rankButton.toolTip = reason or self._rank_help
        ui.rankButton.setVisible(workbench.run is None)  # later the trained networks say what is next
        ui.predictButton.setVisible(workbench.run is not None)
        self._look_at_machine()

    def _show_run(self) -> None:
        workbench, ui = self.workbench, self.ui
        self.run_view.show(workbench.run_words)
        colors = {structure.name: structure.color for structure in workbench.structures}
        self.plot.show_curves(workbench.curves, colors)
        ui.learnedPart.setVisible(workbench.run_words is not None)
        training = workbench.run_state is not None and workbench.run_state.phase == "train"
        ui.plotHolder.setVisible(bool(workbench.curves) or training)
        used = workbench.used_labels
        ui.usedLabels.setVisible(bool(used))
        ui.usedLabels.text = _("Learns from {labels}").format(labels=labels_words(used)) if used else ""
        ui.usedLabels.toolTip = ", ".join(used)

    def _folded(self, *_arguments: Any) -> None:
        self._look_at_machine()

    def _look_at_machine(self) -> None:
        """Once there is a label to train on, find out what this computer can do; before, nobody needs to know."""
        expectation = self.workbench.expectation
        ready = expectation is not None and bool(expectation.labels)
        if ready and not self._asked and self.workbench.probe is None and not self.ui.trainSection.collapsed:
            self._asked = True
            self.workbench.check_setup()
