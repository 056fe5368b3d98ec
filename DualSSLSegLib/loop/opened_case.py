"""Everything that is needed to show a case for labelling: scan, label to go on from, and what is to be said."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.draft_facts import DraftFacts, read_draft_facts
from DualSSLSegLib.study.model import Structure

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from DualSSLSegLib.imaging.geometry import Grid, Volume

DRAFT, REVISION, PREDICTION, EMPTY, RESULT = "draft", "revision", "prediction", "empty", "result"


@dataclass(frozen=True, eq=False)
class OpenedCase:
    """A case as it is shown: `volume` (C, X, Y, Z), `label` (X, Y, Z) uint8 with the study's values, or None.

    `source`: where the label comes from: "draft", "revision", "prediction", "empty", or "result" for a scan that
    belongs to no study. `run` is the run of the prediction that the label began as. `note`: what the user should know.
    `image_digest`: of the image as it was read. `paths`: the files and series folders of the scan.
    """

    id: str
    volume: Volume
    label: np.ndarray | None
    source: str
    structures: tuple[Structure, ...]
    note: str = ""
    run: str | None = None
    began_as: np.ndarray | None = field(default=None, repr=False)
    image_digest: str | None = None
    paths: tuple[Path, ...] = ()

    @property
    def grid(self) -> Grid:
        return self.volume.grid


def open_case(controller: Controller, case_id: str, *, correct_prediction: bool = False) -> OpenedCase:
    """Read a case and the label to go on from: its draft, else (with `correct_prediction`) the newest prediction, else
    the newest revision, else nothing.

    A label or draft that does not belong to the image as it is now is left where it is (a draft is put aside) and
    named in `note`. Slow: for the background. Raises BadInput when the scan cannot be read, when its draft
    can be neither read nor put aside, which another one would replace, and for `correct_prediction` without one.
    """
    from DualSSLSegLib.imaging.read import read_image

    study = controller.study
    case = study.case(case_id)
    try:
        volume = read_image(case.paths, case.id)
    except BadInput as error:
        if _drive_error(error) is None:  # the content, not the drive: "next" passes it over
            study.refuse(case, f"{error.message} {error.hint}".strip())
        raise
    digest = study.image_digest(case)
    empty = OpenedCase(case.id, volume, None, EMPTY, study.structures, image_digest=digest, paths=case.paths)
    found, notes = _draft(controller, empty)
    if found is None and correct_prediction:
        found = with_prediction(controller, empty)
    elif found is not None and correct_prediction:
        notes.append(
            "It goes on from the unfinished work on this case; discard that to begin from the prediction."
        )
    if found is None:
        found, words = _revision(controller, empty)
        notes += words
    found = found or empty
    return replace(found, note=" ".join(notes))


def check_image(controller: Controller, opened: OpenedCase) -> None:
    """Raise BadInput when the image of a case is another one than when it was opened."""
    if opened.image_digest is not None and controller.study.image_digest(opened.id) != opened.image_digest:
        raise BadInput(
            f"the image of {opened.id} has been changed since it was opened, so this label may not belong to it.",
            hint="Save the label to another place, then open the case again and look.",
            path=controller.study.case(opened.id).paths[0],
        )


def with_prediction(controller: Controller, opened: OpenedCase) -> OpenedCase:
    """The opened case with its newest prediction as the label to go on from. Raises BadInput when it has none, and
    when its scan has been replaced since it was predicted or opened."""
    prediction = controller.present_prediction(opened.id)
    check_image(controller, opened)
    structures = controller.study.structures
    label = _read(prediction.label, opened.grid, structures)
    return replace(
        opened,
        label=label,
        source=PREDICTION,
        structures=structures,
        run=prediction.run.id,
        began_as=label,
        note="",
    )


def _draft(controller: Controller, empty: OpenedCase) -> tuple[OpenedCase | None, list[str]]:
    study = controller.study
    path = study.drafts.path(empty.id)
    if path is None:
        return None, []
    try:
        facts = read_draft_facts(path)
        if facts.image_digest and facts.image_digest != empty.image_digest:
            raise BadInput("the image has been replaced since.", path=path)
        label = _read(path, empty.grid, study.structures)
    except BadInput as error:
        # What is drawn next would take the place of a draft that stays, so such a case is not opened for drawing.
        if cause := _drive_error(error):
            raise BadInput(
                f"the unfinished work on this case cannot be read now ({cause.strerror or cause}), so the case was not "
                "opened.",
                hint="Check the drive, close other programs that use this file, and open the case again.",
                path=path,
            ) from error
        misfit = f"unfinished work on this case does not fit it any more: {error.message}"
        try:
            where = f"It is kept as {study.drafts.put_aside(empty.id)}."
        except BadInput as refusal:
            if os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                raise BadInput(
                    f"{misfit} It could not be put aside, so the case was not opened: {refusal.message}",
                    hint="Close other programs that use this file, or move it away, and open the case again.",
                    path=path,
                ) from refusal
            where = f"It is still there ({path})."
        return None, [f"{misfit[0].upper()}{misfit[1:]} {where}"]
    note = "This is unfinished work; submit it when it is done."
    return replace(
        empty, label=label, source=DRAFT, run=facts.run, began_as=_began_as(controller, empty, facts)
    ), [note]


def _drive_error(error: BadInput) -> OSError | None:
    """What the system said where it, not the content of the file, is why that cannot be read."""
    cause = error.__cause__
    return cause if isinstance(cause, OSError) and cause.errno is not None else None


def _began_as(controller: Controller, empty: OpenedCase, facts: DraftFacts) -> np.ndarray | None:
    """The prediction that a draft began as, if it is still there."""
    run = next((run for run in controller.runs.all() if run.id == facts.run), None)
    if run is None or not run.prediction_path(empty.id).is_file():
        return None
    try:
        return _read(run.prediction_path(empty.id), empty.grid, empty.structures)
    except BadInput:
        return None  # then the draft counts as corrected, which it is


def _revision(controller: Controller, empty: OpenedCase) -> tuple[OpenedCase | None, list[str]]:
    try:
        newest = controller.study.usable_label(empty.id)
        if newest is None:
            return None, []
        label = _read(newest.path, empty.grid, empty.structures)
    except BadInput as error:
        words = f"The label of this case is not shown: {error.message} {error.hint}".strip()
        return None, [words]
    return replace(empty, label=label, source=REVISION), []


def _read(path: Path, grid: Grid, structures: tuple[Structure, ...]) -> np.ndarray:
    from DualSSLSegLib.imaging.labels import read_label

    return read_label(path, grid, structures)
