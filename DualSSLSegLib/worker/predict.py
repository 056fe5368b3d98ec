"""A predict run: an existing model on the scans of a study, without training."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from DualSSLSegLib.worker.label_table import LabelStructure, structures_from
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
    of_model = matched(model.structures, table, own=bool(session.spec.get("own_model", False)), path=path)
    missing = [row.name for row in table if row not in of_model]
    if missing:
        session.warn(
            "structures_unknown",
            f"The model does not know {', '.join(missing)}: this is not predicted. Train to add it.",
        )
    # Whatever is written from here on has the names and values of the study.
    model = replace(model, structures=[row.to_dict() for row in of_model])
    cache = VolumeCache(Path(session.spec["cache"]), model.plan.working_spacing_mm, intensity)
    prepared = prepare_scans(session, cases, cache, table, bad, labels_required=False)
    predictor = Predictor.of(session, model, device, free_memory_bytes())
    found = predict_all(session, predictor, cases, prepared, table, bad)
    rank_all(session, cases, found, bad)
    return {"predicted": len(found.scores), "unusable": sorted(bad.reasons)}


def matched(
    rows: Sequence[Mapping[str, Any]], study: Sequence[LabelStructure], *, own: bool, path: Path
) -> tuple[LabelStructure, ...]:
    """The structure of the study that each class of a model stands for, in the order of the classes.

    In a model of the study's own (`own`) a value always means the same structure, whatever it is called by now.
    Values of any other model say nothing here, so its structures are found by name, whatever their capitals.
    Raises BadInput that lists both sides when the study lacks a structure of the model.
    """
    if own:
        known = {str(row.value): row for row in study}
        wanted = [str(row["value"]) for row in rows]
    else:
        known = {_folded(row.name): row for row in study}
        wanted = [_folded(row["name"]) for row in rows]
    missing = [row["name"] for row, key in zip(rows, wanted, strict=True) if key not in known]
    if missing:
        raise BadInput(
            f"this model segments {', '.join(row['name'] for row in rows)}, the study knows "
            f"{', '.join(row.name for row in study)}: {', '.join(missing)} would have no place in it.",
            hint="Give the study's structures the names of the model's (`dualsslseg init STUDY --rename OLD=NEW`, "
            "or `--labels` for new ones), or use another model.",
            path=path,
        )
    return tuple(known[key] for key in wanted)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()
