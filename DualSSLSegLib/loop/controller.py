"""The annotation loop: every verb of the command line and the panel, without a window and without torch."""

from __future__ import annotations

import math
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DualSSLSegLib.atomic import replacing
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop import predictions, requests
from DualSSLSegLib.loop.launcher import Launcher
from DualSSLSegLib.loop.next_case import Queue, newest_queue
from DualSSLSegLib.loop.predictions import Prediction
from DualSSLSegLib.loop.run_inputs import evaluation_rows, require_labels, study_rows
from DualSSLSegLib.loop.runs import Runs
from DualSSLSegLib.loop.usage import groups_of, seen_by_parent
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.model import Revision, Structure
from DualSSLSegLib.study.never_replaced import refuse_to_replace
from DualSSLSegLib.study.reviews import Verdict
from DualSSLSegLib.study.splits import SplitTable
from DualSSLSegLib.study.status import StudyStatus

if TYPE_CHECKING:
    import numpy as np

COLD_START_SCANS = 200

Request = tuple[dict[str, Any], list[dict[str, Any]]]  # spec.json, and the cases of inputs.json


class Controller:
    """One study and its `runs` (found, watched, paused, resumed, stopped there).

    `unpublished`: the predictions that the last `publish` had to leave out, case id -> reason; `publishing_left`:
    whether its time was up before all were done.
    """

    def __init__(self, study: StudyFolder, launcher: Launcher | None = None) -> None:
        self.study = study
        self.runs = Runs(study.runs_dir, study.path, launcher, study.lock)
        self.unpublished: dict[str, str] = {}
        self.publishing_left = False

    @classmethod
    def create(
        cls,
        path: str | Path,
        structures: Sequence[str | Structure] | None = None,
        channels: int | None = None,
        *,
        launcher: Launcher | None = None,
    ) -> Controller:
        """Make a folder of scans a study. Raises BadInput, see StudyFolder.create."""
        return cls(StudyFolder.create(path, structures, channels), launcher)

    @classmethod
    def open(cls, path: str | Path, *, launcher: Launcher | None = None) -> Controller:
        """Open a study. Raises BadInput, see StudyFolder.open."""
        return cls(StudyFolder.open(path), launcher)

    # ------------------------------------------------------------------------------------------- labels

    def status(self) -> StudyStatus:
        """Where every case stands."""
        return self.study.status()

    def label(
        self,
        case: str,
        source: np.ndarray | str | Path,
        *,
        author: str,
        origin: str = "manual",
        run: str | None = None,
    ) -> Revision:
        """Commit a label of a case: an array on the scan's grid or a file of any kind. `run`: whose prediction it
        began as. An `accepted` one says nothing of structures that its model did not know; BadInput when it is older
        than a label that trains."""
        known = None
        if origin == "accepted" and run is not None:
            found, of_run = self.study.case(case), RunFolder(self.study.runs_dir / run)
            predictions.refuse_older(self.study, of_run, found.id)
            known = predictions.known_values(of_run, found.id)
        return self.study.add_revision(
            case, source, author=author, origin=origin, run=run, known_values=known
        )

    def accept(self, case: str, *, author: str) -> Revision:
        """Accept the newest prediction of a case as it is: it becomes a label, which does not train unless asked.

        Raises BadInput when the case has no prediction, and when a label that trains is newer.
        """
        prediction = self.present_prediction(case)
        revision = self.label(case, prediction.label, author=author, origin="accepted", run=prediction.run.id)
        verdict = Verdict(prediction.run.id, author, time.time())
        self.study.update_review(case, lambda review: review.with_accepted(verdict))
        return revision

    def reject(self, case: str, *, author: str, reason: str = "") -> None:
        """Say that the newest prediction of a case is no good. Raises BadInput when it has none."""
        verdict = Verdict(self.present_prediction(case).run.id, author, time.time(), reason)
        self.study.update_review(case, lambda review: review.with_rejected(verdict))

    def split(self, cases: Sequence[str] = (), name: str | None = None) -> SplitTable:
        """The frozen splits, after putting `cases` into the split `name` when both are given."""
        if cases and name is not None:
            return self.study.set_split(cases, name)
        return self.study.splits

    # ------------------------------------------------------------------------------------------- results

    def prediction(self, case: str) -> Prediction | None:
        """The newest prediction of a case, or None; also None when its scan has been replaced since."""
        found = predictions.newest_prediction(self.runs.all(), case)
        return found if found is not None and self.study.prediction_fits(case, found.run.id) else None

    def waiting_prediction(self, case: str) -> Prediction | None:
        """The newest prediction of a case, or None; also None when it was rejected: nobody should begin from it."""
        found = self.prediction(case)
        return None if found is None or self.study.review(case).rejects(found.run.id) else found

    def present_prediction(self, case: str) -> Prediction:
        """The newest prediction of a case. Raises BadInput when it has none, and when its scan was replaced since."""
        return predictions.present_prediction(self.study, self.runs.all(), case)

    def next_cases(self, n: int | None = None) -> Queue | None:
        """What to review next, the first `n` (all by default); None when a cold start is due (`start("rank")`).

        Raises BadInput for n below 1.
        """
        if n is not None and n < 1:
            raise BadInput(f"{n} cases cannot be suggested.", hint="Ask for 1 or more.")
        queue = newest_queue(self.study, self.runs.all())
        if queue is None or n is None:
            return queue
        return Queue(queue.run, queue.by_model, queue.cases[:n], queue.shadow, queue.labelled_since)

    def publish(self, *, at_most_s: float = math.inf) -> list[str]:
        """Publish to labels/original what runs have predicted and is not published yet; the cases done.

        Call it when a run ends, and when a study is opened: the run may have ended while nobody looked. After
        `at_most_s` seconds the rest is left (`publishing_left`) for the next call, which goes on there.
        """
        runs = self.runs.all()
        done: list[str] = []
        refused = self.unpublished if self.publishing_left else {}
        self.unpublished, self.publishing_left = refused, False
        begun = time.monotonic()
        for index, run in enumerate(runs):
            with closing(predictions.publish(self.study, run, runs[index + 1 :], refused)) as tried:
                for case in tried:
                    done += [case] if case not in refused else []
                    if time.monotonic() - begun > at_most_s:
                        self.publishing_left = True
                        return done
        return done

    def export_model(self, target: str | Path) -> Path:
        """Copy the newest model of the study to the file `target`. Raises BadInput when there is none, and when a scan
        or a file of the study lies there."""
        trained = requests.newest_trained(self.runs.all())
        if trained is None:
            raise BadInput(
                "nothing has been trained in this study yet.", hint="Train first.", path=self.study.path
            )
        target = Path(target).absolute()
        if target.is_dir():
            raise BadInput("this is a folder, not a file.", hint="Name a file like model.pt.", path=target)
        refuse_to_replace(target, self.study.scan_paths())
        with replacing(target) as temporary:
            shutil.copyfile(trained.model_path, temporary)
        return target

    # ------------------------------------------------------------------------------------------- runs

    def start(self, kind: str, **request: Any) -> RunFolder:
        """Start a run in the background and return its folder.

        kind "train": see `requests.training_request`, and `train_on` (ids); "predict": `model` (file), `seed`,
        `device`; "rank": `suggestions`, `seed`; "evaluate": `reference` (folder), `run` (RunFolder). Everything is
        checked first: raises BadInput, and then nothing was started. One run works on a study at a time.
        """
        makers: dict[str, Callable[..., Request]] = {
            "train": self._train,
            "predict": self._predict,
            "rank": self._rank,
            "evaluate": self._evaluate,
        }
        maker = makers.get(kind)
        if maker is None:
            raise BadInput(f"a study has no runs of kind {kind!r}.", hint=f"Known: {', '.join(makers)}.")
        self.runs.refuse_when_busy()
        unreadable = self.study.reconcile().problems
        if kind == "train" and unreadable:
            listed = "\n".join(f"  {problem.path}: {problem.reason}" for problem in unreadable)
            raise BadInput(
                f"{len(unreadable)} label file(s) cannot be used, so nothing was started:\n{listed}\n",
                hint="Mend them, or take them out of the study.",
                path=self.study.path,
            )
        spec, rows = maker(**request)
        return self.runs.start(spec, {"cases": rows})

    def _train(self, *, train_on: Sequence[str] | None = None, **request: Any) -> Request:
        spec = requests.training_request(self.study, self.runs.all(), **request)
        rows = study_rows(self.study, train_on=train_on, use_accepted=spec["use_accepted"])
        require_labels(rows, self.study)
        return {**spec, "seen_by_parent": seen_by_parent(spec, rows)}, rows

    def _predict(self, *, model: str | Path | None = None, seed: int = 0, device: str = "auto") -> Request:
        file = Path(model) if model is not None else None
        spec = requests.prediction_request(self.study, self.runs.all(), model=file, seed=seed, device=device)
        return spec, study_rows(self.study)

    def _rank(self, *, suggestions: int = 10, seed: int = 0) -> Request:
        spec = {"kind": "rank", "suggestions": suggestions, **requests.common(self.study, seed, "cpu")}
        rows = [row for row in study_rows(self.study) if row["role"] == "unlabelled"]
        if not rows:
            raise BadInput("every scan is labelled already.", hint="Add scans.", path=self.study.path)
        if len(rows) > COLD_START_SCANS:
            rows = sorted(random.Random(seed).sample(rows, COLD_START_SCANS), key=lambda row: row["id"])
        return spec, rows

    def _evaluate(self, *, reference: str | Path, run: RunFolder | None = None) -> Request:
        run = run or next((r for r in reversed(self.runs.all()) if predictions.predicted_cases(r)), None)
        if run is None:
            raise BadInput(
                "nothing has been predicted in this study yet.", hint="Train first.", path=self.study.path
            )
        reference = Path(reference).expanduser().absolute()
        spec = requests.evaluation_request(self.study, run, reference)
        rows = evaluation_rows(self.study, run, reference)
        groups = groups_of(run, self.runs.all(), [row["id"] for row in rows])
        return spec, [{**row, "group": groups[row["id"]]} for row in rows]

    def watch(self, run: RunFolder) -> Iterator[tuple[RunState, list[dict[str, Any]]]]:
        """Wait for a run, see Runs.watch; what it has predicted is published before its last state is handed out."""
        for state, events in self.runs.watch(run):
            if not state.active:
                self.publish()
            yield state, events
