"""What a training run decides once from its data: working spacing, patch, intensities. Kept for later attempts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.intensity import IntensityPlan, plan_intensity
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.read import read_grid, read_image
from DualSSLSegLib.imaging.resample import as_closest_ras
from DualSSLSegLib.training.model_file import Model
from DualSSLSegLib.training.plan import CaseSize, TrainingPlan, crops_for, make_plan, precision_for
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.inputs import InputCase, with_role
from DualSSLSegLib.worker.label_table import LabelStructure
from DualSSLSegLib.worker.session import Session

_SAMPLED_SCANS = 32  # enough to tell CT from MR and to find robust limits
_SAMPLED_LABELLED = 16


@dataclass(frozen=True)
class RunPlan:
    """The training plan and the intensity plan of a run."""

    training: TrainingPlan
    intensity: IntensityPlan


def plan_run(
    session: Session,
    cases: Sequence[InputCase],
    structures: Sequence[LabelStructure],
    parent: Model | None,
    device: str,
    free_memory_bytes: int,
    bad: BadScans,
    optimiser: str,
) -> RunPlan:
    """The plan of this run: that of an earlier attempt, else the parent's, else made from the scans.

    Scans whose headers cannot be read are added to `bad`. Raises BadInput when a labelled one is among them.
    """
    kept = _kept(session, device)
    if kept is not None:
        return kept
    grids = _grids(session, cases, bad)
    _refuse_bad_labelled(session, cases, structures, bad)
    channels, classes = int(session.spec["channels"]), len(structures) + 1
    if parent is None:
        training = make_plan(
            [size_on_working_axes(case.id, grids[case.id]) for case in cases if case.id in grids],
            channels=channels,
            num_classes=classes,
            device=device,
            free_memory_bytes=free_memory_bytes,
        )
        intensity = _intensity(session, cases, structures, grids, bad)
        _refuse_bad_labelled(session, cases, structures, bad)
    else:
        training = _as_before(parent, device, free_memory_bytes)
        intensity = IntensityPlan.from_dict(parent.intensity)
    training = training.learning_with(optimiser)  # not the parent's: only its weights have to fit
    plan = RunPlan(training, intensity)
    write_json(
        session.run.plan_path, {"v": 1, "training": training.to_dict(), "intensity": intensity.to_dict()}
    )
    return plan


def size_on_working_axes(case_id: str, grid: Grid) -> CaseSize:
    """Size and spacing of a scan in the axis order of the working grid (closest to R, A, S)."""
    own = as_closest_ras(grid)
    return CaseSize(id=case_id, shape=own.shape, spacing_mm=own.spacing_mm)


def _kept(session: Session, device: str) -> RunPlan | None:
    if not session.run.plan_path.exists():
        return None
    content: dict[str, Any] = read_json(session.run.plan_path)
    training = dataclasses.replace(
        TrainingPlan.from_dict(content["training"]), precision=precision_for(device)
    )
    return RunPlan(training, IntensityPlan.from_dict(content["intensity"]))


def _as_before(parent: Model, device: str, free_memory_bytes: int) -> TrainingPlan:
    """The parent's plan, so that its weights fit; smaller where this machine has less memory."""
    text = (
        "Spacing, size of the crops and channels are those of the run before, whose weights are the start; "
        "`train --from-scratch` plans anew."
    )
    crops = crops_for(device)
    plan = dataclasses.replace(
        parent.plan,
        precision=precision_for(device),
        labelled_per_step=crops,
        unlabelled_per_step=crops,
        explanation=(text,),
    )
    return plan.fitting(free_memory_bytes)


def _grids(session: Session, cases: Sequence[InputCase], bad: BadScans) -> dict[str, Grid]:
    grids = {}
    for case in cases:
        session.check()
        try:
            grids[case.id] = read_grid(case.paths[0])
        except BadInput as error:
            bad.add(case, error)
    return grids


def _intensity(
    session: Session,
    cases: Sequence[InputCase],
    structures: Sequence[LabelStructure],
    grids: dict[str, Grid],
    bad: BadScans,
) -> IntensityPlan:
    """From labelled scans, with their labels as foreground, and from others spread over the list."""
    usable = [case for case in cases if case.id in grids]
    labelled = with_role(usable, "labelled")[:_SAMPLED_LABELLED]
    others = with_role(usable, "unlabelled", "accepted")
    room = _SAMPLED_SCANS - len(labelled)
    step = max(1, -(-len(others) // room))
    foregrounds: list[np.ndarray | None] = []

    def scans() -> Iterator[np.ndarray]:
        for case in [*labelled, *others[::step]]:
            session.check()
            try:
                image = read_image(case.paths, case.id)
                label = read_label(case.label.path, image.grid, structures) if case.label else None
            except BadInput as error:
                bad.add(case, error)
                continue
            foregrounds.append(label)
            yield image.array

    def labels() -> Iterator[np.ndarray | None]:
        while foregrounds:  # one for every scan, put there just before the scan was handed over
            yield foregrounds.pop()

    try:
        return plan_intensity(scans(), labels())
    except BadInput:
        _refuse_bad_labelled(session, cases, structures, bad)
        raise


def _refuse_bad_labelled(
    session: Session, cases: Sequence[InputCase], structures: Sequence[LabelStructure], bad: BadScans
) -> None:
    """Raise BadInput when a labelled or validation case is bad; the others are read first, so that all are named."""
    with_label = with_role(cases, "labelled", "validation")
    if not any(case in bad for case in with_label):
        return
    for case in with_label:
        session.check()
        if case in bad or case.label is None:
            continue
        try:
            read_label(case.label.path, read_image(case.paths, case.id).grid, structures)
        except BadInput as error:
            bad.add(case, error)
    bad.raise_if_labelled(cases)
