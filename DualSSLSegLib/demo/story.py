"""The demo: the annotation loop twice round, with reference labels in the annotator's place."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.atomic import remove_tree, write_json
from DualSSLSegLib.demo.cohort import Cohort
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.next_case import NextCase
from DualSSLSegLib.report.collect import Occasion, collect
from DualSSLSegLib.report.page import write_page
from DualSSLSegLib.report.words import count

NEWLY_LABELLED = 2
_AUTHOR = "demo"
_MARK = Path(".dualsslseg") / "made-by-demo.json"
"""Only a study with this file in it is ever replaced by a later demo."""


@dataclass(frozen=True)
class Listener:
    """Who hears the story: sentences, progress of a task, and runs that are followed to their end.

    `follow(controller, run)` returns when the run is finished and raises when it ended otherwise.
    """

    say: Callable[[str], None]
    progress: Callable[[str, int, int], None]
    follow: Callable[[Controller, RunFolder], None]


@dataclass(frozen=True)
class Budget:
    """How long the two trainings last: minutes each, or the same number of iterations for both."""

    minutes: tuple[float, float] = (2.5, 1.5)
    iterations: int | None = None

    def of_round(self, number: int) -> dict[str, float | int]:
        """The budget of round 1 or 2 as a request."""
        if self.iterations is not None:
            return {"iterations": self.iterations}
        return {"minutes": self.minutes[number - 1]}


def tell(
    cohort: Cohort,
    folder: Path,
    listener: Listener,
    *,
    budget: Budget,
    seed: int = 0,
    device: str = "auto",
    command: str = "",
    started_at: float | None = None,
) -> Path:
    """Run the whole demo in `folder` and return the path of its report.

    A study that an earlier demo left there is replaced. `started_at` (time.monotonic) is when the user began to wait.
    Raises BadInput when `folder`/study is something else, and whatever `listener.follow` raises.
    """
    began = time.monotonic() if started_at is None else started_at
    listener.say(cohort.line)
    controller = _new_study(cohort, folder / "study", listener)
    _label(controller, cohort, cohort.labelled, listener)
    first = _train(controller, 1, budget, seed, device, listener)
    suggested = _suggested(controller, listener)
    _label(controller, cohort, [place.case for place in suggested], listener)
    second = _train(controller, 2, budget, seed, device, listener)
    for run in (first, second):
        listener.say(f"Measuring the predictions of {run.id} against the reference labels.")
        _measure(controller, cohort, run, listener)
    occasion = Occasion(
        data=cohort.line,
        generated=cohort.generated,
        title=f"{cohort.name}: two rounds of annotation",
        command=command,
        total_seconds=time.monotonic() - began,
    )
    report = collect(controller, occasion, lambda done, total: listener.progress("drawing", done, total))
    return write_page(folder / "report" / "index.html", report)


def _new_study(cohort: Cohort, folder: Path, listener: Listener) -> Controller:
    """A study folder with a link to every scan; the scans kept back are frozen as test before anything is trained."""
    _clear(folder)
    write_json(folder / _MARK, {"made_by": "dualsslseg demo", "data": cohort.line})
    for done, case in enumerate(cohort.cases, 1):
        _place(cohort.images[case].absolute(), folder)
        listener.progress("linking scans", done, len(cohort.cases))
    controller = Controller.create(folder, list(cohort.structures))
    if cohort.held_back:
        controller.split(list(cohort.held_back), "test")
    listener.say(
        f"Study {folder}: {count(len(cohort.cases), 'scan')}, {len(cohort.held_back)} of them kept out of training; "
        f"structures: {', '.join(cohort.structures)}."
    )
    return controller


def _clear(folder: Path) -> None:
    """Remove the study of an earlier demo. Raises BadInput for anything else, and while a run is at work there."""
    if not folder.exists():
        return
    if not (folder / _MARK).is_file():
        if not folder.is_dir() or any(folder.iterdir()):
            raise BadInput(
                "this folder is in the way: it was not made by the demo.",
                hint="Move it away, or name another place with --folder.",
                path=folder,
            )
        folder.rmdir()
        return
    runs = Controller.open(folder).runs
    if runs.active() is not None:
        raise BadInput(
            "an earlier demo is still at work here.",
            hint=f"End it first: dualsslseg stop {folder}",
            path=folder,
        )
    remove_tree(folder)


def _place(image: Path, folder: Path) -> None:
    """Link a scan into the study; copy it where the system makes no links (Windows without the right to)."""
    target = folder / image.name
    try:
        target.symlink_to(image)
    except (OSError, NotImplementedError):
        shutil.copyfile(image, target)
        shutil.copystat(image, target)


def _label(controller: Controller, cohort: Cohort, cases: Sequence[str], listener: Listener) -> None:
    for case in cases:
        controller.label(case, cohort.references[case], author=_AUTHOR, origin="manual")
        listener.say(f"Labelled {case} with its reference label, as the annotator would.")


def _train(
    controller: Controller, number: int, budget: Budget, seed: int, device: str, listener: Listener
) -> RunFolder:
    start = "" if number == 1 else ", going on from the weights of round 1"
    listener.say(f"Round {number}: training two networks{start}.")
    run = controller.start("train", seed=seed, device=device, **budget.of_round(number))
    listener.follow(controller, run)
    controller.publish()
    return run


def _suggested(controller: Controller, listener: Listener) -> list[NextCase]:
    """The first suggestions of the newest queue."""
    queue = controller.next_cases(NEWLY_LABELLED)
    cases = list(queue.cases) if queue is not None else []
    for place in cases:
        listener.say(f"Suggestion {place.rank}: {place.case}. {place.reason}")
    if queue is not None and queue.shadow:
        shadow = ", ".join(queue.shadow[:NEWLY_LABELLED])
        listener.say(f"A random choice among scans that show a structure would have been {shadow}.")
    return cases


def _measure(controller: Controller, cohort: Cohort, run: RunFolder, listener: Listener) -> None:
    reference = os.path.commonpath([path.parent for path in cohort.references.values()])
    listener.follow(controller, controller.start("evaluate", reference=reference, run=run))
