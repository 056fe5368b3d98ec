"""A training run: plan, cache, train, calibrate, predict, rank."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.errors import OutOfMemory, Stopped
from DualSSLSegLib.imaging.intensity import IntensityPlan
from DualSSLSegLib.inference.out_of_memory import in_words, is_out_of_memory
from DualSSLSegLib.methods.catalogue import DEFAULT_METHOD, options_from
from DualSSLSegLib.training.budget import Budget
from DualSSLSegLib.training.model_file import Model, load_model, save_model
from DualSSLSegLib.training.task import TrainingTask
from DualSSLSegLib.training.trainer import Trainer
from DualSSLSegLib.uncertainty.calibration import fit_temperature
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.cache import VolumeCache
from DualSSLSegLib.worker.case_prediction import Predictor, memory_limit
from DualSSLSegLib.worker.device import choose_device, free_bytes
from DualSSLSegLib.worker.inputs import InputCase, cases_of, with_role
from DualSSLSegLib.worker.label_table import LabelStructure, structures_from
from DualSSLSegLib.worker.machine import free_memory_bytes
from DualSSLSegLib.worker.models import classes_of_parent, load_parent, model_from_checkpoint
from DualSSLSegLib.worker.planning import plan_run
from DualSSLSegLib.worker.prediction_round import predict_all, rank_all
from DualSSLSegLib.worker.preparation import PreparedScans, prepare_scans
from DualSSLSegLib.worker.session import Session


def work(session: Session) -> dict[str, Any]:
    """Do a training run. Returns the fields of `finished`."""
    spec = session.spec
    structures = structures_from(spec["structures"])
    options = options_from(spec.get("method", DEFAULT_METHOD), spec.get("options") or {})
    budget = Budget(**spec["budget"])
    cases = cases_of(session)
    device = choose_device(session)
    parent = load_parent(spec, structures)
    bad = BadScans(session)
    plan = plan_run(session, cases, structures, parent, device, free_bytes(device), bad, options.optimiser)
    for sentence in (*plan.training.explanation, plan.intensity.explanation):
        print(sentence, flush=True)
    session.report("plan", **plan.training.to_dict(), intensity=plan.intensity.explanation)
    cache = VolumeCache(Path(spec["cache"]), plan.training.working_spacing_mm, plan.intensity)
    prepared = prepare_scans(session, cases, cache, structures, bad)
    model = _finished_model(session)
    if model is None:
        task = TrainingTask(
            method_id=spec.get("method", DEFAULT_METHOD),
            options=options,
            plan=plan.training,
            structure_names=[row.name for row in structures],
            channels=int(spec["channels"]),
            labelled=prepared.training_cases(with_role(cases, "labelled"), with_label=True),
            unlabelled=prepared.training_cases(unlabelled_cases(session, cases), with_label=False),
            validation=prepared.training_cases(with_role(cases, "validation"), with_label=True),
            budget=budget,
            seed=int(spec.get("seed", 0)),
            device=device,
            folder=session.run.checkpoints,
            parent=parent,
            parent_classes=classes_of_parent(structures, parent) if parent is not None else {},
            memory_limit_bytes=memory_limit(
                max(0, free_memory_bytes() - int(plan.training.estimated_bytes()))
            ),
            scratch=session.run.predictions,
        )
        model = _train(session, task, structures, plan.intensity)
        _keep_uncalibrated(session, model)
        model = _calibrated(session, model, cases, prepared, device)
        save_model(session.run.model_path, model)
    predictor = Predictor.of(session, model, device, free_memory_bytes())
    found = predict_all(session, predictor, cases, prepared, structures, bad)
    rank_all(session, cases, found, bad)
    return {
        "model": str(session.run.model_path.relative_to(session.run.path)),
        "steps": model.info["step"],
        "predicted": len(found.scores),
        "unusable": sorted(bad.reasons),
        "temperature": model.temperature,
        "calibrated": model.calibrated,
    }


def unlabelled_cases(session: Session, cases: Sequence[InputCase]) -> list[InputCase]:
    """The scans whose images may train without a label. Validation and other held-back scans only when the run is
    transductive, which every report then says."""
    roles = ["unlabelled", "accepted"]
    if session.spec.get("transductive", False):
        roles += ["validation", "predict"]
    return with_role(cases, *roles)


def _finished_model(session: Session) -> Model | None:
    """The model of an earlier attempt that had trained to the end."""
    if not session.run.model_path.exists():
        return None
    model = load_model(session.run.model_path)
    return model if model.info.get("complete") else None


def _train(
    session: Session, task: TrainingTask, structures: Sequence[LabelStructure], intensity: IntensityPlan
) -> Model:
    """Train to the end of the budget. When asked to stop, the model so far is kept before Stopped goes on."""
    info = {
        "run": session.run.id,
        "method": task.method_id,
        "options": dataclasses.asdict(task.options),
        "seed": task.seed,
        "labelled": len(task.labelled),
        "unlabelled": len(task.unlabelled),
        "validation": len(task.validation),
        "transductive": bool(session.spec.get("transductive", False)),
        "parent": session.spec.get("parent"),
    }
    trainer = Trainer(task, session.report, session.wanted, session.worked_s)

    def model(complete: bool) -> Model:
        return model_from_checkpoint(
            trainer.checkpoint_path,
            structures=structures,
            channels=task.channels,
            intensity=intensity.to_dict(),
            info={**info, "complete": complete, "made": round(time.time(), 3)},
            device=task.device,
        )

    try:
        trainer.run()
    except Stopped:
        if trainer.step > 0 and trainer.checkpoint_path.exists():
            save_model(session.run.model_path, model(complete=False))
        raise
    return model(complete=True)


def _keep_uncalibrated(session: Session, model: Model) -> None:
    """A model that can be used whatever happens while it is calibrated; a later attempt calibrates again."""
    save_model(session.run.model_path, dataclasses.replace(model, info={**model.info, "complete": False}))


def _calibrated(
    session: Session, model: Model, cases: Sequence[InputCase], prepared: PreparedScans, device: str
) -> Model:
    """The model with its temperature, fitted on the validation cases once there are labelled cases enough."""
    held_back = [
        case
        for case in with_role(cases, "validation")
        if case.id in prepared.images and not prepared.unknown.get(case.id)
    ]
    session.phase("calibrate", total=len(held_back))
    predictor = Predictor.of(session, model, device, free_memory_bytes())
    predicted: list[InputCase] = []

    def probabilities() -> Iterator[np.ndarray]:
        for done, case in enumerate(held_back):
            session.check()
            try:
                prediction = predictor.predict(prepared.images[case.id].image)
            except (OutOfMemory, MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                text = f"Case {case.id} is left out of the calibration: {in_words(error)}"
                session.warn("out_of_memory", text, case=case.id)
                continue
            predicted.append(case)
            try:
                yield prediction.probabilities
            finally:
                prediction.discard()
            session.report("progress", step=done + 1, total=len(held_back))

    def labels() -> Iterator[np.ndarray]:
        while predicted:  # one for every case, put there just before its probabilities were handed over
            yield np.asarray(prepared.labels[predicted.pop().id])

    found = fit_temperature(
        probabilities(),
        labels(),
        labelled_cases=len(with_role(cases, "labelled", "validation")),
        seed=int(session.spec.get("seed", 0)),
    )
    print(found.explanation, flush=True)
    session.report("calibrated", **found.to_dict())
    return dataclasses.replace(model, temperature=found.temperature, calibrated=found.calibrated)
