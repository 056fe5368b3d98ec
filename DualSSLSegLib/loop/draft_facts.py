"""What a draft began as: a small file beside it, so that a label corrected over two sittings still says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import stem_of
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.layout import LABEL_SUFFIX
from DualSSLSegLib.study.writing import require_study, writing

if TYPE_CHECKING:
    import numpy as np

    from DualSSLSegLib.imaging.geometry import Grid


@dataclass(frozen=True)
class DraftFacts:
    """`run`: of the prediction it began as; `image_digest`: of the image it was drawn on. None where not known."""

    run: str | None = None
    image_digest: str | None = None


def save_draft(
    study: StudyFolder,
    case: str,
    label: np.ndarray,
    grid: Grid,
    *,
    run: str | None = None,
    image_digest: str | None = None,
) -> Path:
    """Keep `label` (X, Y, Z) uint8 as the draft of a case, drawn on the image of that digest (the one that lies there
    when not given). Raises BadInput when it cannot be written, OSError when the drive does not tell."""
    from DualSSLSegLib.imaging.write import write_label

    def write(path: Path) -> None:
        write_label(path, label, grid)

    require_study(study.layout.study_json)
    facts = _facts_path(study.drafts.save(case, write, suffix=LABEL_SUFFIX))
    with writing(facts):
        write_json(facts, {"v": 1, "run": run, "image_digest": image_digest or _digest(study, case)})
    return study.drafts.path(case) or facts


def read_draft_facts(draft: Path) -> DraftFacts:
    """The facts beside a draft; empty ones when there are none. Raises BadInput when they are damaged."""
    path = _facts_path(draft)
    if not path.is_file():
        return DraftFacts()
    content = read_json(path)
    if not isinstance(content, dict):
        raise BadInput("this file is damaged.", hint="Delete it; the draft beside it stays.", path=path)
    return DraftFacts(content.get("run"), content.get("image_digest"))


def _facts_path(draft: Path) -> Path:
    return draft.with_name(f"{stem_of(draft)}.json")


def _digest(study: StudyFolder, case: str) -> str | None:
    try:
        return study.image_digest(case)
    except (BadInput, OSError):
        return None  # the scan is out of reach just now; the draft is what counts
