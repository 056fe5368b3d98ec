"""scores.json: the queue of a run, whoever ranked it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.session import Session

VERSION = 1


def write_scores(
    session: Session,
    labelled: int,
    suggestions: Sequence[Mapping[str, Any]],
    shadow: Sequence[str],
    bad: BadScans,
) -> None:
    """Write the queue: `suggestions` with case, score, reason and values, first to review first; `shadow`, what a
    random choice would have been; how many scans were `labelled`; and the scans that could not be used."""
    content = {
        "v": VERSION,
        "kind": session.spec["kind"],
        "run": session.run.id,
        "made": round(time.time(), 3),
        "labelled": labelled,
        "suggestions": [dict(row) for row in suggestions],
        "shadow": list(shadow),
        "unusable": bad.reasons,
    }
    write_json(session.run.scores_path, content)
