"""Opening, making and looking at a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.editor_lock import EditorLock
from DualSSLSegLib.loop.launcher import Launcher
from DualSSLSegLib.loop.survey import Survey, counts_of, next_up, survey
from DualSSLSegLib.study.model import Structure
from DualSSLSegLib.study.status import STATES
from DualSSLSegLib.study.writing import CannotWrite
from DualSSLSegLib.workbench.desk import verb
from DualSSLSegLib.workbench.structure_steps import StructureSteps

_PUBLISH_S = 1.0  # how long other work waits for a share of the publishing


@dataclass(frozen=True)
class _Opened:
    controller: Controller
    lock: EditorLock
    read_only: str
    survey: Survey


class StudySteps(StructureSteps):
    """Verbs of the section Study."""

    _surveyed: Survey | None = None  # the last look at the open study

    @verb
    def open_study(self, path: str | Path) -> None:
        """Open a study; the one that is open is closed once the other could be opened."""
        self._open(lambda launcher: Controller.open(path, launcher=launcher), Path(path))

    @verb
    def create_study(self, path: str | Path, structures: Sequence[str | Structure]) -> None:
        """Make the folder of scans a study with these structures and open it."""
        self._open(lambda launcher: Controller.create(path, list(structures), launcher=launcher), Path(path))

    def _open(self, make: Callable[[Launcher], Controller], path: Path) -> None:
        launcher, author, current = self.launcher, self.author, self.editor_lock

        def work() -> _Opened:
            controller = make(launcher)
            same = current is not None and current.held and self.study_path == controller.study.path
            lock = current if same and current is not None else EditorLock(controller.study.path, author)
            self._lock_asked_for = lock
            if self._closed:  # by the window's thread, which has not seen this lock
                lock.abandon()
            read_only = _take(lock)
            try:
                if not read_only:
                    try:
                        controller.study.reconcile()
                    except CannotWrite as error:
                        read_only = error.message
                found = survey(controller)
                if read_only:
                    lock.release()  # it cannot be used here
                return _Opened(controller, lock, read_only, found)
            except BaseException:
                if lock is not current:
                    lock.release()
                raise

        def left() -> None:
            # A scan that is still being read would come on screen, be drawn on, and go with the study that goes.
            self._do(lambda: None, lambda _: None, key="open", of_study=False)
            self._do(
                work, self._open_now, busy=f"Opening {path.name}", key="study", exclusive=True, of_study=False
            )

        self._leave(left)

    def _open_now(self, opened: _Opened) -> None:
        drawn_on = self.opened.id if self.changed and self.opened is not None else None
        self._save_at_once()  # of a case that came on screen while the study was being opened
        kept = f"What you had drawn on {drawn_on} is kept as unfinished work." if drawn_on else ""
        if self.editor_lock is not None and self.editor_lock is not opened.lock:
            self._give_back(self.editor_lock)
        self._forget_study()
        self.new_folder = None
        self.controller, self.editor_lock = opened.controller, opened.lock
        self.study_path, self.read_only = opened.controller.study.path, opened.read_only
        self.problems = opened.survey.problems
        self._tell("study")
        if self.read_only:
            hint = (
                "You can look at everything here, but not change it. Refresh when that is over, to edit it."
            )
            self._say("warning", self.read_only, hint)
        elif self.problems:
            n = len(self.problems)
            self._say(
                "warning",
                f"{n} {'thing' if n == 1 else 'things'} in this study cannot be used; see the list.",
            )
        elif not (kept and self._save_failed):
            self._say("info", kept)
        self._take_survey(opened.survey)
        self._publish()

    @verb
    def close_study(self) -> None:
        """Close the study; unfinished work is kept as a draft first. A run goes on."""
        self._leave(self._close_study_now)

    def _close_study_now(self) -> None:
        if self.editor_lock is not None:
            self._give_back(self.editor_lock)
        self._forget_study()
        self._tell("study", "cases", "run", "review", "case")

    def _give_back(self, lock: EditorLock) -> None:
        self._do(lock.release, lambda _: None, of_study=False)

    def _forget_study(self) -> None:
        self._leave_now()
        self.controller = self.editor_lock = self.study_path = None
        self.read_only, self.structures, self.problems = "", (), ()
        self.rows, self.queue, self.next_case, self._status, self._surveyed = [], None, None, None, None
        self.counts = dict.fromkeys(STATES, 0)
        self.expectation = None
        self._forget_run()

    @verb
    def refresh(self) -> None:
        """Look at the study's folder again: cases, queue, runs. A study that could be looked at only is edited from
        here on when nobody else does and its folder can be written."""
        if self.read_only:
            self._take_over()
        self._survey()

    def _take_over(self) -> None:
        controller, lock = self._study(), self.editor_lock
        assert lock is not None  # a study is open

        def work() -> str:
            read_only = _take(lock)
            if not read_only:
                try:
                    controller.study.reconcile()
                except BaseException:
                    lock.release()  # this window stays one that looks only
                    raise
            return read_only

        def then(read_only: str) -> None:
            before, self.read_only = self.read_only, read_only
            if read_only:
                if read_only != before:
                    self._say("warning", read_only)
                self._tell("study", "case")
                return
            self._say("info", "This study can be edited here now.")
            case = self.case
            if case is not None and not self.changed:  # its label may be a newer one by now
                self._leave(lambda: self._read_case(case, False))  # off the screen: nobody draws on what goes
            elif case is not None:
                self._say(
                    "warning",
                    f"This study can be edited here now, but {case} may have got a newer label meanwhile.",
                    "Submit what you have drawn only if it is to be the label in force; older labels are kept.",
                )
            self._tell("study", "case")
            self._publish()

        self._do(work, then, busy="Looking whether the study can be edited")

    def _survey(self) -> None:
        controller = self._study()
        before = self._surveyed
        self._do(
            lambda: survey(controller, before), self._take_survey, busy="Looking at the study", key="survey"
        )

    def _take_survey(self, found: Survey) -> None:
        self._surveyed, self._status = found, found.status
        self.rows, self.queue, self.problems = found.rows, found.queue, found.problems
        self.counts = counts_of(found.rows)
        self.next_case = next_up(found.rows, found.queue, self.case)
        if found.structures != self.structures:
            self._adopt(found.structures)
            self._tell("study", "case")
        self._show_run(found.run, found.at_work)
        self._tell("cases")
        self._expect()

    def _show_run(self, run: RunFolder | None, at_work: bool) -> None:
        raise NotImplementedError

    def _watch_now(self) -> None:
        raise NotImplementedError

    def _forget_run(self) -> None:
        raise NotImplementedError

    def _expect(self) -> None:
        raise NotImplementedError

    def _publish(self) -> None:
        """Publish predictions to labels/original, a share at a time so that other work is not held up."""
        controller = self.controller
        if controller is None or self.read_only:
            return

        def more(_: list[str]) -> None:
            if controller.publishing_left:
                self._publish()
            elif controller.unpublished:
                names = ", ".join(list(controller.unpublished)[:3])
                reason = next(iter(controller.unpublished.values()))
                self._say("warning", f"The prediction of {names} could not be published: {reason}")

        self._do(lambda: controller.publish(at_most_s=_PUBLISH_S), more, key="publish")


def _take(lock: EditorLock) -> str:
    """Take the lock of a study; why it can be looked at only, "" when it is ours."""
    try:
        return "" if lock.acquire() else f"This study is being edited by {lock.holder}."
    except CannotWrite as error:
        return error.message[:1].upper() + error.message[1:]
    except OSError as error:
        raise BadInput(
            f"the study cannot be opened for editing ({error}).", hint="Check the drive."
        ) from error
