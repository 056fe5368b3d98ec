"""The journal `events.jsonl`: one JSON object per line, appended by one worker, read by anyone at any time.

Line: {"v": 1, "seq": n, "t": unix seconds, "type": ..., fields}. `seq` counts from 1 without gaps over all
attempts.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import ProtocolError
from DualSSLSegLib.give_way import give_way

VERSION = 1
HEARTBEAT_S = 10.0
LAST_WORDS = ("finished", "stopped", "failed")
_LASTING = frozenset({"started", "checkpoint", *LAST_WORDS})


class EventWriter:
    """Appends events. One writer per journal at a time: the worker holds the run's lock.

    A line torn by a killed attempt is closed with a newline first, so it stays rubbish on its own and the
    next event is whole. `attempt` is one more than the number of attempts already in the journal unless
    given. After a last word nothing more is written. Safe to call from several threads.
    """

    def __init__(
        self, path: str | Path, attempt: int | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._guard = threading.Lock()
        self._ending = threading.Event()
        self._heart: threading.Thread | None = None
        self._reported: set[str] = set()
        self._torn = False
        self._last_word: str | None = None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(
            self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644
        )
        try:
            self._close_torn_line()
            earlier = EventReader(self.path).read()
        except BaseException:
            os.close(self._file)
            raise
        self._seq = max((event["seq"] for event in earlier if "seq" in event), default=0)
        started = [event for event in earlier if event["type"] == "started"]
        self.attempt = attempt if attempt is not None else len(started) + 1

    def _close_torn_line(self) -> None:
        size = os.lseek(self._file, 0, os.SEEK_END)
        if size == 0:
            return
        os.lseek(self._file, size - 1, os.SEEK_SET)
        if os.read(self._file, 1) != b"\n":
            os.write(self._file, b"\n")

    @property
    def ended(self) -> bool:
        """Whether this attempt has had its last word."""
        return self._last_word is not None

    def emit(self, type: str, /, **fields: Any) -> None:
        """Append one event. NaN and infinity become null, with one `warning` per field and attempt.

        Raises RuntimeError after a last word, OSError when the disk refuses.
        """
        not_finite: list[str] = []
        clean = {name: _clean(value, name, not_finite) for name, value in fields.items()}
        with self._guard:
            if self._last_word is not None:
                raise RuntimeError(f"event {type!r} after the last word {self._last_word!r}")
            self._append(type, clean)
            for where in not_finite:
                key = f"{type}.{where}"
                if key not in self._reported:
                    self._reported.add(key)
                    self._append(
                        "warning",
                        {"code": "not_finite", "text": f"{key} was not a finite number; it is null here."},
                    )
            if type in LAST_WORDS:
                self._last_word = type
        if type in LAST_WORDS:
            self._ending.set()

    def _append(self, type: str, fields: Mapping[str, Any]) -> None:
        event = {"v": VERSION, "seq": self._seq + 1, "t": round(self._clock(), 3), "type": type, **fields}
        text = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
        data = (b"\n" if self._torn else b"") + text.encode("utf-8", "replace")
        self._torn = True
        while data:
            data = data[os.write(self._file, data) :]
        self._torn = False
        self._seq += 1
        if type in _LASTING:
            os.fsync(self._file)

    def start_heartbeat(
        self, fields: Callable[[], dict[str, Any]] = dict, *, every_s: float = HEARTBEAT_S
    ) -> None:
        """Write `heartbeat` events from a thread of its own, so that a long step does not look like a dead
        run."""

        def beat() -> None:
            while not self._ending.wait(every_s):
                try:
                    self.emit("heartbeat", **fields())
                except OSError as error:
                    with suppress(OSError):  # nor can the console, perhaps
                        print(f"heartbeat not written: {error}", file=sys.stderr, flush=True)
                except RuntimeError:
                    return

        self._heart = threading.Thread(target=beat, name="heartbeat", daemon=True)
        self._heart.start()

    def close(self) -> None:
        """Stop the heartbeat and close the file."""
        self._ending.set()
        if self._heart is not None:
            self._heart.join()
        with self._guard:
            if self._last_word is None:
                self._last_word = "closed"
            if self._file >= 0:
                os.close(self._file)
                self._file = -1


class EventReader:
    """Reads events as they come: keeps a byte offset and takes whole lines only.

    A line that is no event (torn by a killed worker) is returned as a `warning` event without `seq`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.offset = 0
        self._lines = 0  # before `offset`

    def read(self) -> list[dict[str, Any]]:
        """Events appended since the last call; none when the file is not there yet.

        Raises ProtocolError for events of a newer version.
        """
        try:
            with open(self.path, "rb") as journal:
                size = os.fstat(journal.fileno()).st_size
                if size < self.offset:
                    self.offset = self._lines = 0
                journal.seek(self.offset)
                data = journal.read(size - self.offset)
        except FileNotFoundError:
            return []
        whole = data.rfind(b"\n") + 1
        lines = data[:whole].split(b"\n")[:-1]
        numbered = enumerate(lines, self._lines + 1)
        events = []
        for number, line in numbered:
            if line.strip():
                give_way()
                events.append(self._parse(line, number))
        self.offset += whole
        self._lines += len(lines)
        return events

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            event = json.loads(line.decode("utf-8"))
            version, seq, kind = event["v"], event["seq"], event["type"]
            if not (isinstance(version, int) and isinstance(seq, int) and isinstance(kind, str)):
                raise TypeError("v, seq or type has the wrong type")
            if not 1 <= seq <= number:  # a number far ahead would make all that follow look old
                raise ValueError("seq is no number of a line up to this one")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            why = type(error).__name__
            text = f"A journal line of {len(line)} bytes is not an event ({why}) and was skipped."
            return {"v": VERSION, "type": "warning", "code": "unreadable_line", "text": text}
        if version > VERSION:
            raise ProtocolError(
                f"this journal was written by a newer version (events {version}, known: {VERSION}).",
                hint="Update the extension.",
                path=self.path,
            )
        return event


def _clean(value: Any, where: str, not_finite: list[str]) -> Any:
    """`value` as JSON knows it; the places of NaN and infinity are added to `not_finite`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        not_finite.append(where)
        return None
    if isinstance(value, Mapping):
        return {str(key): _clean(item, f"{where}.{key}", not_finite) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, where, not_finite) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # numpy and torch scalars and arrays
        return _clean(value.tolist(), where, not_finite)
    raise TypeError(f"event field {where!r} of type {type(value).__name__} cannot be written as JSON")
