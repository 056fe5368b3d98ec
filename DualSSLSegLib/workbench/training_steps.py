"""Runs of the study: started, watched, paused, stopped, taken up again, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.expectation import Expectation, expectation
from DualSSLSegLib.loop.run_words import Curve, RunWords, curves, describe_run, labels_used
from DualSSLSegLib.loop.runs import Runs
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.workbench.choosing_steps import ChoosingSteps
from DualSSLSegLib.workbench.desk import verb

LOOK_EVERY_S = 0.4
LOOK_AGAIN_S = 5.0  # at a run that ended without a last word: the computer may only have slept


@dataclass(frozen=True)
class Look:
    """A run at one moment, in words."""

    state: RunState
    words: RunWords
    curves: list[Curve]


def look_at(runs: Runs, run: RunFolder) -> Look:
    """Look at a run; for the background."""
    state = runs.state(run)
    return Look(state, describe_run(run, state), curves(state))


class TrainingSteps(ChoosingSteps):
    """Verbs of the section Train."""

    probe: Probe | None = None
    _wish: Mapping[str, Any] = {}  # what the expectation is for: minutes, device, use_accepted
    _looked_at = float("-inf")
    _looking = False
    _at_work = False  # whether the run that is shown was when it was last heard of

    def expect(
        self, *, minutes: float | None = None, device: str = "auto", use_accepted: bool = False
    ) -> None:
        """Compute `expectation` for these settings; it follows by itself when labels, machine or runs change."""
        self._wish = {"minutes": minutes, "device": device, "use_accepted": use_accepted}
        self._expect()

    def _expect(self) -> None:
        controller, probe, wish, status = self.controller, self.probe, self._wish, self._status
        if controller is None or status is None:
            return

        def then(found: Expectation) -> None:
            if found != self.expectation:
                self.expectation = found
                self._tell("cases")

        self._do(lambda: expectation(controller, probe, status=status, **wish), then, key="expectation")

    # --- starting -----------------------------------------------------------------------------------------

    @verb
    def start_training(
        self,
        method: str | None = None,
        options: Mapping[str, Any] | None = None,
        minutes: float | None = None,
        device: str = "auto",
        use_accepted: bool = False,
        from_scratch: bool = False,
        **more: Any,
    ) -> None:
        """Start a training; it goes on from the newest one unless `from_scratch`. `more` is for scripts: seed,
        iterations, transductive, train_on (see `Controller.start`)."""
        request = {"options": options, "minutes": minutes, "device": device, "use_accepted": use_accepted}
        request |= {"from_scratch": from_scratch, **more}
        if method is not None:
            request["method"] = method
        self._start("train", "Starting the training", request)

    @verb
    def start_prediction(self, device: str = "auto") -> None:
        """Predict every scan with the newest model."""
        self._start("predict", "Starting the prediction", {"device": device})

    @verb
    def start_ranking(self) -> None:
        """Look at all scans and suggest which to label first; of use before anything is trained."""
        self._start("rank", "Looking for the scans to label first", {})

    @verb
    def export_model(self, path: str | Path) -> None:
        """Write the newest model to a file of the user's, for segmenting elsewhere."""
        controller, target = self._study(), Path(path).expanduser()
        self._do(
            lambda: controller.export_model(target),
            lambda written: self._say("info", f"The model was written to {written}."),
            busy=f"Writing the model to {target.name}",
            aside=True,  # its drive has nothing to do with that of the study
        )

    def _start(self, kind: str, busy: str, request: Mapping[str, Any]) -> None:
        controller = self._study()

        def then(run: RunFolder) -> None:
            self._say("info", "")
            self._show_run(run, at_work=True)
            self._watch_now()

        def failed(error: Exception) -> None:
            self._survey()  # a run whose worker could not be launched is there and can be resumed
            self._failed(error)

        self._do(lambda: controller.start(kind, **request), then, busy=busy, exclusive=True, failed=failed)

    # --- watching -----------------------------------------------------------------------------------------

    def _show_run(self, run: RunFolder | None, at_work: bool) -> None:
        """Make a run the one that is shown. One that is `at_work` by now may have ended at the first look at it."""
        if run == self.run:
            return
        self._forget_run()
        self.run, self._at_work = run, at_work
        if run is not None:
            self._do(lambda: labels_used(run), self._show_labels, key="labels", failed=lambda _: None)
            self._watch_now()
        self._tell("run")

    def _show_labels(self, labels: tuple[str, ...]) -> None:
        self.used_labels = labels
        self._tell("run")

    def _forget_run(self) -> None:
        self.run = self.run_state = self.run_words = None
        self.curves, self.used_labels = [], ()
        self._looked_at, self._looking, self._at_work = float("-inf"), False, False

    def _watch(self) -> None:
        """For every poll: look at the run when it is time to."""
        state = self.run_state
        if (
            self.run is None
            or self._looking
            or (state is not None and state.status in ("finished", "stopped", "failed"))
        ):
            return
        every = LOOK_EVERY_S if state is None or state.active else LOOK_AGAIN_S
        if self.clock() - self._looked_at >= every:
            self._watch_now()

    def _watch_now(self) -> None:
        controller, run = self.controller, self.run
        if controller is None or run is None:
            return
        self._looking, self._looked_at = True, self.clock()

        def then(look: Look) -> None:
            self._looking = False
            if run == self.run:
                self._seen(look)

        def failed(error: Exception) -> None:
            self._looking = False
            self._looked_at = self.clock() + LOOK_AGAIN_S
            if not isinstance(error, OSError):  # a drive that is away for a moment comes back
                self._failed(error)

        self._do(lambda: look_at(controller.runs, run), then, key="run", failed=failed)

    def _seen(self, look: Look) -> None:
        before = self.run_state
        if before == look.state and self.run_words == look.words:
            return
        was_at_work, self._at_work = self._at_work, look.state.active
        self.run_state, self.run_words, self.curves = look.state, look.words, look.curves
        self._tell("run")
        if look.state.active:
            return
        if was_at_work:
            self._run_ended(look)
        elif look.state.status == "lost" and before is None:
            self._say("warning", f"{look.words.title} was interrupted.", look.words.detail)

    def _run_ended(self, look: Look) -> None:
        title, state = look.words.title, look.state
        if state.status == "finished":
            self._say("info", f"{title} is finished. {look.words.detail}".strip())
        elif state.status == "stopped":
            self._say("info", f"{title} was stopped; the work is kept.", look.words.detail)
        else:
            ended = "failed" if state.status == "failed" else "was interrupted"
            self._say("error", f"{title} {ended}: {look.words.detail}")
        self._survey()
        self._publish()

    # --- steering -----------------------------------------------------------------------------------------

    @verb
    def pause(self) -> None:
        """Let the run wait between two steps."""
        self._ask(lambda runs, run: runs.pause(run))

    @verb
    def resume(self) -> None:
        """Let a paused run go on, or take up one that was stopped, failed or was lost."""
        self._ask(lambda runs, run: runs.resume(run))

    @verb
    def stop(self) -> None:
        """Ask the run to save its work and end."""
        self._ask(lambda runs, run: runs.stop(run))

    def _ask(self, wish: Callable[[Runs, RunFolder], object]) -> None:
        controller, run = self._study(), self.run
        assert run is not None  # see why_not

        def work() -> Look:
            wish(controller.runs, run)
            return look_at(controller.runs, run)

        def then(look: Look) -> None:
            if run == self.run:
                self._looked_at = self.clock()
                self._seen(look)
                self._expect()

        self._do(work, then, busy="Telling the run")
