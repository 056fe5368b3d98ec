"""The run folder: where a run's request, journal and results lie. File names are written here and nowhere
else."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import move_folder, read_json, write_json
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.jobs.moved_study import rebased, study_of

SCHEMA = 1
_SECOND = "%Y%m%dT%H%M%S"
DEVICES = ("auto", "cpu", "cuda")
"""What a request may say about where to compute; "auto" is a graphics card when there is one."""
KINDS = ("train", "predict", "segment", "evaluate", "rank")


class RunFolder:
    """One run: `spec.json`, `inputs.json`, `control.json` from the asking side, all else from its worker
    alone.

    The paths are properties; nothing is read before it is asked for. `path` is absolute.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunFolder) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def spec_path(self) -> Path:
        return self.path / "spec.json"

    @property
    def inputs_path(self) -> Path:
        return self.path / "inputs.json"

    @property
    def control_path(self) -> Path:
        return self.path / "control.json"

    @property
    def events_path(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def console_path(self) -> Path:
        return self.path / "console.log"

    @property
    def lock_path(self) -> Path:
        return self.path / "worker.lock"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model_path(self) -> Path:
        """The networks a finished or stopped training leaves behind."""
        return self.checkpoints / "model.pt"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions"

    @property
    def scores_path(self) -> Path:
        return self.path / "scores.json"

    @property
    def plan_path(self) -> Path:
        """What the first attempt planned; later attempts do the same."""
        return self.checkpoints / "plan.json"

    @property
    def evaluation_path(self) -> Path:
        return self.path / "evaluation.json"

    def prediction_path(self, case: str) -> Path:
        """The predicted label map on the scan's own grid."""
        return self.predictions / f"{case}.nii.gz"

    def uncertainty_path(self, case: str) -> Path:
        return self.predictions / f"{case}_uncertainty.nii.gz"

    def disagreement_path(self, case: str) -> Path:
        return self.predictions / f"{case}_disagreement.nii.gz"

    def prediction_facts_path(self, case: str) -> Path:
        """Score, hot spots, grid, model; written last, it says that the case is done."""
        return self.predictions / f"{case}.json"

    def spec(self) -> dict[str, Any]:
        """The request. What lay in the study then is named by its place in the study now, which may have been moved.
        Raises BadInput when this is no run folder, ProtocolError when a newer version wrote it."""
        spec = self._read(self.spec_path)
        return self._at_its_place(spec, spec)

    def inputs(self) -> dict[str, Any]:
        """The frozen list of cases. Paths and errors as those of `spec`."""
        return self._at_its_place(self._read(self.inputs_path), self._read(self.spec_path))

    def _at_its_place(self, content: dict[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
        before, now = spec.get("study"), study_of(self.path)
        if not isinstance(before, str) or now is None or before == str(now):
            return content
        return rebased(content, before, now)

    def _read(self, path: Path) -> dict[str, Any]:
        if not path.is_file():
            raise BadInput(
                f"this is not a run folder, it has no {path.name}.",
                hint="Name a folder below .dualsslseg/runs of a study.",
                path=self.path,
            )
        content = read_json(path)
        if not isinstance(content, dict) or not isinstance(content.get("v"), int):
            raise ProtocolError("this file has no schema version 'v'.", path=path)
        if content["v"] > SCHEMA:
            raise ProtocolError(
                f"this run was asked for by a newer version (schema {content['v']}, known: {SCHEMA}).",
                hint="Update the extension.",
                path=path,
            )
        return content

    @classmethod
    def create(
        cls,
        runs_dir: str | Path,
        spec: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        now: float | None = None,
    ) -> RunFolder:
        """Make a run folder that a reader sees whole or not at all; `v` is added to both files.

        The id is the UTC time, the kind and a short random part, so ids sort by age: the time is later than that
        of every run there is, also when the clock went back since.
        Raises BadInput for an unknown kind.
        """
        kind = spec.get("kind")
        if kind not in KINDS:
            raise BadInput(f"unknown kind of run {kind!r}.", hint=f"Known kinds: {', '.join(KINDS)}.")
        runs_dir = Path(runs_dir).absolute()
        runs_dir.mkdir(parents=True, exist_ok=True)
        run = cls(runs_dir / f"{_stamp(runs_dir, now)}-{kind}-{secrets.token_hex(2)}")
        draft = cls(runs_dir / f".new-{secrets.token_hex(6)}")
        try:
            draft.path.mkdir()
            write_json(draft.inputs_path, {"v": SCHEMA, **inputs})
            write_json(draft.control_path, {"want": "run"})
            write_json(draft.spec_path, {"v": SCHEMA, **spec})
            move_folder(draft.path, run.path)
        except BaseException:
            shutil.rmtree(draft.path, ignore_errors=True)
            raise
        return run


def _stamp(runs_dir: Path, now: float | None) -> str:
    """The time now (given in seconds since 1970 for tests) in UTC and milliseconds, or just after the newest run."""
    moment = datetime.now(UTC) if now is None else datetime.fromtimestamp(now, UTC)
    for path in runs_dir.iterdir():
        try:
            made = datetime.strptime(f"{path.name.split('Z-')[0]}+0000", f"{_SECOND}%f%z")
        except ValueError:  # no run of ours
            continue
        moment = max(moment, made + timedelta(milliseconds=1))
    return f"{moment.strftime(_SECOND)}{moment.microsecond // 1000:03d}Z"


def list_runs(runs_dir: str | Path) -> list[RunFolder]:
    """All runs, oldest first. A missing folder has none; drafts of a creation under way are not shown."""
    runs_dir = Path(runs_dir)
    if not runs_dir.is_dir():
        return []
    found = [RunFolder(path) for path in runs_dir.iterdir() if not path.name.startswith(".")]
    return sorted((run for run in found if run.spec_path.is_file()), key=lambda run: run.id)
