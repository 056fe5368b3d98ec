"""What a command says: results, notes, and progress as a bar on a terminal or as plain lines in a pipe."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.report.words import duration

_REDRAW_EVERY_S = 0.1
_LINE_EVERY_S = 15.0
_LINE_EVERY_SHARE = 0.1
_BAR_CELLS = 24


class Screen:
    """Where a command writes. With `as_json` the standard output holds the result alone; notes go beside it."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.as_json = as_json
        self._out = out if out is not None else sys.stdout
        self._err = err if err is not None else sys.stderr
        self._notes = self._err if as_json else self._out
        self._clock = clock
        self._drawn = 0
        self._last_time = -float("inf")
        self._last_share = 0.0
        self._task: str | None = None

    @property
    def interactive(self) -> bool:
        """Whether a person is looking at a terminal that can redraw its last line."""
        return self._notes.isatty()

    def result(self, text: str) -> None:
        """A line of the command's answer."""
        self._clear()
        print(_sayable(text, self._out), file=self._out, flush=True)

    def answer(self, content: Any) -> None:
        """The command's whole answer as JSON."""
        self._clear()
        print(json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False), file=self._out, flush=True)

    def say(self, text: str) -> None:
        """A note on the way."""
        self._clear()
        print(_sayable(text, self._notes), file=self._notes, flush=True)

    def warn(self, text: str) -> None:
        """Something the reader should know, which does not end the command."""
        self._clear()
        print(_sayable(f"warning: {text}", self._err), file=self._err, flush=True)

    def fail(self, error: DualSSLSegError) -> None:
        """The reason why the command ends, and the next step on a line of its own."""
        self._clear()
        where = f"{error.path}: " if error.path else ""
        print(_sayable(f"dualsslseg: {where}{error.message}", self._err), file=self._err)
        if error.hint:
            print(_sayable(f"  -> {error.hint}", self._err), file=self._err)
        self._err.flush()

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Columns lined up; the columns in `right` end together (numbers)."""
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        for row in [head, *rows]:
            cells = [
                cell.rjust(width) if column in right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.result("  ".join(cells).rstrip())

    def progress(
        self, task: str, done: int, total: int | None, note: str = "", eta_s: float | None = None
    ) -> None:
        """How far `task` is. Cheap to call often: drawn ten times a second at most, in a pipe every 10 % or
        15 s.
        """
        now = self._clock()
        share = min(done / total, 1.0) if total else 0.0
        if task != self._task:
            self._task, self._last_time, self._last_share = task, -float("inf"), 0.0
        if self.interactive:
            if now - self._last_time >= _REDRAW_EVERY_S or share == 1.0:
                self._last_time = now
                self._draw(task, done, total, share, note, eta_s)
            return
        due = now - self._last_time >= _LINE_EVERY_S or share - self._last_share >= _LINE_EVERY_SHARE
        if due or (share == 1.0 and self._last_share < 1.0):
            self._last_time, self._last_share = now, share
            count = f"{done} of {total}" if total else str(done)
            parts = [f"{task}: {count}", note, f"about {duration(eta_s)} left" if eta_s else ""]
            self.say(", ".join(part for part in parts if part))

    def end_progress(self) -> None:
        """Take the bar away."""
        self._clear()
        self._task = None

    def _draw(
        self, task: str, done: int, total: int | None, share: float, note: str, eta_s: float | None
    ) -> None:
        full, empty = ("█", "░") if _can_say("█░", self._notes) else ("#", ".")
        cells = round(share * _BAR_CELLS)
        parts = [task]
        if total:
            parts.append(f"{full * cells}{empty * (_BAR_CELLS - cells)} {done}/{total}")
        elif done:
            parts.append(str(done))
        parts += [note, f"{duration(eta_s)} left" if eta_s else ""]
        width = shutil.get_terminal_size().columns - 1
        line = _sayable("  ".join(part for part in parts if part), self._notes)[:width]
        self._notes.write("\r" + line.ljust(self._drawn))
        self._notes.flush()
        self._drawn = len(line)

    def _clear(self) -> None:
        if self._drawn:
            self._notes.write("\r" + " " * self._drawn + "\r")
            self._notes.flush()
            self._drawn = 0


def _can_say(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _sayable(text: str, stream: TextIO) -> str:
    """`text` with what the terminal's encoding lacks replaced, so that no message fails for a character."""
    if _can_say(text, stream):
        return text
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "replace").decode(encoding)
