"""The training loop: budget, steps, learning curve, checkpoints, control, and smaller settings when memory runs out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import torch

from DualSSLSegLib.errors import BadInput, OutOfMemory, Stopped
from DualSSLSegLib.inference.device_memory import release
from DualSSLSegLib.inference.out_of_memory import is_out_of_memory, reason_of
from DualSSLSegLib.training.beginning import adopt_parent, make_curve, make_learner, make_method, make_streams
from DualSSLSegLib.training.checkpoint import plan_to_follow, read_checkpoint, write_checkpoint
from DualSSLSegLib.training.iterations import Clock, plan_iterations
from DualSSLSegLib.training.lanes import Lanes
from DualSSLSegLib.training.learner import Learner
from DualSSLSegLib.training.own_labels import kept_labels, label_scans
from DualSSLSegLib.training.pace import Pace
from DualSSLSegLib.training.pause import wait_out_pause
from DualSSLSegLib.training.sampling import Streams
from DualSSLSegLib.training.shape_fields import shape_fields
from DualSSLSegLib.training.task import TrainingTask
from DualSSLSegLib.training.validation import LearningCurve
from DualSSLSegLib.training.vanished import vanished_words

_CURVE_POINTS = 6
_CHECKPOINT_EVERY_S = 60.0

Report = Callable[..., None]  # report(type, **fields)


class Trainer:
    """Runs a task. `report(type, **fields)` hears the events; `wanted()` says "run", "pause" or "stop" between steps.

    `prepared_s`: the seconds of a budget in minutes that were spent on preparation, before the trainer was made.
    """

    def __init__(
        self,
        task: TrainingTask,
        report: Report,
        wanted: Callable[[], str] = lambda: "run",
        prepared_s: float = 0.0,
    ) -> None:
        if not task.labelled:
            raise BadInput("training needs at least one labelled case.", hint="Label a case first.")
        self.task = task
        self.report = report
        self.wanted = wanted
        self.prepared_s = prepared_s
        self.begun = time.monotonic()
        self.step = 0
        self.total = 0
        self.plan = plan_to_follow(task)
        self.fields: dict[str, torch.Tensor] = {}  # by labelled case, for a method that borrows shapes
        self.own_labels: dict[str, torch.Tensor] = {}  # of the networks, by unlabelled case
        self.warned: set[str] = set()  # codes of warnings that are told once in a training
        self.curve_points = _CURVE_POINTS
        self.measured_step = 0  # the step of the newest point of the learning curve

    @property
    def checkpoint_path(self) -> Path:
        return self.task.checkpoint_path

    def run(self) -> Learner:
        """Train to the end of the budget, resuming from the folder's checkpoint when there is one.

        Returns the learner. Raises Stopped after saving when asked to stop, OutOfMemory when the smallest setting does
        not fit, RunFailed when the loss breaks down.
        """
        while True:
            try:
                return self._run_plan()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                reason = reason_of(error)
            release(torch.device(self.task.device))
            smaller = self.plan.smaller()
            if smaller is None:
                raise OutOfMemory(
                    f"memory did not suffice even for the smallest training ({reason}).",
                    hint="Close other programs, or train on a machine with more memory.",
                )
            self.plan = smaller
            self.report("warning", code="out_of_memory", text=f"Memory ran out. {smaller.explanation[-1]}")

    def _run_plan(self) -> Learner:
        device = torch.device(self.task.device)
        method = make_method(self.task, self.plan)
        with Lanes(tuple(method.roles), device, self.plan.precision).open() as lanes:
            learner = make_learner(self.task, self.plan, method, lanes)
            curve = make_curve(self.task, self.plan)
            if self.checkpoint_path.exists():
                self._load(learner, curve)
            else:  # also after memory ran out before anything was saved: the new networks have learnt nothing
                self.step, self.total = 0, self.task.budget.iterations or 0
                self.measured_step, self.warned, self.curve_points = 0, set(), _CURVE_POINTS
                self.own_labels = {}
                for text in adopt_parent(learner, self.task):
                    self.report("warning", code="partly_adopted", text=text)
            self._train(learner, curve, self._streams(learner))
        return learner

    def _streams(self, learner: Learner) -> Streams:
        method = learner.method
        ended = 0 < self.total <= self.step  # nothing is left to draw crops for
        share = method.shape_share(len(self.task.labelled))
        if share > 0 and not self.fields and not ended:
            begun = time.monotonic()
            self.fields = shape_fields(
                self.task, method.shape_pairs, learner.lanes.each, self.report, self.wanted
            )
            spent = time.monotonic() - begun
            self.prepared_s, self.begun = self.prepared_s + spent, self.begun + spent
        return make_streams(self.task, self.plan, self.fields, share, self.own_labels)

    def _train(self, learner: Learner, curve: LearningCurve, streams: Streams) -> None:
        if self.total == 0:
            self._plan_iterations(learner, curve, streams)
        self._say_train()
        label_at = learner.method.own_labels_from(self.total) if streams.unlabelled is not None else None
        points = {round(self.total * (i + 1) / self.curve_points) for i in range(self.curve_points)}
        saved = time.monotonic()
        if self.step in points and self.measured_step < self.step:  # stopped while this point was measured
            self._validate(learner, curve)
            self.save(learner, curve)
        pace = Pace(self.report, self.step)
        while self.step < self.total:
            pace.waited_s += self._obey(learner, curve)
            if self.step == label_at:
                pace.waited_s += self._label_scans(learner, curve)
                streams = self._streams(learner)
            values = learner.train_step(self.step, self.total, streams)
            self.step += 1
            pace.tell(learner, values, self.step, self.total)
            if self.step in points:
                self._validate(learner, curve)
            if self.step == self.total:
                self._tell_vanished(learner)
            if time.monotonic() - saved >= _CHECKPOINT_EVERY_S or self.step == self.total:
                self.save(learner, curve)
                saved = time.monotonic()

    def _label_scans(self, learner: Learner, curve: LearningCurve) -> float:
        """Save, and let the networks label unlabelled scans. Returns the seconds it took. Raises Stopped."""
        begun = time.monotonic()
        self.save(learner, curve)
        self.own_labels = label_scans(self.task, self.plan, learner, self.total, self.report, self.wanted)
        self._say_train()
        return time.monotonic() - begun

    def _say_train(self) -> None:
        self.report("phase", name="train", total=self.total, patch_size=list(self.plan.patch_size))

    def _plan_iterations(self, learner: Learner, curve: LearningCurve, streams: Streams) -> None:
        minutes = self.task.budget.minutes
        assert minutes is not None
        self.total, self.curve_points = plan_iterations(
            Clock(minutes, self.prepared_s, self.begun),
            learner,
            curve,
            streams,
            points=_CURVE_POINTS,
            look=lambda: self._validate(learner, curve),
            should_stop=self._stop_wanted,
            report=self.report,
        )

    def _stop_wanted(self) -> bool:
        return self.wanted() == "stop"

    def _obey(self, learner: Learner, curve: LearningCurve) -> float:
        """Look at what is wanted; save and raise Stopped on stop; wait on pause. Returns the seconds waited."""
        want = self.wanted()
        if want == "run":
            return 0.0
        begun = time.monotonic()
        if want == "stop":
            self._tell_vanished(learner)
        self.save(learner, curve)
        if want == "pause":
            want = wait_out_pause(self.wanted, self.report)
            self._say_train()
        if want == "stop":
            raise Stopped(f"training was stopped at step {self.step} of {self.total}; the work is kept.")
        return time.monotonic() - begun

    def _validate(self, learner: Learner, curve: LearningCurve) -> None:
        try:
            point = curve.measure(learner.averaged_networks, self._stop_wanted, learner.lanes.each)
        except Stopped:
            if self.total > 0:
                self._tell_vanished(learner)
                self.save(learner, curve)
            raise
        self.measured_step = self.step
        if point is None:
            return
        self.report("validated", step=self.step, total=self.total, **point)
        if curve.plateau():
            text = "The last three points of the learning curve brought nothing new; stopping now is fine."
            self._warn_once("plateau", text)

    def _tell_vanished(self, learner: Learner) -> None:
        held, scans = learner.method.held_back(), learner.method.own_labels_from(self.total) is not None
        if text := vanished_words(held, self.task.structure_names, whole_scans=scans):
            self._warn_once("collapse_guard", text)

    def _warn_once(self, code: str, text: str) -> None:
        if code not in self.warned:
            self.warned.add(code)
            self.report("warning", code=code, text=text)

    def save(self, learner: Learner, curve: LearningCurve) -> None:
        """Write the checkpoint atomically: everything that a resumed run needs to go on as if nothing had happened."""
        content = {
            "step": self.step,
            "total": self.total,
            "earlier_steps": learner.method.earlier_steps,
            "options": dataclasses.asdict(self.task.options),
            "plan": self.plan.to_dict(),
            "curve": list(curve.points),
            "curve_cases": [case.id for case in curve.cases],
            "curve_points": self.curve_points,
            "warned": sorted(self.warned),
            "measured_step": self.measured_step,
            "architectures": {role: spec.architecture for role, spec in learner.method.roles.items()},
            "own_labels": bool(self.own_labels),
            "learner": learner.state_dict(),
        }
        write_checkpoint(self.task, content)
        self.report("checkpoint", step=self.step, total=self.total, path=str(self.checkpoint_path))

    def _load(self, learner: Learner, curve: LearningCurve) -> None:
        content = read_checkpoint(self.task, self.task.device)
        learner.load_state_dict(content["learner"])
        self.step, self.total = content["step"], content["total"]
        learner.method.earlier_steps = content["earlier_steps"]  # the parent may have gone on since
        curve.points = list(content["curve"])
        curve.keep(content["curve_cases"])
        self.curve_points = content["curve_points"]
        self.warned = set(content["warned"])
        self.measured_step = content["measured_step"]
        self.own_labels = kept_labels(self.task) if content["own_labels"] else {}
