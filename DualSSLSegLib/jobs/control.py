"""What a run shall do: a desired state in `control.json`, idempotent, looked at by the worker between
steps."""

from __future__ import annotations

from typing import Literal, get_args

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.jobs.run_folder import RunFolder

Want = Literal["run", "pause", "stop"]
WANTS: tuple[Want, ...] = get_args(Want)
_RESUMED_AFTER = "resumed_after"


def write_want(run: RunFolder, want: Want) -> None:
    """Ask the run to go on, pause or stop. Raises BadInput for another word."""
    if want not in WANTS:
        raise BadInput(f"unknown wish {want!r} for a run.", hint=f"Known: {', '.join(WANTS)}.")
    write_json(run.control_path, {**_kept(run), "want": want})


def write_resumed(run: RunFolder, after_seq: int) -> None:
    """Ask the run to go on, and note that a worker is being started after event `after_seq`.

    Readers in any process then know that the last word in the journal is out of date.
    """
    write_json(run.control_path, {"want": "run", _RESUMED_AFTER: after_seq})


def read_resumed_after(run: RunFolder) -> int | None:
    """The number of the event after which a worker was last started; None when that is not known."""
    return _kept(run).get(_RESUMED_AFTER)


def _kept(run: RunFolder) -> dict[str, int]:
    """What a new wish does not change. A damaged file keeps nothing: the new wish replaces it."""
    try:
        content = read_json(run.control_path)
    except BadInput:
        return {}
    seq = content.get(_RESUMED_AFTER) if isinstance(content, dict) else None
    return {_RESUMED_AFTER: seq} if isinstance(seq, int) else {}


def read_want(run: RunFolder) -> Want:
    """The desired state; `run` when nothing was ever asked. Raises ProtocolError when the file says
    something else."""
    if not run.control_path.exists():
        return "run"
    try:
        content = read_json(run.control_path)
    except BadInput as error:
        raise ProtocolError(error.message, path=run.control_path) from error
    want = content.get("want") if isinstance(content, dict) else None
    for known in WANTS:
        if want == known:
            return known
    raise ProtocolError(
        f"this file should say one of {', '.join(WANTS)} in 'want', it says {want!r}.", path=run.control_path
    )
