"""A predict run: an existing model on the scans of a study, without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.intensity import IntensityPlan
from DualSSLSegLib.training.model_file import load_model
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.cache import VolumeCache
from DualSSLSegLib.worker.case_prediction import Predictor
from DualSSLSegLib.worker.device import choose_device
from DualSSLSegLib.worker.inputs import cases_of
from DualSSLSegLib.worker.label_table import structures_from
from DualSSLSegLib.worker.machine import free_memory_bytes
from DualSSLSegLib.worker.prediction_round import predict_all, rank_all
from DualSSLSegLib.worker.preparation import prepare_scans
from DualSSLSegLib.worker.session import Session


def work(session: Session) -> dict[str, Any]:
    """Predict and rank with the model of the spec. Returns the fields of `finished`."""
    cases = cases_of(session)
    device = choose_device(session)
    path = Path(session.spec["model"])
    model = load_model(path, device)
    if model.channels != int(session.spec["channels"]):
        raise BadInput(
            f"this model was made for {model.channels} channel(s), the study has {session.spec['channels']}.",
            hint="Use a model trained on this study.",
            path=path,
        )
    bad = BadScans(session)
    table = structures_from(session.spec["structures"])
    intensity = IntensityPlan.from_dict(model.intensity)
    cache = VolumeCache(Path(session.spec["cache"]), model.plan.working_spacing_mm, intensity)
    prepared = prepare_scans(session, cases, cache, table, bad, labels_required=False)
    predictor = Predictor.of(session, model, device, free_memory_bytes())
    found = predict_all(session, predictor, cases, prepared, table, bad)
    rank_all(session, cases, found, bad)
    return {"predicted": len(found.scores), "unusable": sorted(bad.reasons)}
