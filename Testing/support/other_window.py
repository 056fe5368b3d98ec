"""Another window that edits a study, in a process of its own: it holds the editor's lock until it is told to end.

python other_window.py <study> <author>    prints "editing", ends at the end of its input
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from DualSSLSegLib.jobs.launch import library_folder
from DualSSLSegLib.loop.editor_lock import EditorLock


class OtherWindow:
    """The process, from here. A context manager: it has ended after the block."""

    def __init__(self, study: Path, author: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(study), author],
            env={"PYTHONPATH": str(library_folder()), "PATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.said = self._process.stdout.readline().strip()

    def close(self) -> None:
        """End it as a user does."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self.close()

    def __enter__(self) -> OtherWindow:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()


def main() -> None:
    lock = EditorLock(sys.argv[1], sys.argv[2])
    print("editing" if lock.acquire() else lock.holder, flush=True)
    sys.stdin.read()
    lock.release()


if __name__ == "__main__":
    main()
