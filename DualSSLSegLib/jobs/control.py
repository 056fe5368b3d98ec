"""What a run shall do: a desired state in `control.json`, idempotent, looked at by the worker between
steps."""

from __future__ import annotations

from typing import Literal, get_args

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.jobs.run_folder import RunFolder

Want = Literal["run", "pause", "stop"]
WANTS: tuple[Want, ...] = get_args(Want)


def write_want(run: RunFolder, want: Want) -> None:
    """Ask the run to go on, pause or stop. Raises BadInput for another word."""
    if want not in WANTS:
        raise BadInput(f"unknown wish {want!r} for a run.", hint=f"Known: {', '.join(WANTS)}.")
    write_json(run.control_path, {"want": want})


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
