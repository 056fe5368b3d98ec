"""What has been read of the files in labels/final before: after a copy without file times only their content tells
which of them are ours, and it is not read again at every look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.scan import stamps_of

_Known = dict[str, tuple[int, int, str]]


class LabelDigests:
    """Digests of the files of one folder, kept in the file `memory`. Like the records of scans they are a memory, not
    the truth: without them the files are read again."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: _Known | None = None  # by file name: size, mtime in ns, digest
        self._changed = False

    def of(self, label: Path) -> str:
        """The digest of a file, read once for every change of size or time. Raises BadInput when it cannot be read."""
        from DualSSLSegLib.imaging.digest import file_digest

        if self._known is None:
            self._known = _load(self._memory)
        try:
            ((size, mtime),) = stamps_of([label])  # first: what changes while it is read is read again
        except OSError:
            return file_digest([label])  # raises, with words
        known = self._known.get(label.name)
        if known is not None and known[:2] == (size, mtime):
            return known[2]
        digest = file_digest([label])
        self._known[label.name] = (size, mtime, digest)
        self._changed = True
        return digest

    def save(self) -> None:
        """Keep what was read for the next process; where the study cannot be written, this one alone remembers it."""
        if not self._changed or self._known is None or not self._memory.parent.is_dir():
            return
        self._changed = False
        files = {
            name: {"size": size, "mtime_ns": mtime, "digest": digest}
            for name, (size, mtime, digest) in self._known.copy().items()
        }
        try:
            write_json(self._memory, {"v": 1, "files": files})
        except OSError:
            return


def _load(memory: Path) -> _Known:
    if not memory.is_file():
        return {}
    try:
        files: dict[str, Any] = read_json(memory)["files"]
        return {
            name: (int(file["size"]), int(file["mtime_ns"]), str(file["digest"]))
            for name, file in files.items()
        }
    except (BadInput, KeyError, TypeError, ValueError, AttributeError):
        return {}  # a damaged memory is no memory
