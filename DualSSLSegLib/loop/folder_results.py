"""How far the segmentation of a folder has come, scan by scan, and one result to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import RESULT_SUFFIXES, channel_of
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.opened_case import RESULT, OpenedCase
from DualSSLSegLib.study.model import HIGHEST_VALUE, LabelTable, Structure

WAITING, DONE, SKIPPED, FAILED = "waiting", "done", "skipped", "failed"


@dataclass(frozen=True)
class FolderRow:
    """One scan: waiting, done, skipped (done by an earlier run) or failed, with the reason as `detail`."""

    name: str
    state: str
    detail: str = ""


class FolderResults:
    """Follows a segment run. `look` is for the background and cheap to ask again and again."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._reader = EventReader(run.events_path)
        self._rows: dict[str, FolderRow] | None = None

    def look(self) -> list[FolderRow]:
        """All scans in the order of the run. Raises BadInput or ProtocolError for a damaged run folder."""
        if self._rows is None:
            inputs = self.run.inputs()
            listed = [FolderRow(str(row["id"]), WAITING) for row in inputs["cases"]]
            refused = [FolderRow(str(name), FAILED, str(why)) for name, why in inputs.get("refused", ())]
            self._rows = {row.name: row for row in (*listed, *refused)}
        for event in self._reader.read():
            self._take(self._rows, event)
        return list(self._rows.values())

    @staticmethod
    def _take(rows: dict[str, FolderRow], event: dict[str, Any]) -> None:
        name, kind = event.get("case"), event.get("type")
        if not isinstance(name, str):
            return
        if name not in rows:  # several channels: files <name>_0000, <name>_0001, ... are one scan
            for other in [
                other for other in rows if (part := channel_of(other)) is not None and part[0] == name
            ]:
                del rows[other]
            rows[name] = FolderRow(name, WAITING)
        if kind == "predicted":
            rows[name] = FolderRow(name, DONE)
        elif kind == "skipped":
            rows[name] = FolderRow(name, SKIPPED, "It was done before.")
        elif kind == "warning" and event.get("code") == "bad_scan":
            rows[name] = FolderRow(name, FAILED, str(event.get("text", "")))


def open_result(run: RunFolder, name: str) -> OpenedCase:
    """A scan of a segment run with its result. Slow: for the background. Raises BadInput when one of them is gone."""
    from DualSSLSegLib.imaging.labels import present_values, read_label
    from DualSSLSegLib.imaging.read import read_image

    paths = _paths(run, name)
    result = Path(run.spec()["output"]) / f"{name}{run.spec().get('format', RESULT_SUFFIXES[0])}"
    if not result.is_file():
        raise BadInput("this result is not there.", hint="Segment the folder again.", path=result)
    volume = read_image(paths, name)
    table = model_structures(run)
    label = read_label(result, volume.grid, _every_value(table))
    present = present_values(label)
    structures = tuple(row for row in _every_value(table) if row.value in present)
    note = f"The result of segmenting a folder: {result}. It belongs to no study."
    return OpenedCase(name, volume, label, RESULT, structures, note=note, paths=tuple(paths))


def _paths(run: RunFolder, name: str) -> list[Path]:
    rows = {str(row["id"]): [Path(path) for path in row["paths"]] for row in run.inputs()["cases"]}
    if name in rows:
        return rows[name]
    parts = sorted(
        (part[1], rows[row][0]) for row in rows if (part := channel_of(row)) is not None and part[0] == name
    )
    if not parts:
        raise BadInput(f"this run has no scan {name!r}.", path=run.path)
    return [path for _, path in parts]


def scans_of(run: RunFolder) -> list[Path]:
    """Files and series folders of all scans of a segment run. Raises BadInput when its folder is damaged or gone."""
    return [Path(path) for row in run.inputs()["cases"] for path in row["paths"]]


def model_structures(run: RunFolder) -> tuple[Structure, ...]:
    """The structures of the model of a segment run, as its worker told them; none when it has not got so far."""
    told = [event for event in EventReader(run.events_path).read() if event.get("type") == "model"]
    table = LabelTable((), 1)
    try:
        for item in told[-1]["structures"] if told else ():
            table = table.added(
                item["name"], value=item["value"], color=item["color"], codes=item.get("codes")
            )
    except (BadInput, KeyError, TypeError):
        return ()
    return table.structures


def _every_value(structures: tuple[Structure, ...]) -> tuple[Structure, ...]:
    """The structures, and a plain name for every other value that a label map can hold."""
    table = LabelTable(structures, HIGHEST_VALUE)
    taken = {structure.value for structure in structures}
    for value in range(1, HIGHEST_VALUE + 1):
        if value not in taken:
            table = table.added(f"structure {value}", value=value)
    return table.structures
