"""A rank run, for a study without labels: which scans to label first, so that they stand for all the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.read import read_image
from DualSSLSegLib.imaging.resample import as_closest_ras, to_working
from DualSSLSegLib.ranking.cold_start import choose, features
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.inputs import cases_of
from DualSSLSegLib.worker.scores_file import write_scores
from DualSSLSegLib.worker.session import Session

SUGGESTIONS = 10


def work(session: Session) -> dict[str, Any]:
    """Look at every scan of the list and write scores.json. Returns the fields of `finished`.

    Raises BadInput when not a single scan can be read.
    """
    cases = cases_of(session)
    bad = BadScans(session)
    vectors: dict[str, np.ndarray] = {}
    session.phase("rank", total=len(cases))
    for done, case in enumerate(cases, 1):
        session.check()
        try:
            volume = read_image(case.paths, case.id)
            spacing = as_closest_ras(volume.grid).spacing_mm
            image, _ = to_working(volume.array, volume.grid, spacing, label=False)
            vectors[case.id] = features(image, spacing)
        except BadInput as error:
            bad.add(case, error)
        session.report("progress", step=done, total=len(cases))
    if not vectors:
        raise BadInput(
            f"none of the {len(cases)} scans can be read.",
            hint="Look at the warnings of this run for the reason of each.",
        )
    suggestions = choose(
        vectors, int(session.spec.get("suggestions", SUGGESTIONS)), int(session.spec.get("seed", 0))
    )
    write_scores(session, 0, [one.to_dict() for one in suggestions], [], bad)
    return {"looked_at": len(vectors), "unusable": sorted(bad.reasons)}
