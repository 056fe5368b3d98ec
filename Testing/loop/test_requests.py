"""What a training is asked for: by default it goes on from the newest one, with the same networks."""

from __future__ import annotations

import pytest
from support.predictions import predicted_run
from support.studies import label_of, tiny_study

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.loop.requests import training_request
from DualSSLSegLib.study.folder import StudyFolder


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    return tiny_study(tmp_path / "s")


@pytest.mark.parametrize(
    "before, kept",
    [
        ({"residual_network": "resvnet"}, "resvnet"),
        ({"residual_network": "short_resvnet"}, "short_resvnet"),
        ({}, "resvnet"),  # of a version without the choice
        (None, "resvnet"),
    ],
)
def test_a_training_goes_on_with_the_residual_network_of_the_one_before(study, before, kept):
    assert training_request(study, [])["options"]["residual_network"] == "short_resvnet"
    run = predicted_run(study, {"a": label_of(1)})
    write_json(run.spec_path, {**read_json(run.spec_path), "options": before})
    asked = training_request(study, [run])
    assert (asked["parent"], asked["options"]["residual_network"]) == (str(run.path), kept)
    other = {"residual_network": "short_resvnet"}
    assert training_request(study, [run], options=other)["options"]["residual_network"] == "short_resvnet"
    fresh = training_request(study, [run], from_scratch=True)
    assert (fresh["parent"], fresh["options"]["residual_network"]) == (None, "short_resvnet")
