"""What a folder of results already holds: one small record per scan, so that a rerun skips what is done.

The records lie in <output>/.dualsslseg/segmented/<scan name>.json. A file of the same name that this program did not
write, or that somebody changed since, is never replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput

VERSION = 1


class SegmentedRecords:
    """The records of one output folder for one model."""

    def __init__(self, output: Path, model_digest: str) -> None:
        self.output = output
        self._folder = output / ".dualsslseg" / "segmented"
        self._model_digest = model_digest

    def is_done(self, name: str, paths: Sequence[Path], outputs: Sequence[Path]) -> bool:
        """Whether these outputs were made from these scans with this model and are still as they were written."""
        record = self._read(name)
        if record is None or record.get("state") != "done":
            return False
        written = record["outputs"]
        return (
            record["model"] == self._model_digest
            and record["inputs"] == [_facts(path) for path in paths]
            and all(path.exists() and written.get(path.name) == _facts(path) for path in outputs)
        )

    def refuse_foreign(self, name: str, outputs: Sequence[Path]) -> None:
        """Raise BadInput when an output is there that this program did not write, or that was changed since."""
        record = self._read(name) or {}
        written = {**record.get("earlier", {}), **record.get("outputs", {})}
        for path in outputs:
            ours = record.get("state") == "writing" or written.get(path.name)
            if path.exists() and not (ours is True or ours == _facts(path)):
                raise BadInput(
                    "a file of this name is there already and was not written by this program, or was changed since.",
                    hint="Move it away, or choose another output folder.",
                    path=path,
                )

    def begin(self, name: str, outputs: Sequence[Path]) -> None:
        """Announce that these outputs are about to be written. Raises BadInput, see `refuse_foreign`."""
        self.refuse_foreign(name, outputs)
        write_json(self._path(name), {**(self._read(name) or {}), "v": VERSION, "state": "writing"})

    def finish(self, name: str, paths: Sequence[Path], outputs: Sequence[Path]) -> None:
        """Record that the outputs are written.

        Others of this scan that were written before stay known as ours: as up to date when the same model made
        them from the same scan, else as `earlier` ones, which may be replaced.
        """
        old = self._read(name) or {}
        inputs = [_facts(path) for path in paths]
        same = old.get("model") == self._model_digest and old.get("inputs") == inputs
        current, earlier = old.get("outputs", {}), old.get("earlier", {})
        new = {path.name: _facts(path) for path in outputs}
        kept = {**current, **new} if same else new
        content = {
            "v": VERSION,
            "state": "done",
            "model": self._model_digest,
            "inputs": inputs,
            "outputs": kept,
            "earlier": {key: facts for key, facts in {**earlier, **current}.items() if key not in kept},
        }
        write_json(self._path(name), content)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self._path(name)
        if not path.exists():
            return None
        try:
            record = read_json(path)
        except BadInput:
            return None
        return record if isinstance(record, dict) and record.get("v") == VERSION else None


def _facts(path: Path) -> list[Any]:
    """Name, size and time of a file; of a folder (a DICOM series) those of its files together."""
    if path.is_dir():
        entries = [entry.stat() for entry in path.iterdir() if entry.is_file()]
        newest = max((entry.st_mtime_ns for entry in entries), default=0)
        return [path.name, len(entries), sum(entry.st_size for entry in entries), newest]
    found = path.stat()
    return [path.name, 1, found.st_size, found.st_mtime_ns]
