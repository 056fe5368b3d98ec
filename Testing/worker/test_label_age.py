"""A label that was made before a structure was added reaches the trainer and the ranking with that knowledge."""

from __future__ import annotations

import pytest
from support.tiny_runs import tiny_inputs, tiny_run
from support.tiny_scans import STRUCTURES

from DualSSLSegLib.imaging.intensity import IntensityPlan
from DualSSLSegLib.jobs.journal import EventWriter
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.cache import VolumeCache
from DualSSLSegLib.worker.inputs import cases_of
from DualSSLSegLib.worker.label_table import structures_from
from DualSSLSegLib.worker.prediction_round import labelled_volumes
from DualSSLSegLib.worker.preparation import prepare_scans
from DualSSLSegLib.worker.session import Session


@pytest.mark.parametrize(("known", "unknown"), [([1], (2,)), ([1, 5], ()), ([], ()), (None, ())])
def test_trainer_and_ranking_hear_which_structures_a_label_is_older_than(tmp_path, known, unknown):
    cases = tiny_inputs(tmp_path, labelled=1, unlabelled=1)
    if known is not None:
        cases[0]["label"]["known_values"] = known
    run = tiny_run(tmp_path, cases)
    writer = EventWriter(run.events_path)
    session = Session(run, writer)
    channel = {"mode": "mr", "low": 0.0, "high": 0.0, "mean": 0.0, "std": 1.0}
    intensity = IntensityPlan.from_dict({"channels": [channel], "explanation": ""})
    cache = VolumeCache(tmp_path / "cache", (1.0, 1.0, 1.25), intensity)
    inputs = cases_of(session)
    prepared = prepare_scans(session, inputs, cache, structures_from(STRUCTURES), BadScans(session))
    (labelled,) = prepared.training_cases(inputs[:1], with_label=True)
    (image_only,) = prepared.training_cases(inputs[:1], with_label=False)
    writer.close()
    assert labelled.unknown == unknown
    assert image_only.unknown == ()
    volumes = labelled_volumes(inputs, prepared, structures_from(STRUCTURES))
    assert volumes is not None and volumes.cases("ball") == 1
    assert volumes.cases("block") == (0 if unknown else 1)  # a label says nothing of what came after it
