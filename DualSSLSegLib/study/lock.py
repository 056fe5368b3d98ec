"""One writer per study: a lock file with machine, process and start time, and MONAI Label's own lock honoured."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from DualSSLSegLib.atomic import patiently
from DualSSLSegLib.errors import StudyBusy
from DualSSLSegLib.file_lock import file_lock
from DualSSLSegLib.processes import Process, surely_dead, this_process
from DualSSLSegLib.study.writing import require_study, writing

WAIT_S = 10.0
_POLL_S = 0.05
_UNREADABLE_AGE_S = 60.0

_left_behind: set[str] = set()
"""Tokens of the locks that this process holds no more and could not remove, because their drive was gone just then."""


class StudyLock:
    """Held while something of a study is written; a context manager that may be entered again by its thread.

    The lock file appears whole and only where there is none. That of a process that surely ended on this
    machine is taken over, and so is one that this process has left behind; any other is waited for, then StudyBusy
    says who holds it. Where `study_json` is given, CannotWrite is raised while it is not there; else the folder of the
    lock is made.
    """

    def __init__(self, path: Path, *, study_json: Path | None = None, wait_s: float = WAIT_S) -> None:
        self.path = Path(path)
        self.study_json = study_json
        self.wait_s = wait_s
        self._thread = threading.RLock()
        self._depth = 0
        self._token = ""

    def __enter__(self) -> StudyLock:
        deadline = time.monotonic() + self.wait_s
        if not self._thread.acquire(timeout=max(self.wait_s, 0.001)):
            raise StudyBusy(
                "another part of this program is writing to the study.",
                hint="Wait a moment and try again.",
                path=self.path.parent.parent,
            )
        try:
            if self._depth == 0:
                self._acquire(deadline)
            self._depth += 1
        except BaseException:
            self._thread.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._leave()
        finally:
            self._thread.release()

    def _acquire(self, deadline: float) -> None:
        token = uuid.uuid4().hex
        text = json.dumps({"token": token, "time": time.time(), **asdict(this_process())})
        while True:
            with writing(self.path):
                if self.study_json is not None:
                    require_study(self.study_json)
                else:
                    self.path.parent.mkdir(exist_ok=True)
                try:
                    created = patiently(lambda: create_exclusively(self.path, text.encode("utf-8")))
                except OSError:
                    _left_behind.add(token)  # it may lie there all the same
                    raise
            if (
                created or _read(self.path).get("token") == token
            ):  # a network drive may say no and have done it
                self._token = token
                return
            if _is_stale(self.path):
                self._remove_stale()
            elif time.monotonic() >= deadline:
                raise StudyBusy(
                    f"the study is in use: {_who(_read(self.path))}.",
                    hint="Wait until that program is done, or, if you are sure that none is at work, "
                    f"delete the file {self.path}.",
                    path=self.path.parent.parent,
                )
            else:
                time.sleep(_POLL_S)

    def _leave(self) -> None:
        # A lock out of reach names a living process, this one, so nobody would ever take it for dead. Its token is
        # noted only when the file is left alone: earlier, another thread might have put its own lock there by now.
        with suppress(OSError):
            if _read(self.path).get("token") == self._token:
                patiently(lambda: self.path.unlink(missing_ok=True))
                return
        _left_behind.add(self._token)

    def _remove_stale(self) -> None:
        # Two programs may find the same dead lock. Only the holder of the guard looks again and removes it, so
        # the lock that the other one has put there meanwhile is never taken away.
        with writing(self.path), file_lock(self.path.with_name("lock.guard"), wait_s=1.0) as held:
            if held and _is_stale(self.path):
                patiently(lambda: self.path.unlink(missing_ok=True))


def create_exclusively(path: Path, data: bytes) -> bool:
    """Create `path` with `data`, whole, unless it exists; False then. Raises OSError."""
    draft = path.with_name(f".{uuid.uuid4().hex[:12]}.tmp")
    try:
        draft.write_bytes(data)
        return claim(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def claim(draft: Path, path: Path) -> bool:
    """Give the file `draft` the name `path` as well, unless that exists: False then. Raises OSError.

    A hard link is whole at once. Where the file system has none, an exclusively created copy stands in.
    """
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError:
        if path.exists():
            return False
        try:
            with open(path, "xb") as target:
                target.write(draft.read_bytes())
                target.flush()
                os.fsync(target.fileno())
        except FileExistsError:
            return False
    return True


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_stale(path: Path) -> bool:
    content = _read(path)
    if str(content.get("token")) in _left_behind:
        return True
    try:
        owner = Process(
            host=str(content["host"]),
            boot=str(content["boot"]),
            space=str(content["space"]),
            pid=int(str(content["pid"])),
            start=str(content["start"]),
        )
    except (KeyError, ValueError):
        # Written in one step, so it is only empty or cut where links are missing and its writer was killed.
        try:
            return time.time() - path.stat().st_mtime > _UNREADABLE_AGE_S
        except OSError:
            return False  # gone: the next attempt to create it will tell
    return surely_dead(owner)


def _who(content: dict[str, object]) -> str:
    if "pid" not in content:
        return "its lock file cannot be read"
    since = content.get("time")
    when = f", since {time.strftime('%H:%M:%S', time.localtime(since))}" if isinstance(since, float) else ""
    return f"process {content['pid']} on {content.get('host', 'an unknown machine')} is writing{when}"


@contextmanager
def monai_label_waits(path: Path, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold MONAI Label's `.lock` while files in labels/ change. Nothing is created where it does not exist.

    Raises StudyBusy when MONAI Label does not let go of it in time.
    """
    if not path.exists():
        yield
        return
    with file_lock(path, wait_s=wait_s, create=False) as held:
        if not held:
            raise StudyBusy(
                "MONAI Label is writing to this folder.",
                hint="Wait until it is done and try again.",
                path=path.parent,
            )
        yield
