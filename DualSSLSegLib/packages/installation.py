"""Carrying out a plan on a thread of its own. Whatever ends it early, nothing half installed is ever used."""

from __future__ import annotations

import atexit
import json
import shutil
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.errors import BadInput, DualSSLSegError
from DualSSLSegLib.packages.child import Child
from DualSSLSegLib.packages.offer import size_words
from DualSSLSegLib.packages.pip_words import Progress, failure, is_progress
from DualSSLSegLib.packages.plan import Group, InstallPlan
from DualSSLSegLib.packages.private_folder import (
    Mark,
    delete,
    new_staging,
    put_in_place,
    read_mark,
    require_ours,
    take_away,
    write_mark,
)
from DualSSLSegLib.packages.probe import look
from DualSSLSegLib.packages.setting import load_setting, save_setting

_LINES = 300
_FOUND_OUT, _INSTALLED = 0.05, 0.95  # of the bar: after the dry run, before the trial
CANCELLED = "Cancelled; nothing was changed."


@dataclass(frozen=True)
class InstallState:
    """`lines`: the newest output. `fraction` 0..1, None while unknown. `failed`: why it failed, "" when it did not."""

    lines: tuple[str, ...] = ()
    fraction: float | None = None
    done: bool = False
    failed: str = ""
    hint: str = ""

    @property
    def active(self) -> bool:
        """Whether it goes on."""
        return not self.done and not self.failed


class Installation:
    """One installation. `start` it once, `poll` it as often as you like, `cancel` it at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._fraction: float | None = None
        self._end: InstallState | None = None
        self._child: Child | None = None
        self._cancelled = False
        self._thread: threading.Thread | None = None

    def start(self, plan: InstallPlan) -> None:
        """Begin. Raises BadInput when the target is not ours or cannot be written, or the disk is too full."""
        if self._thread is not None:
            raise RuntimeError("an installation is started once")
        if plan.target.exists():
            require_ours(plan.target)
        try:
            staging = new_staging(plan.target)
        except OSError as error:
            raise BadInput(
                f"this folder cannot be written ({error.strerror or error}).",
                hint="Choose another folder.",
                path=plan.target.parent,
            ) from error
        needed = (
            plan.offer.disk_bytes + 2 * plan.offer.download_bytes
        )  # pip keeps a wheel twice while it unpacks it
        free = shutil.disk_usage(staging).free
        if free < needed:
            delete(staging)
            raise BadInput(
                f"the disk has {size_words(free)} free; {size_words(needed)} are needed while installing.",
                hint="Free space, or choose a folder on another disk.",
                path=plan.target.parent,
            )
        self._thread = threading.Thread(
            target=self._work, args=(plan, staging), name="DualSSLSeg installation", daemon=True
        )
        atexit.register(self.cancel)  # what was started does not outlive Slicer
        self._thread.start()

    def poll(self) -> InstallState:
        """Where it stands; never waits."""
        with self._lock:
            if self._end is None:
                return InstallState(tuple(self._lines), self._fraction)
            return self._end

    def cancel(self) -> None:
        """Stop it with every program that it started. Returns at once; `poll` says when it has ended."""
        with self._lock:
            self._cancelled = True
            child = self._child
        if child is not None:
            child.kill()

    def wait(self, timeout_s: float | None = None) -> InstallState:
        """Wait for the end, for scripts; returns the state then."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self.poll()

    # --- on the thread --------------------------------------------------------------------------------------

    def _work(self, plan: InstallPlan, staging: Path) -> None:
        failed, hint = "", ""
        try:
            self._carry_out(plan, staging)
        except DualSSLSegError as error:
            failed, hint = str(error).removesuffix(error.hint).strip(), error.hint
        except Exception as error:  # the thread's end must be told, whatever it was
            failed = f"The installation ended unexpectedly ({type(error).__name__}: {error})."
        try:
            delete(staging)
        except BadInput as error:
            self._say(str(error))
        atexit.unregister(self.cancel)
        with self._lock:
            if failed and self._cancelled:
                failed, hint = CANCELLED, ""
            fraction = self._fraction if failed else 1.0
            self._end = InstallState(tuple(self._lines), fraction, not failed, failed, hint)

    def _carry_out(self, plan: InstallPlan, staging: Path) -> None:
        packages, temporary, cache = (staging / name for name in ("p", "t", "c"))
        for folder in (packages, temporary):
            folder.mkdir()
        environment = {**plan.environment, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
        constraints = staging / "constraints.txt"
        constraints.write_text("\n".join(plan.constraints) + "\n", encoding="utf-8")
        installed: dict[str, str] = {}
        for index, group in enumerate(plan.groups):
            self._say(f"Finding out what {', '.join(group.requirements)} need ...")
            report = staging / f"missing-{index}.json"
            self._pip(plan.dry_run(group, constraints, report, cache), environment, group, None)
            missing, pip_version = _missing(report)
            missing = {name: version for name, version in missing.items() if name not in installed}
            self._advance(_FOUND_OUT)
            if missing:
                pinned = [f"{name}=={version}" for name, version in missing.items()]
                self._say(f"Installing {', '.join(pinned)}")
                command = plan.install(group, pinned, packages, cache, pip_version)
                self._pip(command, environment, group, Progress(list(missing)))
                installed |= missing
        self._advance(_INSTALLED)
        self._say("Trying what was installed ...")
        seen = look(plan.setting.python, packages, plan.needs)
        if not seen.ok:
            raise BadInput(seen.problem, hint=seen.hint)
        self._refuse_when_cancelled()
        write_mark(packages, Mark(plan.setting.python, plan.tag, installed))
        before = load_setting().packages
        put_in_place(packages, plan.target)
        save_setting(plan.setting)
        if before is not None and before != plan.target and read_mark(before) is not None:
            take_away(before)
        self._say(f"Installed in {plan.target}.")

    def _pip(
        self, command: tuple[str, ...], environment: dict[str, str], group: Group, progress: Progress | None
    ) -> None:
        lines: list[str] = []

        def said(line: str) -> None:
            if progress is not None:
                progress.read(line)
                self._advance(_FOUND_OUT + (_INSTALLED - _FOUND_OUT) * progress.fraction)
            if line.strip() and not is_progress(line):
                lines.append(line)
                self._say(line)

        self._refuse_when_cancelled()
        try:
            child = Child(command, environment)
        except OSError as error:
            raise BadInput(
                f"{command[0]} could not be started ({error.strerror or error}).",
                hint="Choose another Python.",
            ) from error
        with self._lock:
            self._child = child
            cancelled = self._cancelled
        if cancelled:  # between the last look and the start
            child.kill()
        status = child.run(said)
        with self._lock:
            self._child = None
        self._refuse_when_cancelled()
        if status != 0:
            words, hint = failure(lines, status, offline="--no-index" in group.sources)
            raise BadInput(words, hint=hint)

    def _refuse_when_cancelled(self) -> None:
        with self._lock:
            if self._cancelled:
                raise BadInput(CANCELLED)

    def _say(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)

    def _advance(self, fraction: float) -> None:
        with self._lock:
            self._fraction = max(self._fraction or 0.0, fraction)


def _missing(report: Path) -> tuple[dict[str, str], str]:
    """Name -> version of what a dry run would install, and pip's own version."""
    content = json.loads(report.read_text(encoding="utf-8"))
    rows = [row["metadata"] for row in content["install"]]
    return {row["name"]: row["version"] for row in rows}, str(content["pip_version"])
